//! `podgraft inject`: what the webhook does, to files.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::Value;

use super::companions::Companions;
use super::input::{Filenames, Input};
use super::output::{self, Printer};
use super::review::{self, Place};
use super::talk;
use super::workload::{self, Workload};
use crate::admission;
use crate::inject::verdict::{Decision, Effect, Verdict};
use crate::manifest::{Document, Format};

/// Graft companions onto the Pods of manifests, as the webhook would
///
/// Reads Pods and all that carries a Pod template (Deployments, StatefulSets, DaemonSets, ReplicaSets,
/// ReplicationControllers, PodTemplates, Jobs, CronJobs, lists of them) and writes them with their companions. Every other
/// document, and every document that does not change, is written byte for byte as it was read; in one that changes,
/// comments inside are lost. What was done and why goes to stderr.
///
/// A workload whose Pods would be refused is written as it was; the others are still done, and the exit code is 1.
///
/// Namespaces among the manifests and the companions give labels and annotations; a namespace that is not among them has
/// only its name as label.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Inject {
    #[command(flatten)]
    filenames: Filenames,
    #[command(flatten)]
    companions: Companions,
    /// Output format; without it, each document keeps its language. `jsonpatch`: one JSON patch (RFC 6902) a line for each
    /// document; `diff`: what would change, and exit code 1 if anything does
    #[arg(short, long, value_enum)]
    output: Option<Output>,
    /// Say only what is wrong
    #[arg(short, long)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  # Apply a Deployment with its companions, in a cluster without the webhook
  podgraft inject -f web.yaml --companions companions/ | kubectl apply -f -

  # Show what the webhook would change
  podgraft inject -f manifests/ -R --companions companions/ -o diff

  # As a post-renderer of Helm, or in a pipe
  helm template web ./chart | podgraft inject -f - --companions companions/ -n shop";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Yaml,
    Json,
    Jsonpatch,
    Diff,
}

/// What a document becomes.
#[derive(Debug, Default)]
struct Outcome {
    operations: Vec<Value>,
    denied: bool,
}

impl Inject {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let inputs = self.filenames.read_whole()?;
        let (place, mut failed) = self.companions.settle(&inputs)?;
        let mut changed = false;
        let mut printer = Printer::new(io::stdout().lock(), self.output.and_then(Output::format));
        for input in &inputs {
            let outcomes =
                input.documents.iter().map(|d| self.review(&place, d)).collect::<anyhow::Result<Vec<_>>>()?;
            failed |= outcomes.iter().any(|o| o.denied);
            changed |= outcomes.iter().any(|o| !o.operations.is_empty());
            self.print(&mut printer, input, outcomes)?;
        }
        failed |= changed && self.output == Some(Output::Diff);
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    /// Reviews all workloads of a document, and says what comes of each.
    fn review(&self, place: &Place, document: &Document) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        for workload in document.value.iter().flat_map(workload::workloads) {
            for (_, message) in review::misplaced(&workload) {
                talk::warning(&format!("{workload}: {message}"));
            }
            place.review(&workload, |verdict| match verdict {
                Ok(verdict) => {
                    self.tell(&workload, place.namespace(&workload), verdict);
                    match &verdict.decision {
                        Decision::Admit => {}
                        Decision::Patch(patch) => {
                            outcome.operations.extend(review::operations(patch, &workload.pod_at())?);
                        }
                        Decision::Deny | Decision::Unavailable => outcome.denied = true,
                    }
                    anyhow::Ok(())
                }
                Err(why) => {
                    talk::error(&format!("{workload}: {why}"));
                    outcome.denied = true;
                    Ok(())
                }
            })?;
        }
        Ok(outcome)
    }

    fn tell(&self, workload: &Workload<'_>, namespace: &str, verdict: &Verdict<'_>) {
        let denied = matches!(verdict.decision, Decision::Deny | Decision::Unavailable);
        for finding in &verdict.findings {
            match finding.effect {
                Effect::Warn => talk::warning(&format!("{workload}: {finding}")),
                Effect::Tell if !denied && !self.quiet => match finding.via {
                    Some(via) => talk::note(&format!("{workload}: {finding} ({})", review::asked_by(via))),
                    None => talk::note(&format!("{workload}: {finding}")),
                },
                _ => {}
            }
        }
        if denied {
            talk::error(&format!("{workload} in namespace {namespace}: {}", admission::refusal(verdict)));
        }
    }

    fn print<W: Write>(&self, printer: &mut Printer<W>, input: &Input, outcomes: Vec<Outcome>) -> anyhow::Result<()> {
        if self.output == Some(Output::Jsonpatch) {
            let with_value = input.documents.iter().zip(outcomes).filter(|(d, _)| d.value.is_some());
            for (_, outcome) in with_value {
                printer.line(&Value::Array(outcome.operations).to_string())?;
            }
            return Ok(());
        }
        let patched = input.documents.iter().zip(outcomes).map(|(document, outcome)| {
            let Some(value) = document.value.as_ref().filter(|_| !outcome.operations.is_empty()) else {
                return Ok(None);
            };
            apply(value, outcome.operations).map(Some)
        });
        let patched = patched.collect::<anyhow::Result<Vec<_>>>()?;
        if self.output == Some(Output::Diff) {
            return Ok(output::diffs(&input.path, input.documents.iter().zip(&patched))?);
        }
        Ok(printer.file(input.documents.iter().zip(patched.iter().map(Option::as_ref)))?)
    }
}

fn apply(value: &Value, operations: Vec<Value>) -> anyhow::Result<Value> {
    let mut patched = value.clone();
    let patch: json_patch::Patch = serde_json::from_value(Value::Array(operations)).context("a patch was malformed")?;
    json_patch::patch(&mut patched, &patch).context("a patch did not fit")?;
    Ok(patched)
}

impl Output {
    fn format(self) -> Option<Format> {
        match self {
            Output::Yaml => Some(Format::Yaml),
            Output::Json => Some(Format::Json),
            Output::Jsonpatch | Output::Diff => None,
        }
    }
}
