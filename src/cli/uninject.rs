//! `podgraft uninject`: takes out what the status annotation says was put in.

use std::io;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::input::Filenames;
use super::output::{self, Printer};
use super::talk;
use super::workload;
use crate::inject;
use crate::manifest::{Document, Format};

/// Take companions out of the Pods of manifests again
///
/// Obeys the annotation `podgraft.dev/status` alone, which says what was put in. Every document that does not change is
/// written byte for byte as it was read.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Uninject {
    #[command(flatten)]
    filenames: Filenames,
    /// Output format; without it, each document keeps its language. `diff`: what would change, and exit code 1 if anything
    /// does
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

const EXAMPLES: &str = "\
Examples:
  # The Deployment as its author wrote it
  podgraft uninject -f injected.yaml > web.yaml

  # What a running Pod got
  kubectl get pod web-0 -o yaml | podgraft uninject -f - -o diff";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Yaml,
    Json,
    Diff,
}

impl Uninject {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let format = match self.output {
            Some(Output::Yaml) => Some(Format::Yaml),
            Some(Output::Json) => Some(Format::Json),
            _ => None,
        };
        let mut printer = Printer::new(io::stdout().lock(), format);
        let mut code = ExitCode::SUCCESS;
        for input in self.filenames.read_whole()? {
            let results: Vec<_> = input.documents.iter().map(uninjected).collect();
            let news: Vec<Option<Value>> = results
                .into_iter()
                .map(|r| {
                    r.unwrap_or_else(|()| {
                        code = ExitCode::FAILURE;
                        None
                    })
                })
                .collect();
            if self.output == Some(Output::Diff) {
                output::diffs(&input.path, input.documents.iter().zip(&news))?;
                if news.iter().any(Option::is_some) {
                    code = ExitCode::FAILURE;
                }
            } else {
                printer.file(input.documents.iter().zip(news.iter().map(Option::as_ref)))?;
            }
        }
        Ok(code)
    }
}

/// The document without companions; `None` where there are none. What cannot be taken out is said, and stays.
fn uninjected(document: &Document) -> Result<Option<Value>, ()> {
    let Some(value) = &document.value else { return Ok(None) };
    let mut new = value.clone();
    let (mut changed, mut failed) = (false, false);
    for workload in workload::workloads(value) {
        let Some(pod) = new.pointer_mut(&workload.pod_at()) else { continue };
        match inject::uninject(pod) {
            Ok(did) => changed |= did,
            Err(why) => {
                talk::error(&format!("{workload}: {why}"));
                failed = true;
            }
        }
    }
    if failed { Err(()) } else { Ok(changed.then_some(new)) }
}
