//! `podgraft uninject`: removes what the status annotation lists.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::edit::{EditFlags, EditSummary};
use crate::cli::exit;
use crate::cli::input::{Filenames, ManifestInput};
use crate::cli::offline;
use crate::cli::offline::Reviewed;
use crate::cli::output::Change;
use crate::cli::stderr;
use crate::inject;
use crate::inject::Removal;
use crate::manifest::Document;
use crate::source::files::report::Severity;
use crate::workload;

/// Remove companions from the Pods of manifests
///
/// Removes what the annotation `podgraft.dev/status` lists. The lines that inject added are removed, and all others stay:
/// the result is the author's file, byte for byte, except for lines that inject had to rewrite.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Uninject {
    #[command(flatten)]
    filenames: Filenames,
    #[command(flatten)]
    edit: EditFlags,
}

const EXAMPLES: &str = "\
Examples:
  # Restore the Deployment that its author wrote
  podgraft uninject -f injected.yaml > web.yaml

  # Show what was injected into a running Pod
  kubectl get pod web-0 -o yaml | podgraft uninject -f - -o diff";

/// How many workloads were changed, unchanged, and have a status that cannot be read.
#[derive(Debug, Default)]
struct Counts {
    removed: usize,
    unchanged: usize,
    failed: usize,
}

impl Uninject {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        if !self.edit.fit(&self.filenames) {
            return Ok(ExitCode::from(exit::USAGE));
        }
        let inputs = self.filenames.read_whole("uninject")?;
        let mut counts = Counts::default();
        let changes: Vec<Vec<Change>> = inputs
            .iter()
            .map(|input| input.documents.iter().map(|d| self.uninjected(input, d, &mut counts)).collect())
            .collect();
        let Counts { removed, unchanged, failed } = counts;
        self.edit.note(&format!("workloads: {removed} uninjected, {unchanged} unchanged, {failed} failed"));
        self.edit.finish(&inputs, &changes, EditSummary { failed: failed > 0, changed: removed > 0 })
    }

    /// The operations that remove the companions of a document. A status that cannot be read is reported, and the document
    /// is kept.
    fn uninjected(&self, input: &ManifestInput, document: &Document, counts: &mut Counts) -> Change {
        let mut change = Change::default();
        for workload in &document.value.iter().flat_map(workload::workloads).collect::<Vec<_>>() {
            match inject::removal(&mut workload.pod().clone()) {
                Ok(None) => counts.unchanged += 1,
                Ok(Some(removal)) => {
                    counts.removed += 1;
                    let found = Reviewed { path: &input.path, document, workload };
                    change.operations.extend(self.operations(&found, removal));
                }
                Err(why) => {
                    counts.failed += 1;
                    change.denied = true;
                    report_status(&Reviewed { path: &input.path, document, workload }, Severity::Error, why);
                }
            }
        }
        if change.denied {
            change.operations.clear();
        }
        change
    }

    /// Reports a removal, and returns its operations on the document.
    fn operations(&self, found: &Reviewed<'_>, removal: Removal) -> Vec<Value> {
        let workload = found.workload;
        for companion in &removal.companions {
            self.edit.note(&format!("{workload}: companion {companion}: removed"));
        }
        for remark in &removal.remarks {
            report_status(found, Severity::Warning, format!("{workload}: {remark}"));
        }
        let mut operations = removal.operations;
        offline::prefixed(&mut operations, &workload.pod_at());
        operations
    }
}

/// Reports an error or a warning about what the status lists.
fn report_status(found: &Reviewed<'_>, severity: Severity, message: String) {
    stderr::remark(&found.remark(severity, &offline::status_at(found), message));
}
