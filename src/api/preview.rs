//! What the preview reports when a companion is applied.

mod consequences;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::Value;
use serde_json::value::RawValue;

use super::check::{Checked, check_companion};
use super::size::{too_dense, too_large};
use crate::api::report::Problem;
use crate::inject::companion::CompanionKind;
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::snapshot::Snapshot;
use consequences::consequences;

/// An object whose `spec` is not parsed yet.
#[derive(serde::Deserialize)]
struct Envelope<'t> {
    #[serde(borrow)]
    spec: Option<&'t RawValue>,
}

/// What is reported about a companion, and what it changes.
#[derive(Debug)]
pub struct Advice {
    /// What applying it leads to, its problems, which keep it from being used, and its warnings.
    pub warnings: Vec<String>,
    /// What it changes for Pods; `None` where it is invalid, or behaves like the version before.
    pub change: Option<CompanionChange>,
}

/// A valid companion that is applied.
#[derive(Debug)]
pub struct CompanionChange {
    /// The namespace of a Companion.
    pub namespace: Option<Box<str>>,
    entry: CatalogEntry,
}

/// Advice about a companion, given as JSON. `namespace` is that of the request, in which a Companion that names none is created.
/// `snapshot` has the companions before it is applied.
#[must_use]
pub fn advise(object: &str, namespace: &str, snapshot: &Snapshot) -> Advice {
    let mut object = match read(object) {
        Ok(object) => object,
        Err(reason) => return Advice { warnings: vec![not_used(reason)], change: None },
    };
    set_namespace(&mut object, namespace);
    let checked = check_companion(&object);
    let problems = checked.problems.iter().map(not_used);
    let warnings = checked.warnings.iter().map(|warning| format!("podgraft: {warning}"));
    let consequences = consequences(&checked, snapshot).into_iter().map(|sentence| format!("podgraft: {sentence}"));
    let warnings = consequences.chain(problems).chain(warnings).collect();
    Advice { warnings, change: CompanionChange::of(checked, snapshot) }
}

impl CompanionChange {
    fn of(checked: Checked, snapshot: &Snapshot) -> Option<Self> {
        let Checked { namespace, listed: Some(entry), problems, .. } = checked else { return None };
        let is_placed = (entry.kind() == CompanionKind::Companion) == namespace.is_some();
        let hash = |entry: &CatalogEntry| entry.valid().map(|companion| companion.hash.clone());
        let existing = snapshot.companions.resolve(namespace.as_deref().unwrap_or_default(), entry.name());
        let is_same =
            existing.is_some_and(|existing| existing.kind() == entry.kind() && hash(existing) == hash(&entry));
        (problems.is_empty() && is_placed && !is_same).then_some(CompanionChange { namespace, entry })
    }

    /// The companions after it is applied.
    #[must_use]
    pub fn applied_to(&self, snapshot: &Snapshot) -> Snapshot {
        let mut companions = snapshot.companions.clone();
        companions.insert(self.namespace.as_deref(), self.entry.clone());
        let Snapshot { namespaces, settings, stale, .. } = snapshot;
        Snapshot { companions, namespaces: namespaces.clone(), settings: settings.clone(), stale: *stale }
    }
}

/// Sets the namespace of a Companion that has none, as API servers do.
fn set_namespace(object: &mut Value, namespace: &str) {
    let is_namespaced = object["kind"] == CompanionKind::Companion.as_str() && !namespace.is_empty();
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut).filter(|_| is_namespaced) else {
        return;
    };
    if metadata.get("namespace").is_none_or(|of_object| of_object.is_null() || of_object == "") {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
}

fn not_used(reason: impl fmt::Display) -> String {
    format!("podgraft: this version will not be used: {reason}")
}

/// Parses an object if its text is within the bounds of a companion. Parsed values take many times the memory of
/// their text, so the text is measured first.
fn read(object: &str) -> Result<Value, String> {
    let unreadable = |fault: serde_json::Error| format!("invalid value: must be readable JSON: {fault}");
    let envelope: Envelope = serde_json::from_str(object).map_err(unreadable)?;
    let spec = envelope.spec.map_or("", RawValue::get);
    // Metadata has the same bound; the API server limits it further.
    let beside = object.len() - spec.len();
    let problem = too_large(spec.len()).or_else(|| too_large(beside)).or_else(|| too_dense(object));
    match problem {
        Some(problem) => Err(Problem::to_string(&problem)),
        None => serde_json::from_str(object).map_err(unreadable),
    }
}
