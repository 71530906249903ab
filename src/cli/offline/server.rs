//! The review of one workload, as the webhook would do it.

use super::reviewed::Reviewed;
use super::unreadable::unreadable;
use crate::inject;
use crate::inject::Request;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::Verdict;
use crate::source::files::places::CompanionPlaces;
use crate::source::files::report::ManifestRemark;
use crate::workload::Workload;

/// Where the companions and Namespaces of a review are from, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Origin {
    Manifests,
    Cluster,
}

/// The companions and Namespaces of a review, and the namespace of workloads that have none.
#[derive(Debug)]
pub(in crate::cli) struct OfflineServer {
    pub(in crate::cli) snapshot: Snapshot,
    /// Where the companions are declared, for messages.
    pub(in crate::cli) places: CompanionPlaces,
    pub(in crate::cli) default_namespace: Box<str>,
    pub(in crate::cli) origin: Origin,
}

impl OfflineServer {
    /// The namespace of a workload, else the default namespace.
    pub(in crate::cli) fn namespace<'a>(&'a self, workload: &Workload<'a>) -> &'a str {
        workload.namespace().unwrap_or(&self.default_namespace)
    }

    /// Reviews the Pods that are created from a workload as the webhook would, and calls `then` with the verdict, or with a remark
    /// if the Pod cannot be read.
    pub(in crate::cli) fn review<R>(
        &self,
        found: &Reviewed<'_>,
        then: impl FnOnce(Result<&Verdict<'_>, ManifestRemark>) -> R,
    ) -> R {
        let workload = found.workload;
        let created = workload.created();
        let pod = match created.pod() {
            Ok(pod) => pod,
            Err(error) => return then(Err(unreadable(found, &error))),
        };
        let request = Request { pod, namespace: self.namespace(workload), webhook: None, requester: "" };
        then(Ok(&inject::review(&request, &self.snapshot)))
    }
}
