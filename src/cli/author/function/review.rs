//! The review of the items of a ResourceList.

use std::path::Path;

use serde_json::Value;

use super::results;
use crate::cli::offline;
use crate::cli::offline::{OfflineServer, Reviewed};
use crate::cli::stderr;
use crate::inject::verdict::{Decision, Effect, Finding, Verdict};
use crate::manifest::Document;
use crate::source::files::report::{ManifestRemark, Severity};
use crate::workload;

/// Reviews items, and collects what the function writes.
pub(super) struct ItemReview<'a> {
    server: &'a OfflineServer,
    document: &'a Document,
    /// JSON patch operations on the list.
    pub(super) operations: Vec<Value>,
    /// The `results` of the function.
    pub(super) results: Vec<Value>,
    /// Whether any Pod is denied.
    pub(super) denied: bool,
}

impl<'a> ItemReview<'a> {
    pub(super) fn new(server: &'a OfflineServer, document: &'a Document, results: Vec<Value>) -> Self {
        ItemReview { server, document, operations: Vec::new(), results, denied: false }
    }

    /// Reviews all items of the list.
    pub(super) fn items(&mut self, list: &Value) -> anyhow::Result<()> {
        let (server, document) = (self.server, self.document);
        for workload in &workload::workloads(list) {
            let found = Reviewed { path: Path::new("-"), document, workload };
            server.review(&found, |verdict| match verdict {
                Ok(verdict) => self.verdict(&found, verdict),
                Err(remark) => {
                    self.unreadable(&found, &remark);
                    Ok(())
                }
            })?;
        }
        Ok(())
    }

    fn unreadable(&mut self, found: &Reviewed<'_>, remark: &ManifestRemark) {
        self.denied = true;
        stderr::remark(remark);
        self.results.push(results::result(found.workload, "error", &remark.field, &remark.message));
    }

    fn verdict(&mut self, found: &Reviewed<'_>, verdict: &Verdict<'_>) -> anyhow::Result<()> {
        for finding in &verdict.findings {
            self.finding(found, finding);
        }
        match &verdict.decision {
            Decision::Patch(patch) if found.workload.changes => {
                self.operations.extend(offline::operations(patch, &found.workload.pod_at())?);
            }
            Decision::Deny | Decision::Unavailable => self.denied = true,
            _ => {}
        }
        Ok(())
    }

    fn finding(&mut self, found: &Reviewed<'_>, finding: &Finding<'_>) {
        let sentence = offline::sentence_with_reason(self.server, found, finding);
        let pointer = offline::pointer(found, finding);
        let field = crate::json::field_path(pointer.strip_prefix(&*found.workload.at).unwrap_or_default());
        self.results.push(results::result(found.workload, offline::severity(finding.effect), &field, &sentence));
        if finding.effect == Effect::Deny {
            stderr::remark(&found.remark(Severity::Error, &pointer, sentence));
        }
    }
}
