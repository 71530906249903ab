//! The flags of what previews look up in the cluster.

use clap::Args;

use crate::server::PreviewConfig;

/// What previews look up in the cluster, besides companions and Namespaces.
#[derive(Debug, Args)]
pub(super) struct PreviewFlags {
    /// When a companion is applied, report which existing workloads it would change or deny; needs --cluster and the rights to list
    /// them and to create SubjectAccessReviews. Workloads are named only with --client-ca; otherwise they are only counted, at most once
    /// in 10 s
    #[arg(long, env = "PODGRAFT_PREVIEW_EXISTING_WORKLOADS", requires = "cluster")]
    preview_existing_workloads: bool,
    /// When a workload is applied, report ResourceQuotas, LimitRanges and HorizontalPodAutoscalers that its companions break; needs
    /// --cluster and the rights to list them
    #[arg(long, env = "PODGRAFT_PREVIEW_NAMESPACE_LIMITS", requires = "cluster")]
    preview_namespace_limits: bool,
}

impl PreviewFlags {
    pub(super) fn config(&self) -> PreviewConfig {
        PreviewConfig { workloads: self.preview_existing_workloads, namespaces: self.preview_namespace_limits }
    }
}
