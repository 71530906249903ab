//! `explain --with`: which workloads would be denied, or would change, if companions were applied.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::live::{MatchedPod, Webhooks};
use crate::cli::offline::OfflineServer;
use crate::cli::stderr::printable;
use crate::inject::Request;
use crate::manifest::Document;
use crate::workload;
use crate::workload::{Impact, ImpactCounts, Workload};

/// How many names of workloads are printed for people.
const MOST_NAMED: usize = 20;

/// What each workload is reviewed with.
#[derive(Clone, Copy)]
pub(super) struct Comparison<'a> {
    /// The companions without the new ones.
    pub(super) before: &'a OfflineServer,
    /// The companions with them.
    pub(super) after: &'a OfflineServer,
    /// The webhooks of the cluster; `None` for manifests.
    pub(super) webhooks: Option<&'a Webhooks>,
}

/// The consequences for the workloads that were reviewed. Of each workload with consequences, only its name and the causes
/// of its denial are kept.
#[derive(Debug, Default)]
pub(super) struct Consequences {
    counts: ImpactCounts,
    denied: Vec<DeniedWorkload>,
    changed: Vec<String>,
    /// Workloads that are denied without the new companions as well.
    already_denied: usize,
}

#[derive(Debug)]
struct DeniedWorkload {
    workload: String,
    causes: Vec<String>,
}

impl Consequences {
    /// Reviews the workloads of a document before and after.
    pub(super) fn add(&mut self, comparison: Comparison<'_>, document: &Document) {
        for workload in document.value.iter().flat_map(workload::workloads) {
            let name = || format!("{}/{workload}", comparison.before.namespace(&workload));
            let impact = comparison.impact(&workload);
            self.counts.count(&impact);
            match impact {
                Impact::Unchanged => {}
                Impact::Changed => self.changed.push(name()),
                Impact::Denied(causes) => self.denied.push(DeniedWorkload { workload: name(), causes }),
                Impact::AlreadyDenied => self.already_denied += 1,
            }
        }
    }

    /// Whether a workload would be denied.
    pub(super) fn any_denied(&self) -> bool {
        !self.denied.is_empty()
    }

    /// The result for people.
    pub(super) fn text(&self) -> String {
        let Consequences { counts, denied, changed, already_denied } = self;
        let mut out = format!("Of {counts}.\n");
        match already_denied {
            0 => {}
            1 => out += "1 is denied in any case.\n",
            // Writing to a String cannot fail.
            many => _ = writeln!(out, "{many} are denied in any case."),
        }
        let reasons = denied.iter().map(|denied| format!("{}: {}", denied.workload, denied.causes.join("; ")));
        list(&mut out, "Denied", reasons);
        list(&mut out, "Changed", changed.iter().cloned());
        out
    }

    /// The names of the workloads that would be denied or would change, one per line.
    pub(super) fn names(&self) -> String {
        let denied = self.denied.iter().map(|denied| &*denied.workload);
        denied.chain(self.changed.iter().map(|name| &**name)).flat_map(|name| [name, "\n"]).collect()
    }

    /// The result for programs.
    pub(super) fn json(&self) -> Value {
        let denied = self.denied.iter().map(|denied| json!({"workload": denied.workload, "messages": denied.causes}));
        json!({
            "workloads": self.counts.workloads,
            "denied": denied.collect::<Vec<_>>(),
            "changed": self.changed,
            "alreadyDenied": self.already_denied,
        })
    }
}

/// Appends a heading and lines, of which the first are printed.
fn list(out: &mut String, heading: &str, lines: impl ExactSizeIterator<Item = String>) {
    let count = lines.len();
    if count == 0 {
        return;
    }
    // Writing to a String cannot fail.
    let _ = writeln!(out, "\n{heading}:");
    for line in lines.take(MOST_NAMED) {
        let _ = writeln!(out, "  {}", printable(&line));
    }
    if count > MOST_NAMED {
        let _ = writeln!(out, "  and {} more; -o json lists all", count - MOST_NAMED);
    }
}

impl Comparison<'_> {
    /// The impact on a workload. One whose Pod cannot be read is denied in any case.
    fn impact(self, workload: &Workload<'_>) -> Impact {
        let Comparison { before, after, .. } = self;
        if !self.may_be_sent(workload) {
            return Impact::Unchanged;
        }
        let (created, namespace) = (workload.created(), before.namespace(workload));
        created.pod().map_or(Impact::AlreadyDenied, |pod| {
            let request = Request { pod, namespace, webhook: None, requester: "" };
            workload::impact(&request, &before.snapshot, &after.snapshot)
        })
    }

    /// Whether API servers may send the Pods of a workload to podgraft.
    fn may_be_sent(self, workload: &Workload<'_>) -> bool {
        let Comparison { before, webhooks, .. } = self;
        let namespace = before.snapshot.namespaces.listed(before.namespace(workload));
        let created = workload.created();
        let (Some(webhooks), Some(namespace), Ok(pod)) = (webhooks, namespace, created.pod()) else { return true };
        webhooks.may_receive(&MatchedPod { template: workload.pod(), pod: &pod, namespace })
    }
}
