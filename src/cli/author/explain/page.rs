//! What `explain` prints for people.

use std::fmt::Write as _;

use crate::cli::offline;
use crate::cli::offline::{OfflineServer, Reviewed};
use crate::inject::keys;
use crate::inject::verdict::reason::{Outcome, Reason, Remark};
use crate::inject::verdict::{Decision, Effect, Finding, Verdict, Via};

/// A heading, the table, and the remarks.
pub(super) fn page(found: &Reviewed<'_>, server: &OfflineServer, verdict: &Verdict<'_>) -> String {
    let workload = found.workload;
    let namespace = server.namespace(workload);
    let result = match &verdict.decision {
        Decision::Admit => "nothing to add",
        Decision::Patch(_) if !workload.changes => {
            "the webhook injects companions; podgraft inject does not change this kind, because its template requests none"
        }
        Decision::Patch(_) if !injects(verdict) => "restartPolicy is restored",
        Decision::Patch(_) => "companions are injected",
        Decision::Deny | Decision::Unavailable => "denied",
    };
    let mut page = format!("{workload} in namespace {namespace}: {result}\n");
    let rows: Vec<[String; 4]> =
        verdict.outcomes().map(|(companion, finding)| row(server, found, companion, finding)).collect();
    if rows.is_empty() {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "No companion was considered: {}.", why_none(server, namespace, verdict));
        if server.snapshot.namespaces.listed(namespace).is_none() {
            let _ = writeln!(
                page,
                "Namespace {namespace} is not among the manifests, so it is treated as not opted in; read it with --companions."
            );
        }
    } else {
        let header = ["COMPANION", "REQUESTED BY", "OUTCOME", "REASON"].map(str::to_owned);
        page += &table(&[vec![header], rows].concat());
    }
    for remark in verdict.findings.iter().filter(|f| !f.outcome) {
        let word = match remark.effect {
            Effect::Info => "note",
            Effect::Warn => "warning",
            Effect::Deny => "error",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(page, "{word}: {}", offline::sentence(server, found, remark));
    }
    if let Some(message) = existing(found, verdict) {
        let _ = writeln!(page, "note: {message}");
    }
    page
}

/// The remark on a Pod that exists, where companions would be injected.
pub(super) fn existing(found: &Reviewed<'_>, verdict: &Verdict<'_>) -> Option<&'static str> {
    injects(verdict).then(|| offline::existing(found.workload)).flatten()
}

/// Whether the patch adds a companion.
fn injects(verdict: &Verdict<'_>) -> bool {
    verdict.outcomes().any(|(_, finding)| finding.reason == Reason::Outcome(Outcome::Injected))
}

/// Why no companion was considered. A remark that follows gives the remedy.
fn why_none(server: &OfflineServer, namespace: &str, verdict: &Verdict<'_>) -> &'static str {
    let cause = verdict.findings.iter().find_map(|finding| match finding.reason {
        Reason::Remark(Remark::OptedOut { .. }) => Some("the Pod is opted out"),
        Reason::Remark(Remark::ExcludedNamespace { .. }) => Some("the Pod's namespace is excluded"),
        Reason::Remark(Remark::NoContainers) => Some("the Pod has no containers"),
        _ => None,
    });
    let namespace = server.snapshot.namespaces.listed(namespace);
    let opted_out = namespace.is_some_and(|namespace| namespace.label(keys::INJECT) == Some("disabled"));
    cause.unwrap_or(if opted_out {
        "the Pod requests none, and its namespace is opted out"
    } else {
        "the Pod requests none, and no automatic companion selects it"
    })
}

pub(super) fn requested_by(finding: &Finding<'_>) -> &'static str {
    match finding.via {
        Some(Via::Pod) => "Pod",
        Some(Via::NamespaceList) => "namespace",
        Some(Via::Automatic) => "automatic",
        Some(Via::Required) => "required",
        None => "-",
    }
}

pub(super) fn outcome(finding: &Finding<'_>) -> &'static str {
    match (&finding.reason, finding.effect) {
        (Reason::Outcome(Outcome::Injected), _) => "injected",
        (Reason::Outcome(Outcome::PodDenied), _) => "not injected",
        (Reason::Outcome(Outcome::AlreadyInjected), _) => "already injected",
        (_, Effect::Deny) => "denied",
        _ => "skipped",
    }
}

fn row(server: &OfflineServer, found: &Reviewed<'_>, companion: &str, finding: &Finding<'_>) -> [String; 4] {
    let label = finding.reason.label();
    let reason = match &finding.reason {
        Reason::Outcome(Outcome::Injected | Outcome::AlreadyInjected) => label.to_owned(),
        Reason::Outcome(Outcome::NotAvailable { .. } | Outcome::CompanionInvalid) => {
            format!("{label}: {}", offline::sentence(server, found, finding))
        }
        reason => format!("{label}: {reason}"),
    };
    [companion.to_owned(), requested_by(finding).to_owned(), outcome(finding).to_owned(), reason]
}

/// A table with columns as kubectl pads them: three spaces apart, without borders.
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
