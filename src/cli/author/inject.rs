//! `podgraft inject`: what the webhook does, to files.

use std::process::ExitCode;

use clap::Args;

use crate::cli::exit;
use crate::cli::flags::CompanionFlags;
use crate::cli::input::{Filenames, ManifestInput};
use crate::cli::offline;
use crate::cli::offline::{OfflineServer, Reviewed};
use crate::cli::output::{Change, Destination};
use crate::cli::stderr;
use crate::inject::verdict::{Decision, Effect, Finding, Verdict};
use crate::manifest::Document;
use crate::source::files::report::Severity;
use crate::workload;

/// Graft companions onto the Pods of manifests, as the webhook would
///
/// Reads Pods and everything that carries a Pod template (the kinds of Kubernetes, other kinds whose template requests
/// companions, lists of them) and writes them with their companions. The text is kept: additions are put between its
/// lines, with its comments, quotes and indentation. A line changes only where a value on it has to be opened, such as
/// `[]`, `null` or a mapping in braces. What was done and why is written to stderr.
///
/// If a Pod would be denied, or a companion is invalid, nothing is written and the exit code is 1; with --keep-going the
/// other workloads are still written.
///
/// Namespaces among the manifests and the companions give labels and annotations; a namespace that is not among them has
/// only its name as label.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Inject {
    #[command(flatten)]
    filenames: Filenames,
    #[command(flatten)]
    companions: CompanionFlags,
    #[command(flatten)]
    destination: Destination,
    /// Write what can be written, although something was denied; a workload that was denied is written as it was
    #[arg(long)]
    keep_going: bool,
    /// Say only what is wrong
    #[arg(short, long)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  # Apply a Deployment with its companions, in a cluster without the webhook
  podgraft inject -f web.yaml -c companions/ | kubectl apply -f -

  # Show what the webhook would change, as a patch
  podgraft inject -f manifests/ -R -c companions/ -o diff

  # Change the files themselves
  podgraft inject --in-place -c companions/ web.yaml worker.yaml

  # In a pipe, with the companions of a cluster
  helm template web ./chart | podgraft inject -n shop -c <(kubectl get clustercompanions -o yaml) -

  # As a post-renderer of Helm 3
  helm install web ./chart --post-renderer podgraft --post-renderer-args=inject \\
    --post-renderer-args=-f --post-renderer-args=- --post-renderer-args=-c --post-renderer-args=companions/";

/// How many workloads were changed, left alone and denied.
#[derive(Debug, Default)]
struct Counts {
    injected: usize,
    unchanged: usize,
    denied: usize,
}

impl Inject {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        if self.destination.has_no_file(&self.filenames) {
            return Ok(ExitCode::from(exit::USAGE));
        }
        self.companions.only_one_stdin(&self.filenames)?;
        let inputs = self.filenames.read_whole("inject")?;
        let (place, invalid) = self.companions.settle(&inputs)?;
        let mut counts = Counts::default();
        let mut changes = Vec::new();
        for input in &inputs {
            let documents = input.documents.iter().map(|d| self.review(&place, input, d, &mut counts));
            changes.push(documents.collect::<anyhow::Result<Vec<_>>>()?);
        }
        if !self.quiet {
            let Counts { injected, unchanged, denied } = counts;
            stderr::note(&format!("{injected} injected, {unchanged} unchanged, {denied} denied"));
        }
        let failed = invalid || counts.denied > 0;
        if failed && !self.keep_going {
            stderr::note("nothing written; --keep-going writes the rest");
            return Ok(ExitCode::from(exit::DENIED));
        }
        self.destination.write(&inputs, &changes)?;
        let differs = self.destination.is_diff() && counts.injected > 0;
        Ok(if failed || differs { ExitCode::from(exit::DENIED) } else { ExitCode::SUCCESS })
    }

    /// Reviews all workloads of a document, and says what comes of each.
    fn review(
        &self,
        place: &OfflineServer,
        input: &ManifestInput,
        document: &Document,
        counts: &mut Counts,
    ) -> anyhow::Result<Change> {
        let mut change = Change::default();
        offline::misplaced(&input.path, document).iter().for_each(stderr::remark);
        for workload in &document.value.iter().flat_map(workload::workloads).collect::<Vec<_>>() {
            let found = Reviewed { path: &input.path, document, workload };
            place.review(&found, |verdict| match verdict {
                Ok(verdict) => self.take(place, &found, verdict, &mut change, counts),
                Err(unreadable) => {
                    stderr::remark(&unreadable);
                    change.denied = true;
                    counts.denied += 1;
                    Ok(())
                }
            })?;
        }
        Ok(change)
    }

    fn take(
        &self,
        place: &OfflineServer,
        found: &Reviewed<'_>,
        verdict: &Verdict<'_>,
        change: &mut Change,
        counts: &mut Counts,
    ) -> anyhow::Result<()> {
        let workload = found.workload;
        if !workload.changes {
            // The same shape may be a policy; whether it makes Pods is not known.
            counts.unchanged += 1;
            if matches!(verdict.decision, Decision::Patch(_)) && !self.quiet {
                stderr::note(&format!(
                    "{workload}: the webhook would inject automatic companions into its Pods; this command does not change a {} that requests none",
                    workload.kind
                ));
            }
            return Ok(());
        }
        self.report(place, found, verdict);
        match &verdict.decision {
            Decision::Admit => counts.unchanged += 1,
            Decision::Patch(patch) => {
                counts.injected += 1;
                change.operations.extend(offline::operations(patch, &workload.pod_at())?);
            }
            Decision::Deny | Decision::Unavailable => {
                counts.denied += 1;
                change.denied = true;
            }
        }
        Ok(())
    }

    fn report(&self, place: &OfflineServer, found: &Reviewed<'_>, verdict: &Verdict<'_>) {
        let workload = found.workload;
        let denied = matches!(verdict.decision, Decision::Deny | Decision::Unavailable);
        for finding in &verdict.findings {
            let sentence = || offline::sentence(place, found, finding);
            match finding.effect {
                Effect::Warn => remark(found, finding, Severity::Warning, format!("{workload}: {}", sentence())),
                Effect::Deny => {
                    let namespace = place.namespace(workload);
                    let message = format!("{workload} in namespace {namespace}: {}", sentence());
                    remark(found, finding, Severity::Error, message);
                }
                Effect::Info if !denied && !self.quiet => match finding.via {
                    Some(via) => stderr::note(&format!("{workload}: {} ({})", sentence(), offline::asked_by(via))),
                    None => stderr::note(&format!("{workload}: {}", sentence())),
                },
                Effect::Info => {}
            }
        }
    }
}

fn remark(found: &Reviewed<'_>, finding: &Finding<'_>, severity: Severity, message: String) {
    stderr::remark(&found.remark(severity, &offline::pointer(found, finding), message));
}
