//! What `explain` prints for people.

use std::fmt::Write as _;

use super::called::Called;
use super::rule::rule;
use super::table::table;
use crate::cli::offline;
use crate::cli::offline::{OfflineServer, Reviewed};
use crate::inject::keys;
use crate::inject::verdict::reason::{Outcome, Reason, Remark};
use crate::inject::verdict::{Decision, Effect, Finding, Verdict, Via};

/// What is known of the Pods of one workload.
pub(super) struct Explained<'a> {
    pub(super) server: &'a OfflineServer,
    pub(super) found: &'a Reviewed<'a>,
    pub(super) verdict: &'a Verdict<'a>,
    /// Which webhooks are called; `None` for manifests.
    pub(super) called: Option<Called>,
}

impl Explained<'_> {
    /// What was found besides outcomes. The pull secrets of a ServiceAccount are lost only to a template that has a list of its
    /// own, as `podgraft inject` writes it: the webhook reviews Pods, which have them already.
    pub(super) fn remarks(&self) -> impl Iterator<Item = &Finding<'_>> {
        let is_lost = |reason: &Reason| *reason == Reason::Remark(Remark::PullSecretsReplaced);
        let remarks = self.verdict.findings.iter().filter(|finding| !finding.outcome);
        remarks.filter(move |finding| self.called.is_none() || !is_lost(&finding.reason))
    }
}

/// A heading, the table, and the remarks.
pub(super) fn page(of: &Explained<'_>) -> String {
    let Explained { server, found, verdict, called } = of;
    let workload = found.workload;
    let namespace = server.namespace(workload);
    let mut page = format!("{workload} in namespace {namespace}: {}\n", result(of));
    if let Some(why) = called.as_ref().and_then(Called::why_not).filter(|_| has_outcome(verdict)) {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "error: no webhook of podgraft is called: {why}\nIf one were called:");
    }
    let rows: Vec<[String; 4]> =
        verdict.outcomes().map(|(companion, finding)| row(server, found, companion, finding)).collect();
    if rows.is_empty() {
        let _ = writeln!(page, "No companion was considered: {}.", why_none(server, namespace, verdict));
        if server.snapshot.namespaces.listed(namespace).is_none() {
            let _ = writeln!(
                page,
                "Namespace {namespace} is not among the manifests, so it is treated as not opted in; read it with --companions."
            );
        }
        if !server.snapshot.companions.is_empty() {
            page += "To see why a companion is not injected, use --why-not NAME.\n";
        }
    } else {
        let header = ["COMPANION", "RULE", "OUTCOME", "REASON"].map(str::to_owned);
        page += &table(&[vec![header], rows].concat());
    }
    for remark in of.remarks() {
        let word = match remark.effect {
            Effect::Info => "note",
            Effect::Warn => "warning",
            Effect::Deny => "error",
        };
        let _ = writeln!(page, "{word}: {}", offline::sentence(server, found, remark));
    }
    page
}

/// What becomes of the Pods, in a few words.
fn result(of: &Explained<'_>) -> &'static str {
    let Explained { found, verdict, called, .. } = of;
    let workload = found.workload;
    let is_called = called.as_ref().and_then(Called::why_not).is_none();
    match &verdict.decision {
        Decision::Admit => "nothing to add",
        Decision::Patch(_) | Decision::Deny if !is_called && has_outcome(verdict) => {
            "Pods are created as they are, because podgraft is not called"
        }
        Decision::Patch(_) if !workload.changes => {
            "the webhook injects companions; podgraft inject does not change this kind, because its template requests none"
        }
        Decision::Patch(_) if !injects(verdict) => "restartPolicy is restored",
        Decision::Patch(_) if is_existing_pod(found) => {
            "a companion is missing; an existing Pod never changes, so recreate the Pod to get the companion"
        }
        Decision::Patch(_) => "companions are injected",
        Decision::Deny | Decision::Unavailable => "denied",
    }
}

/// Whether any companion was considered.
fn has_outcome(verdict: &Verdict<'_>) -> bool {
    verdict.outcomes().next().is_some()
}

/// Whether a Pod exists, so that it never changes.
pub(super) fn is_existing_pod(found: &Reviewed<'_>) -> bool {
    offline::existing(found.workload).is_some()
}

/// Whether the patch adds a companion.
pub(super) fn injects(verdict: &Verdict<'_>) -> bool {
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
    [companion.to_owned(), rule(server, found, finding).to_owned(), outcome(finding).to_owned(), reason]
}
