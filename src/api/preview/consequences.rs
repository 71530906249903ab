//! What applying a companion leads to, besides what is wrong with it.

use crate::api::check::Checked;
use crate::inject::companion::CompanionKind;
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::snapshot::Snapshot;

/// How many digits of a content hash name a version. The labels of Pods have as many.
const DIGITS: usize = 8;

/// What applying a companion leads to, as sentences. `snapshot` has the companions before it is applied.
pub(super) fn consequences(checked: &Checked, snapshot: &Snapshot) -> Vec<String> {
    let Some(applied) = &checked.listed else { return Vec::new() };
    let namespace = checked.namespace.as_deref().unwrap_or_default();
    let found = snapshot.companions.resolve(namespace, applied.name());
    let (existing, other) = match found {
        Some(found) if found.kind() == applied.kind() => (Some(found), None),
        other => (None, other),
    };
    if other.is_some_and(CatalogEntry::required) {
        return vec!["shadowed by a required ClusterCompanion with the same name; choose another name".to_owned()];
    }
    let replaced = other.and_then(|other| replaced(other, namespace, snapshot));
    let version = match (checked.problems.is_empty(), existing) {
        (true, Some(existing)) => changed(applied, existing),
        (true, None) => None,
        (false, existing) => Some(kept(existing)),
    };
    let effective = if checked.problems.is_empty() { not_injected(applied, snapshot) } else { None };
    [replaced, version, effective].into_iter().flatten().collect()
}

/// That a Companion takes the place of a ClusterCompanion. Only of one that is offered to the namespace: the name of any
/// other is not revealed.
fn replaced(other: &CatalogEntry, namespace: &str, snapshot: &Snapshot) -> Option<String> {
    let (_, namespaces) = other.selectors().filter(|_| other.kind() == CompanionKind::ClusterCompanion)?;
    let labels = snapshot.namespaces.listed(namespace)?;
    namespaces.matches(|key| labels.label(key)).then(|| {
        let name = other.name();
        format!(
            "in namespace {namespace} this Companion replaces ClusterCompanion {name} completely, with its parameters, \
             selectors and activation; rename the Companion to keep both"
        )
    })
}

/// That Pods keep the version that they were created with.
fn changed(applied: &CatalogEntry, existing: &CatalogEntry) -> Option<String> {
    let hash = &applied.valid()?.hash;
    let is_same = existing.valid().is_some_and(|existing| existing.hash == *hash);
    (existing.valid().is_some() && !is_same).then(|| {
        format!(
            "new Pods get version {}; existing Pods keep theirs until they are recreated (kubectl rollout restart)",
            short(hash)
        )
    })
}

/// Which version is used instead of an invalid one.
fn kept(existing: Option<&CatalogEntry>) -> String {
    match existing.and_then(CatalogEntry::valid) {
        Some(valid) => format!("spec is invalid; the last valid version {} stays active", short(&valid.hash)),
        None => {
            "spec is invalid and no earlier valid version exists; Pods that request the companion are denied until \
                 it is fixed"
                .to_owned()
        }
    }
}

/// Why a valid companion is not injected into all Pods that it is meant for.
fn not_injected(applied: &CatalogEntry, snapshot: &Snapshot) -> Option<String> {
    let settings = &snapshot.settings;
    if applied.required() && !settings.required {
        let disabled = "required companions are disabled, so this companion is not injected; set \
                        requiredCompanions.enabled in podgraft's chart, or remove spec.required";
        return Some(disabled.to_owned());
    }
    let missing = applied.webhooks().intersection(settings.missing);
    (!missing.is_empty()).then(|| missing.missing_message(&settings.installation, "this companion"))
}

fn short(hash: &str) -> &str {
    hash.get(..DIGITS).unwrap_or(hash)
}
