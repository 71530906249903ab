//! Explains the workloads of manifests, or of a cluster.

use serde_json::Value;

use super::called::Called;
use super::facts;
use super::page::Explained;
use crate::cli::input::ManifestInput;
use crate::cli::live::Webhooks;
use crate::cli::offline;
use crate::cli::offline::{OfflineServer, Reviewed};
use crate::cli::stderr;
use crate::inject::verdict::Decision;
use crate::workload;
use crate::workload::Workload;

/// What all workloads are explained with.
pub(super) struct Explainer<'a> {
    pub(super) server: &'a OfflineServer,
    /// The webhooks of the cluster; `None` for manifests.
    pub(super) webhooks: Option<&'a Webhooks>,
    /// The companion that is asked about.
    pub(super) why_not: Option<&'a str>,
}

impl Explainer<'_> {
    /// Explains the workloads of a file, or of an object of a cluster. Returns whether any is denied.
    pub(super) fn file(&self, input: &ManifestInput, pages: &mut Vec<Value>) -> bool {
        let mut failed = false;
        for document in &input.documents {
            offline::misplaced(&input.path, document).iter().for_each(stderr::remark);
            for workload in &document.value.iter().flat_map(workload::workloads).collect::<Vec<_>>() {
                let found = Reviewed { path: &input.path, document, workload };
                offline::unreadable_status(&found).iter().for_each(stderr::remark);
                failed |= self.workload(&found, pages);
            }
        }
        failed
    }

    fn workload(&self, found: &Reviewed<'_>, pages: &mut Vec<Value>) -> bool {
        let Explainer { server, webhooks, why_not } = *self;
        server.review(found, |verdict| match verdict {
            Ok(verdict) => {
                let called = webhooks.and_then(|webhooks| Called::new(webhooks, server, found));
                pages.push(facts::of(&Explained { server, found, verdict, called }, why_not));
                matches!(verdict.decision, Decision::Deny | Decision::Unavailable)
            }
            Err(unreadable) => {
                stderr::remark(&unreadable);
                pages.push(facts::unreadable(found, server, &unreadable));
                true
            }
        })
    }
}

/// The namespaces that the workloads of some files name.
pub(super) fn namespaces(inputs: &[ManifestInput]) -> Vec<Box<str>> {
    let values = inputs.iter().flat_map(|input| &input.documents).filter_map(|document| document.value.as_ref());
    let workloads = values.flat_map(workload::workloads);
    workloads.filter_map(|workload: Workload<'_>| workload.namespace().map(Box::from)).collect()
}
