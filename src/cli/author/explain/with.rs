//! `explain --with`: which workloads would be denied, or would change, if companions were applied.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::offline::{OfflineServer, Reviewed};
use crate::cli::stderr::{number, printable};
use crate::inject::verdict::{Decision, Effect};
use crate::manifest::Document;
use crate::workload;

/// How many names of workloads are printed for people.
const MOST_NAMED: usize = 20;

/// The consequences for the workloads that were reviewed. Of each workload with consequences, only its name and the causes
/// of its denial are kept.
#[derive(Debug, Default)]
pub(super) struct Consequences {
    workloads: usize,
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

/// The result of one review, as far as two are compared.
#[derive(Debug, PartialEq, Eq)]
enum WorkloadResult {
    Unchanged,
    Patched(Vec<u8>),
    Denied(Vec<String>),
}

impl Consequences {
    /// Reviews the workloads of a document before and after.
    pub(super) fn add(&mut self, before: &OfflineServer, after: &OfflineServer, document: &Document) {
        for workload in &document.value.iter().flat_map(workload::workloads).collect::<Vec<_>>() {
            let found = Reviewed { path: Path::new(""), document, workload };
            let name = format!("{}/{workload}", before.namespace(workload));
            self.workloads += 1;
            match (review(before, &found), review(after, &found)) {
                (WorkloadResult::Denied(_), WorkloadResult::Denied(_)) => self.already_denied += 1,
                (_, WorkloadResult::Denied(causes)) => self.denied.push(DeniedWorkload { workload: name, causes }),
                (before, after) if before != after => self.changed.push(name),
                _ => {}
            }
        }
    }

    /// Whether a workload would be denied.
    pub(super) fn any_denied(&self) -> bool {
        !self.denied.is_empty()
    }

    /// The result for people.
    pub(super) fn text(&self) -> String {
        let Consequences { workloads, denied, changed, already_denied } = self;
        let mut out = format!(
            "Of {}, {} would be denied, and {} would change at the next rollout.\n",
            number(*workloads, "workload"),
            denied.len(),
            changed.len()
        );
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
            "workloads": self.workloads,
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

fn review(server: &OfflineServer, found: &Reviewed<'_>) -> WorkloadResult {
    server.review(found, |verdict| match verdict {
        Err(unreadable) => WorkloadResult::Denied(vec![unreadable.text()]),
        Ok(verdict) => match &verdict.decision {
            Decision::Admit => WorkloadResult::Unchanged,
            Decision::Patch(patch) => WorkloadResult::Patched(patch.clone()),
            Decision::Deny | Decision::Unavailable => {
                let causes: Vec<String> = verdict.with_effect(Effect::Deny).map(ToString::to_string).collect();
                let all = || verdict.findings.iter().map(ToString::to_string).collect();
                WorkloadResult::Denied(if causes.is_empty() { all() } else { causes })
            }
        },
    })
}
