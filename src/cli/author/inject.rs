//! `podgraft inject`: edits manifests as the webhook would patch their Pods.

use std::process::ExitCode;

use clap::Args;

use super::edit::{EditFlags, EditSummary};
use crate::cli::exit;
use crate::cli::flags::CompanionFlags;
use crate::cli::input::{Filenames, ManifestInput};
use crate::cli::offline;
use crate::cli::offline::{OfflineServer, Reviewed};
use crate::cli::output::Change;
use crate::cli::stderr;
use crate::inject::verdict::{Decision, Effect, Finding, Verdict};
use crate::manifest::Document;
use crate::source::files::report::Severity;
use crate::workload;

/// Inject companions into the Pods of manifests, as the webhook would
///
/// Reads Pods and every kind with a Pod template (those of Kubernetes, other kinds whose template requests companions,
/// and lists of them) and writes them with their companions. The text is kept, with its comments, quotes and indentation:
/// lines are inserted between its lines. A line is rewritten only if something must be added to a value on it, such as
/// `[]`, `null` or a mapping in braces. What was injected, and why, is reported on stderr.
///
/// If a Pod would be denied, or a companion is invalid, nothing is written and the exit code is 1. With --keep-going the
/// other workloads are written.
///
/// A Pod requests companions by name with the annotation `podgraft.dev/companions: redis,logs` of its template, sets their
/// parameters with `podgraft.dev/<companion>.<parameter>`, and opts out with the label `podgraft.dev/inject: disabled`.
///
/// Labels and annotations of namespaces are read from Namespaces among the manifests and the companions. A namespace that
/// is not among them has its name as the only label.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Inject {
    #[command(flatten)]
    filenames: Filenames,
    #[command(flatten)]
    companions: CompanionFlags,
    #[command(flatten)]
    edit: EditFlags,
}

const EXAMPLES: &str = "\
Examples:
  # Apply a Deployment with its companions to a cluster without the webhook
  podgraft inject -f web.yaml -c companions/ | kubectl apply -f -

  # Show what the webhook would change, as a diff
  podgraft inject -f manifests/ -R -c companions/ -o diff

  # Edit the files in place
  podgraft inject --in-place -c companions/ web.yaml worker.yaml

  # In a pipe, with the companions of the cluster
  kubectl get clustercompanions -o yaml > companions.yaml
  helm template web ./chart | podgraft inject -n shop -c companions.yaml -

  # As a post-renderer of Helm 3
  helm install web ./chart -n shop --post-renderer podgraft \\
    --post-renderer-args=inject --post-renderer-args=--namespace=shop \\
    --post-renderer-args=--companions=companions/ --post-renderer-args=-

  # The same with Helm 4, which needs the plugin in plugins/helm
  helm install web ./chart -n shop --post-renderer podgraft \\
    --post-renderer-args=--namespace=shop \\
    --post-renderer-args=--companions=companions/";

/// How many workloads were injected into, unchanged and denied.
#[derive(Debug, Default)]
struct Counts {
    injected: usize,
    unchanged: usize,
    denied: usize,
}

impl Inject {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        if !self.edit.fit(&self.filenames) {
            return Ok(ExitCode::from(exit::USAGE));
        }
        self.companions.only_one_stdin(&self.filenames)?;
        let inputs = self.filenames.read_whole("inject")?;
        let (server, invalid) = self.companions.server_for(&inputs)?;
        let mut counts = Counts::default();
        let mut changes = Vec::new();
        for input in &inputs {
            let documents = input.documents.iter().map(|d| self.review(&server, input, d, &mut counts));
            changes.push(documents.collect::<anyhow::Result<Vec<_>>>()?);
        }
        let Counts { injected, unchanged, denied } = counts;
        self.edit.note(&format!("workloads: {injected} injected, {unchanged} unchanged, {denied} denied"));
        if unchanged > 0 && injected == 0 && denied == 0 && server.snapshot.companions.is_empty() {
            self.edit.note("no companions were read; use --companions PATH");
        }
        let summary = EditSummary { failed: invalid || denied > 0, changed: injected > 0 };
        self.edit.finish(&inputs, &changes, summary)
    }

    /// Reviews all workloads of a document, and reports the findings of each.
    fn review(
        &self,
        server: &OfflineServer,
        input: &ManifestInput,
        document: &Document,
        counts: &mut Counts,
    ) -> anyhow::Result<Change> {
        let mut change = Change::default();
        offline::misplaced(&input.path, document).iter().for_each(stderr::remark);
        for workload in &document.value.iter().flat_map(workload::workloads).collect::<Vec<_>>() {
            let found = Reviewed { path: &input.path, document, workload };
            offline::unreadable_status(&found).iter().for_each(stderr::remark);
            server.review(&found, |verdict| match verdict {
                Ok(verdict) => self.take(server, &found, verdict, &mut change, counts),
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
        server: &OfflineServer,
        found: &Reviewed<'_>,
        verdict: &Verdict<'_>,
        change: &mut Change,
        counts: &mut Counts,
    ) -> anyhow::Result<()> {
        let workload = found.workload;
        if !workload.changes {
            counts.unchanged += 1;
            if matches!(verdict.decision, Decision::Patch(_)) {
                self.edit.note(&offline::unchanged(workload));
            }
            return Ok(());
        }
        self.report(server, found, verdict);
        match &verdict.decision {
            Decision::Admit => counts.unchanged += 1,
            Decision::Patch(patch) => {
                counts.injected += 1;
                if let Some(message) = offline::existing(workload) {
                    stderr::remark(&found.remark(Severity::Warning, "", format!("{workload}: {message}")));
                }
                change.operations.extend(offline::operations(patch, &workload.pod_at())?);
            }
            Decision::Deny | Decision::Unavailable => {
                counts.denied += 1;
                change.denied = true;
            }
        }
        Ok(())
    }

    fn report(&self, server: &OfflineServer, found: &Reviewed<'_>, verdict: &Verdict<'_>) {
        let workload = found.workload;
        let denied = matches!(verdict.decision, Decision::Deny | Decision::Unavailable);
        for finding in &verdict.findings {
            let sentence = || offline::sentence_with_reason(server, found, finding);
            match finding.effect {
                Effect::Warn => remark(found, finding, Severity::Warning, format!("{workload}: {}", sentence())),
                Effect::Deny => {
                    let namespace = server.namespace(workload);
                    let message = format!("{workload} in namespace {namespace}: {}", sentence());
                    remark(found, finding, Severity::Error, message);
                }
                Effect::Info if !denied => {
                    let why = finding.via.map_or(String::new(), |via| format!(" ({})", offline::requested_by(via)));
                    let sentence = offline::sentence(server, found, finding);
                    self.edit.note(&format!("{workload}: {sentence}{why}"));
                }
                Effect::Info => {}
            }
        }
    }
}

fn remark(found: &Reviewed<'_>, finding: &Finding<'_>, severity: Severity, message: String) {
    stderr::remark(&found.remark(severity, &offline::pointer(found, finding), message));
}
