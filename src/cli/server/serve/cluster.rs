//! The flags of the cluster that a server belongs to.

use clap::Args;

use crate::server::ClusterConfig;

/// The cluster, and the server's own names in it.
#[derive(Debug, Args)]
pub(super) struct ClusterFlags {
    /// Watch companions and Namespaces in the cluster that KUBECONFIG names, or in the cluster that this process runs in
    #[arg(id = "cluster", long = "cluster", env = "PODGRAFT_CLUSTER")]
    watched: bool,
    /// Name of this installation: of its Service, and the prefix of its webhook configurations and policies
    #[arg(long, value_name = "NAME", env = "PODGRAFT_NAME", default_value = "podgraft")]
    pub(super) name: String,
    /// Namespace of podgraft, whose Pods are never changed
    #[arg(long, value_name = "NAME", env = "POD_NAMESPACE")]
    pub(super) namespace: Option<String>,
    /// Namespaces that the webhooks leave out, so that the policies of required companions and the preview of existing workloads
    /// leave them out as well; besides kube-system, kube-public, kube-node-lease and podgraft's own
    #[arg(
        long = "excluded-namespace",
        value_name = "NAME",
        env = "PODGRAFT_EXCLUDED_NAMESPACES",
        value_delimiter = ','
    )]
    excluded_namespaces: Vec<String>,
}

impl ClusterFlags {
    pub(super) fn config(self) -> ClusterConfig {
        ClusterConfig {
            watched: self.watched,
            name: self.name,
            namespace: self.namespace,
            excluded_namespaces: self.excluded_namespaces,
        }
    }
}
