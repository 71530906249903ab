//! Findings as sentences of the command line. Its user can read every companion, so it gives causes that the webhook must
//! not reveal to other namespaces.

use std::borrow::Cow;

use super::reviewed::Reviewed;
use super::server::{OfflineServer, Origin};
use crate::inject::companion::CompanionKind;
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::companion::selector::{CHANGE_LABELS, Operator, Requirement, Selector};
use crate::inject::keys;
use crate::inject::label_value::LabelValue;
use crate::inject::verdict::Finding;
use crate::inject::verdict::reason::{Conflict, LabelFault, Outcome, Reason, Remark};
use crate::json::Token;
use crate::source::files::places::CompanionPart;
use crate::text::suggest::{suggest, with_commas};

/// Upper bound on companions that are listed in the message about one that does not exist.
const MAX_NAMED: usize = 8;

/// A finding as a sentence.
pub(in crate::cli) fn sentence(server: &OfflineServer, found: &Reviewed<'_>, finding: &Finding<'_>) -> String {
    match (&finding.reason, finding.companion.as_deref()) {
        (Reason::Outcome(Outcome::NotAvailable { .. }), Some(name)) if with_commas(name).is_none() => {
            unavailable(server, found, name)
        }
        (Reason::Outcome(Outcome::CompanionInvalid), Some(name)) if server.origin == Origin::Manifests => {
            let place = place(server, found, name, CompanionPart::FirstError);
            format!("companion {name:?} is invalid{place}; fix the errors of its manifest")
        }
        (Reason::Remark(Remark::Outdated | Remark::PartsMissing { .. }), _) if !found.workload.template.is_empty() => {
            with_remedy_of_template(&finding.to_string())
        }
        _ => finding.to_string(),
    }
}

/// The same, with the name of the reason at the end, by which users find it in `docs/reasons.md`.
pub(in crate::cli) fn sentence_with_reason(
    server: &OfflineServer,
    found: &Reviewed<'_>,
    finding: &Finding<'_>,
) -> String {
    format!("{} ({})", sentence(server, found, finding), finding.reason.label())
}

/// The remedy for a Pod is to recreate it. A Pod template that is injected already was written by the command line.
fn with_remedy_of_template(text: &str) -> String {
    let what = text.split_once("; recreate the Pod").map_or(text, |(what, _)| what);
    format!("{what}; run `podgraft uninject` and inject again")
}

/// Where a part of the companion with a name is declared, in parentheses; empty if it is not in a file.
fn place(server: &OfflineServer, found: &Reviewed<'_>, name: &str, part: CompanionPart) -> String {
    let namespace = server.namespace(found.workload);
    let kind = server.snapshot.companions.resolve(namespace, name).map(CatalogEntry::kind);
    let namespace = (kind == Some(CompanionKind::Companion)).then_some(namespace);
    server.places.of(namespace, name, part).map_or(String::new(), |place| format!(" ({place})"))
}

/// Why a companion is not available to a Pod.
pub(in crate::cli) fn unavailable(server: &OfflineServer, found: &Reviewed<'_>, name: &str) -> String {
    let companions = &server.snapshot.companions;
    let namespace = server.namespace(found.workload);
    if companions.is_empty() {
        return match server.origin {
            Origin::Manifests => {
                format!(
                    "companion {name:?} not found: no companions were read; use --companions PATH with a file or folder that declares it"
                )
            }
            Origin::Cluster => {
                format!("companion {name:?} not found: the cluster has no companions for namespace {namespace}")
            }
        };
    }
    if let Some(listed) = companions.resolve(namespace, name) {
        return not_selected(server, found, listed, namespace);
    }
    let mut names: Vec<&str> = companions.names(namespace).collect();
    names.sort_unstable();
    let count = names.len();
    let near = suggest(name, names.iter().copied(), |_| true);
    let hint = near.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
    let more = if count > MAX_NAMED { ", …" } else { "" };
    let listed = names.into_iter().take(MAX_NAMED).collect::<Vec<_>>().join(", ");
    format!(
        "companion {name:?} not found among {} ({listed}{more}){hint}",
        crate::cli::stderr::number(count, "companion")
    )
}

/// Names the requirement of the companion's selectors that is not met.
fn not_selected(server: &OfflineServer, found: &Reviewed<'_>, listed: &CatalogEntry, namespace: &str) -> String {
    let name = listed.name();
    let created = found.workload.created();
    let pod = created.pod().unwrap_or_default();
    let selectors = listed.selectors();
    if let Some(requirement) = selectors.and_then(|(pods, _)| unmet(pods, |key| pod.label_value(key))) {
        let place = place(server, found, name, CompanionPart::PodSelector);
        return format!(
            "companion {name:?} does not select this Pod: its podSelector requires {requirement}{place}; {CHANGE_LABELS}"
        );
    }
    let known = server.snapshot.namespaces.listed(namespace);
    let label = |key: &str| match known {
        Some(known) => known.label(key),
        None => (key == keys::NAMESPACE_NAME).then_some(namespace),
    };
    match selectors.and_then(|(_, namespaces)| unmet(namespaces, |key| label(key).into())) {
        Some(requirement) => {
            let remedy = if known.is_some() {
                "; use another namespace, or ask the companion's author to change the selector"
            } else {
                ", and that namespace is not among the manifests; read it with --companions"
            };
            let place = place(server, found, name, CompanionPart::NamespaceSelector);
            format!(
                "companion {name:?} does not select namespace {namespace}: its namespaceSelector requires {requirement}{place}{remedy}"
            )
        }
        None => format!("companion {name:?} is not available to this Pod"),
    }
}

/// The first requirement that the labels do not meet, in the notation of `kubectl -l`.
pub(in crate::cli) fn unmet<'v>(selector: &Selector, value: impl Fn(&str) -> LabelValue<'v>) -> Option<String> {
    let unmet = |requirement: &&Requirement| requirement.is_met(value(&requirement.key)) == Some(false);
    selector.0.iter().find(unmet).map(|requirement| {
        let key = &requirement.key;
        match &requirement.operator {
            Operator::In(values) if values.len() == 1 => format!("{key}={}", values[0]),
            Operator::In(values) => format!("{key} in ({})", values.join(",")),
            Operator::NotIn(values) => format!("{key} notin ({})", values.join(",")),
            Operator::Exists => key.to_string(),
            Operator::DoesNotExist => format!("!{key}"),
        }
    })
}

/// The JSON pointer of the annotation or label that a finding is about, or else of the one that requests companions; of the
/// template if it has none of them.
pub(in crate::cli) fn pointer(found: &Reviewed<'_>, finding: &Finding<'_>) -> String {
    let key = key_of(finding);
    let mut keys = key.as_deref().into_iter().chain([keys::COMPANIONS]);
    keys.find_map(|key| place_of(found, key)).unwrap_or_else(|| found.workload.pod_at())
}

/// The annotation or label that a finding is about, if it is not about the request.
fn key_of<'f>(finding: &'f Finding<'_>) -> Option<Cow<'f, str>> {
    match &finding.reason {
        Reason::Outcome(outcome) => key_of_outcome(outcome),
        Reason::Remark(remark) => key_of_remark(remark),
    }
}

fn key_of_outcome(outcome: &Outcome) -> Option<Cow<'_, str>> {
    match outcome {
        Outcome::ParameterMissing { companion, parameter }
        | Outcome::ParameterInvalid { companion, parameter, .. }
        | Outcome::ParameterUnknown { companion, parameter, .. }
        | Outcome::RequestExceedsLimit { companion, parameter, .. } => Some(parameter_key(companion, parameter)),
        Outcome::Conflict(Conflict::PodResourcesExceeded { annotation: Some(key), .. })
        | Outcome::FileOverridden { key } => Some(Cow::Borrowed(key)),
        _ => None,
    }
}

fn key_of_remark(remark: &Remark) -> Option<Cow<'_, str>> {
    match remark {
        Remark::ParameterUnused { companion, parameter, .. } | Remark::ParameterDiffers { companion, parameter } => {
            Some(parameter_key(companion, parameter))
        }
        Remark::UnknownKey { key, .. } | Remark::AnnotationKept { key, .. } => Some(Cow::Borrowed(key)),
        Remark::EmptyName { key, .. }
        | Remark::DuplicateName { key, .. }
        | Remark::TooManyNames { key, .. }
        | Remark::ScrapeAnnotationsKept { key } => Some(Cow::Borrowed(key)),
        Remark::UnknownContainer { .. } | Remark::ContainerExcluded { .. } | Remark::StartsBeforeCompanion { .. } => {
            Some(Cow::Borrowed(keys::CONTAINERS))
        }
        Remark::InvalidLabel {
            fault: LabelFault::WithoutCompanion(companion) | LabelFault::OtherVersion(companion),
            ..
        } => Some(Cow::Owned(format!("{}{companion}", keys::HASH_LABELS))),
        Remark::InvalidLabel { .. } | Remark::OptedOut { .. } => Some(Cow::Borrowed(keys::INJECT)),
        _ => None,
    }
}

fn parameter_key(companion: &str, parameter: &str) -> Cow<'static, str> {
    Cow::Owned(format!("{}{companion}.{parameter}", keys::PREFIX))
}

/// The JSON pointer of a key among the Pod's annotations or labels.
fn place_of(found: &Reviewed<'_>, key: &str) -> Option<String> {
    let at = |members: &str| format!("{}/metadata/{members}/{}", found.workload.pod_at(), Token(key));
    let value = found.document.value.as_ref()?;
    ["annotations", "labels"].map(at).into_iter().find(|pointer| value.pointer(pointer).is_some())
}
