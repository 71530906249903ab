//! `podgraft explain`: why a workload gets a companion, or does not.

mod facts;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::cli::flags::CompanionFlags;
use crate::cli::input::{Filenames, ManifestInput};
use crate::cli::offline;
use crate::cli::offline::{OfflineServer, Reviewed};
use crate::cli::{exit, stderr};
use crate::inject::verdict::reason::{Outcome, Reason};
use crate::inject::verdict::{Decision, Effect, Finding, Verdict, Via};
use crate::manifest;
use crate::workload;

/// Say why the Pods of manifests get their companions, or do not
///
/// Prints a table for each workload: every companion that was considered, who asked for it, what comes of it, and why;
/// below it what else is to be said. The same words stand in the webhook's warnings and refusals, and the same names of
/// reasons in its metrics, logs and audit annotations.
///
/// The exit code is 1 if any Pod would be denied.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Explain {
    #[command(flatten)]
    filenames: Filenames,
    #[command(flatten)]
    companions: CompanionFlags,
    /// Output format. `json`: `{"workloads": [...]}` with file, line, decision and companions; `name`: the workloads that
    /// change or are denied
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Json,
    Name,
}

const EXAMPLES: &str = "\
Examples:
  # Why does this Deployment not get its sidecar?
  podgraft explain -f web.yaml --companions companions/

  # With the companions and namespaces of a cluster
  kubectl get clustercompanions,companions,namespaces -A -o yaml > known.yaml
  kubectl get deployment web -o yaml | podgraft explain -f - --companions known.yaml";

impl Explain {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        self.companions.only_one_stdin(&self.filenames)?;
        let inputs = self.filenames.read_whole("explain")?;
        let (place, invalid) = self.companions.settle(&inputs)?;
        let mut pages = Vec::new();
        let mut denied = false;
        let many = inputs.len() > 1;
        for input in &inputs {
            denied |= file(&place, input, &mut pages);
        }
        let failed = invalid || denied;
        if pages.is_empty() && !denied {
            stderr::warning("no workloads among these manifests");
        }
        let text = match self.output {
            None => pages.iter().map(|page| facts::text(page, many)).collect::<Vec<_>>().join("\n"),
            Some(Output::Json) => manifest::json(&json!({"workloads": facts::without_text(pages)})) + "\n",
            Some(Output::Name) => facts::names(&pages),
        };
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(if failed { ExitCode::from(exit::DENIED) } else { ExitCode::SUCCESS })
    }
}

/// Reviews the workloads of a file; whether any is denied.
fn file(place: &OfflineServer, input: &ManifestInput, pages: &mut Vec<Value>) -> bool {
    let mut failed = false;
    for document in &input.documents {
        offline::misplaced(&input.path, document).iter().for_each(stderr::remark);
        for workload in &document.value.iter().flat_map(workload::workloads).collect::<Vec<_>>() {
            let found = Reviewed { path: &input.path, document, workload };
            place.review(&found, |verdict| match verdict {
                Ok(verdict) => {
                    failed |= matches!(verdict.decision, Decision::Deny | Decision::Unavailable);
                    pages.push(facts::of(&found, place, verdict));
                }
                Err(unreadable) => {
                    failed = true;
                    stderr::remark(&unreadable);
                }
            });
        }
    }
    failed
}

/// A heading, the table, and the remarks.
fn page(found: &Reviewed<'_>, place: &OfflineServer, verdict: &Verdict<'_>) -> String {
    let workload = found.workload;
    let namespace = place.namespace(workload);
    let result = match &verdict.decision {
        Decision::Admit => "nothing to add",
        Decision::Patch(_) if !workload.changes => {
            "companions are injected by the webhook; podgraft inject does not change a kind that requests none"
        }
        Decision::Patch(_) => "companions are injected",
        Decision::Deny | Decision::Unavailable => "denied",
    };
    let mut page = format!("{workload} in namespace {namespace}: {result}\n");
    let rows: Vec<[String; 4]> =
        verdict.outcomes().map(|(companion, finding)| row(place, found, companion, finding)).collect();
    if rows.is_empty() {
        page += "No companion was considered: the Pod asks for none, and none comes by itself to such a Pod.\n";
        if place.snapshot.namespaces.listed(namespace).is_none() {
            // Writing to a text cannot fail.
            let _ = writeln!(page, "Namespace {namespace} is not among the manifests, so it counts as not opted in.");
        }
    } else {
        let header = ["COMPANION", "ASKED BY", "OUTCOME", "REASON"].map(str::to_owned);
        page += &table(&[vec![header], rows].concat());
    }
    for remark in verdict.findings.iter().filter(|f| !f.outcome) {
        let word = match remark.effect {
            Effect::Info => "note",
            Effect::Warn => "warning",
            Effect::Deny => "error",
        };
        // Writing to a text cannot fail.
        let _ = writeln!(page, "{word}: {remark}");
    }
    page
}

fn asked_by(finding: &Finding<'_>) -> &'static str {
    match finding.via {
        Some(Via::Pod) => "Pod",
        Some(Via::NamespaceList) => "namespace",
        Some(Via::Automatic) => "automatic",
        Some(Via::Required) => "required",
        None => "-",
    }
}

fn outcome(finding: &Finding<'_>) -> &'static str {
    match (&finding.reason, finding.effect) {
        (Reason::Outcome(Outcome::Injected), _) => "injected",
        (Reason::Outcome(Outcome::PodDenied), _) => "withheld",
        (Reason::Outcome(Outcome::AlreadyInjected), _) => "already there",
        (_, Effect::Deny) => "denied",
        _ => "skipped",
    }
}

fn row(place: &OfflineServer, found: &Reviewed<'_>, companion: &str, finding: &Finding<'_>) -> [String; 4] {
    let label = finding.reason.label();
    let reason = match &finding.reason {
        Reason::Outcome(Outcome::Injected | Outcome::AlreadyInjected) => label.to_owned(),
        Reason::Outcome(Outcome::NotAvailable { .. }) => {
            format!("{label}: {}", offline::sentence(place, found, finding))
        }
        reason => format!("{label}: {reason}"),
    };
    [companion.to_owned(), asked_by(finding).to_owned(), outcome(finding).to_owned(), reason]
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
