//! Findings as sentences of the command line. Its user can read every companion, so it gives causes that the webhook must
//! not reveal to other namespaces.

use serde_json::Value;

use super::reviewed::Reviewed;
use super::server::OfflineServer;
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::companion::selector::{Operator, Requirement, Selector};
use crate::inject::keys;
use crate::inject::label_value::LabelValue;
use crate::inject::pod::Pod;
use crate::inject::verdict::Finding;
use crate::inject::verdict::reason::{Outcome, Reason, Remark};
use crate::json::Token;
use crate::text::suggest::suggest;
use crate::workload::controller_fields;

/// Upper bound on companions that are listed in the message about one that does not exist.
const MAX_NAMED: usize = 8;

/// A finding as a sentence.
pub(in crate::cli) fn sentence(server: &OfflineServer, found: &Reviewed<'_>, finding: &Finding<'_>) -> String {
    match (&finding.reason, finding.companion.as_deref()) {
        (Reason::Outcome(Outcome::NotAvailable { .. }), Some(name)) => unavailable(server, found, name),
        (Reason::Outcome(Outcome::CompanionInvalid), Some(name)) => {
            format!("companion {name:?} is invalid; fix the errors of its manifest")
        }
        _ => finding.to_string(),
    }
}

/// Why a companion is not available to a Pod.
fn unavailable(server: &OfflineServer, found: &Reviewed<'_>, name: &str) -> String {
    let companions = &server.snapshot.companions;
    if companions.is_empty() {
        return format!("companion {name:?} not found: no companions were read; use --companions PATH");
    }
    let words: Vec<&str> = name.split_whitespace().collect();
    if words.len() > 1 {
        return format!("companion {name:?} not found; separate names with commas: {}", words.join(","));
    }
    let namespace = server.namespace(found.workload);
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
    let (json, object) = (found.workload.pod().to_string(), found.workload.object.to_string());
    let fields = controller_fields(found.workload.group(), found.workload.kind, &object);
    let pod = Pod::read(json.as_bytes()).unwrap_or_default().created_with(fields);
    let selectors = listed.selectors();
    if let Some(requirement) = selectors.and_then(|(pods, _)| unmet(pods, |key| pod.label_value(key))) {
        return format!("companion {name:?} does not select this Pod: its podSelector requires {requirement}");
    }
    let known = server.snapshot.namespaces.listed(namespace);
    let label = |key: &str| match known {
        Some(known) => known.label(key),
        None => (key == keys::NAMESPACE_NAME).then_some(namespace),
    };
    match selectors.and_then(|(_, namespaces)| unmet(namespaces, |key| label(key).into())) {
        Some(requirement) => {
            let unknown = if known.is_none() { ", and that namespace is not among the manifests" } else { "" };
            format!(
                "companion {name:?} does not select namespace {namespace}: its namespaceSelector requires {requirement}{unknown}"
            )
        }
        None => format!("companion {name:?} is not available to this Pod"),
    }
}

/// The first requirement that the labels do not meet, in the notation of `kubectl -l`.
fn unmet<'v>(selector: &Selector, value: impl Fn(&str) -> LabelValue<'v>) -> Option<String> {
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

/// The JSON pointer of the annotation or label that a finding is about; of the template if it has no such key.
pub(in crate::cli) fn pointer(found: &Reviewed<'_>, finding: &Finding<'_>) -> String {
    let key = match &finding.reason {
        Reason::Outcome(
            Outcome::ParameterInvalid { companion, parameter, .. }
            | Outcome::ParameterUnknown { companion, parameter, .. },
        )
        | Reason::Remark(Remark::ParameterUnused { companion, parameter, .. }) => {
            format!("{}{companion}.{parameter}", keys::PREFIX)
        }
        Reason::Remark(Remark::UnknownKey { key, .. }) | Reason::Outcome(Outcome::FileOverridden { key }) => {
            key.to_string()
        }
        Reason::Remark(Remark::UnknownContainer { .. }) => keys::CONTAINERS.to_owned(),
        Reason::Remark(Remark::InvalidLabel { .. }) => keys::INJECT.to_owned(),
        _ => keys::COMPANIONS.to_owned(),
    };
    let token = Token(&key);
    let at = |members: &str| format!("{}/metadata/{members}/{token}", found.workload.pod_at());
    let value: &Value = found.document.value.as_ref().unwrap_or(&Value::Null);
    let is_there = |pointer: &String| value.pointer(pointer).is_some();
    ["annotations", "labels"].map(at).into_iter().find(is_there).unwrap_or_else(|| found.workload.pod_at())
}
