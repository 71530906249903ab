//! `podgraft uninject`: removes what the status annotation says was added.

use std::process::ExitCode;

use clap::Args;

use crate::cli::exit;
use crate::cli::input::{Filenames, ManifestInput};
use crate::cli::offline;
use crate::cli::offline::Reviewed;
use crate::cli::output::{Change, Destination};
use crate::cli::stderr;
use crate::inject;
use crate::inject::keys;
use crate::json::Token;
use crate::manifest::Document;
use crate::source::files::report::Severity;
use crate::workload;

/// Take companions out of the Pods of manifests again
///
/// Obeys the annotation `podgraft.dev/status` alone, which lists what was added. The lines that inject added are removed,
/// and all others stay: what inject wrote becomes the author's file again, byte for byte, wherever no line had to be
/// opened.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Uninject {
    #[command(flatten)]
    filenames: Filenames,
    #[command(flatten)]
    destination: Destination,
    /// Write what can be written, although a status cannot be read; such a document is written as it was
    #[arg(long)]
    keep_going: bool,
    /// Say only what is wrong
    #[arg(short, long)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  # The Deployment as its author wrote it
  podgraft uninject -f injected.yaml > web.yaml

  # What a running Pod got
  kubectl get pod web-0 -o yaml | podgraft uninject -f - -o diff";

/// How many workloads were changed, left alone, and cannot be read.
#[derive(Debug, Default)]
struct Counts {
    removed: usize,
    unchanged: usize,
    failed: usize,
}

impl Uninject {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        if self.destination.has_no_file(&self.filenames) {
            return Ok(ExitCode::from(exit::USAGE));
        }
        let inputs = self.filenames.read_whole("uninject")?;
        let mut counts = Counts::default();
        let changes: Vec<Vec<Change>> = inputs
            .iter()
            .map(|input| input.documents.iter().map(|d| self.uninjected(input, d, &mut counts)).collect())
            .collect();
        let Counts { removed, unchanged, failed } = counts;
        if !self.quiet {
            stderr::note(&format!("{removed} uninjected, {unchanged} unchanged, {failed} failed"));
        }
        if failed > 0 && !self.keep_going {
            stderr::note("nothing written; --keep-going writes the rest");
            return Ok(ExitCode::from(exit::DENIED));
        }
        self.destination.write(&inputs, &changes)?;
        let differs = self.destination.is_diff() && removed > 0;
        Ok(if failed > 0 || differs { ExitCode::from(exit::DENIED) } else { ExitCode::SUCCESS })
    }

    /// What is removed from a document. What cannot be removed is reported, and stays.
    fn uninjected(&self, input: &ManifestInput, document: &Document, counts: &mut Counts) -> Change {
        let mut change = Change::default();
        for workload in &document.value.iter().flat_map(workload::workloads).collect::<Vec<_>>() {
            let mut pod = workload.pod().clone();
            match inject::removal(&mut pod) {
                Ok(None) => counts.unchanged += 1,
                Ok(Some(removal)) => {
                    counts.removed += 1;
                    for companion in removal.companions.iter().filter(|_| !self.quiet) {
                        stderr::note(&format!("{workload}: companion {companion}: removed"));
                    }
                    for remark in &removal.remarks {
                        stderr::warning(&format!("{workload}: {remark}"));
                    }
                    let mut operations = removal.operations;
                    offline::prefixed(&mut operations, &workload.pod_at());
                    change.operations.extend(operations);
                }
                Err(why) => {
                    counts.failed += 1;
                    change.denied = true;
                    let pointer = format!("{}/metadata/annotations/{}", workload.pod_at(), Token(keys::STATUS));
                    stderr::remark(&Reviewed { path: &input.path, document, workload }.remark(
                        Severity::Error,
                        &pointer,
                        why,
                    ));
                }
            }
        }
        if change.denied {
            change.operations.clear();
        }
        change
    }
}
