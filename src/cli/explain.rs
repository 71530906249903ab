//! `podgraft explain`: why a workload gets a companion, or does not.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;

use super::companions::Companions;
use super::input::Filenames;
use super::review::{self, Place};
use super::talk;
use super::workload::{self, Workload};
use crate::inject::reason::Reason;
use crate::inject::verdict::{Decision, Effect, Finding, Verdict, Via};

/// Say why the Pods of manifests get their companions, or do not
///
/// Prints a table for each workload: every companion that was considered, who asked for it, what comes of it, and why;
/// below it what else is to be said. The same words stand in the webhook's warnings and refusals, and the same names of
/// reasons in its metrics, logs and audit annotations.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Explain {
    #[command(flatten)]
    filenames: Filenames,
    #[command(flatten)]
    companions: Companions,
}

const EXAMPLES: &str = "\
Examples:
  # Why does this Deployment not get its sidecar?
  podgraft explain -f web.yaml --companions companions/

  # With the companions and namespaces of a cluster
  kubectl get clustercompanions,companions,namespaces -A -o yaml > known.yaml
  kubectl get deployment web -o yaml | podgraft explain -f - --companions known.yaml";

impl Explain {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let inputs = self.filenames.read_whole()?;
        let (place, mut failed) = self.companions.settle(&inputs)?;
        let mut out = io::stdout().lock();
        let mut first = true;
        let documents = inputs.iter().flat_map(|input| &input.documents).filter_map(|d| d.value.as_ref());
        for workload in documents.flat_map(workload::workloads) {
            if !std::mem::take(&mut first) {
                writeln!(out)?;
            }
            for (_, message) in review::misplaced(&workload) {
                talk::warning(&format!("{workload}: {message}"));
            }
            place.review(&workload, |verdict| match verdict {
                Ok(verdict) => {
                    failed |= matches!(verdict.decision, Decision::Deny | Decision::Unavailable);
                    out.write_all(talk::printable(&page(&workload, &place, verdict)).as_bytes())
                }
                Err(why) => {
                    failed = true;
                    talk::error(&format!("{workload}: {why}"));
                    Ok(())
                }
            })?;
        }
        if first {
            talk::note("no workloads among these manifests");
        }
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// A heading, the table, and the remarks.
fn page(workload: &Workload<'_>, place: &Place, verdict: &Verdict<'_>) -> String {
    let namespace = place.namespace(workload);
    let result = match &verdict.decision {
        Decision::Admit => "nothing to add",
        Decision::Patch(_) => "companions are injected",
        Decision::Deny | Decision::Unavailable => "denied",
    };
    let mut page = format!("{workload} in namespace {namespace}: {result}\n");
    let rows: Vec<[String; 4]> = verdict.outcomes().map(|(companion, finding)| row(companion, finding)).collect();
    if rows.is_empty() {
        page += "No companion was considered: the Pod asks for none, and none comes by itself to such a Pod.\n";
        if place.world.namespaces.listed(namespace).is_none() {
            // Writing to a text cannot fail.
            let _ = writeln!(page, "Namespace {namespace} is not among the manifests, so it counts as not opted in.");
        }
    } else {
        let header = ["COMPANION", "ASKED BY", "OUTCOME", "REASON"].map(str::to_owned);
        page += &table(&[vec![header], rows].concat());
    }
    for remark in verdict.findings.iter().filter(|f| !f.outcome) {
        let word = match remark.effect {
            Effect::Tell => "note",
            Effect::Warn => "warning",
            Effect::Deny => "error",
        };
        // Writing to a text cannot fail.
        let _ = writeln!(page, "{word}: {remark}");
    }
    page
}

fn row(companion: &str, finding: &Finding<'_>) -> [String; 4] {
    let asked_by = match finding.via {
        Some(Via::Pod) => "Pod",
        Some(Via::NamespaceList) => "namespace",
        Some(Via::Automatic) => "automatic",
        Some(Via::Required) => "required",
        None => "-",
    };
    let outcome = match (&finding.reason, finding.effect) {
        (Reason::Injected, _) => "injected",
        (Reason::Withheld, _) => "withheld",
        (Reason::AlreadyThere, _) => "already there",
        (_, Effect::Deny) => "denied",
        _ => "skipped",
    };
    let label = finding.reason.label();
    let reason = match &finding.reason {
        Reason::Injected | Reason::AlreadyThere => label.to_owned(),
        reason => format!("{label}: {reason}"),
    };
    [companion.to_owned(), asked_by.to_owned(), outcome.to_owned(), reason]
}

/// Columns as kubectl pads them: three blanks apart, no borders.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        out += cells.join("   ").trim_end();
        out.push('\n');
    }
    out
}
