//! Warnings for the preview, when a companion is applied.

mod consequences;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::Value;
use serde_json::value::RawValue;

use super::check::check_companion;
use super::size::{too_dense, too_large};
use crate::api::report::Problem;
use crate::inject::snapshot::Snapshot;
use consequences::consequences;

/// Upper bound on warnings about one companion: a response has room for no more, so further ones are not rendered.
const MAX_ADVISED: usize = 5;

/// An object whose `spec` is not parsed yet.
#[derive(serde::Deserialize)]
struct Envelope<'t> {
    #[serde(borrow)]
    spec: Option<&'t RawValue>,
}

/// Warnings about a companion, given as JSON: what applying it leads to, its problems, which keep it from being used, and
/// its warnings. `snapshot` has the companions before it is applied.
#[must_use]
pub fn advise(object: &str, snapshot: &Snapshot) -> Vec<String> {
    let object = match read(object) {
        Ok(object) => object,
        Err(reason) => return vec![not_used(reason)],
    };
    let checked = check_companion(&object);
    let problems = checked.problems.iter().map(not_used);
    let warnings = checked.warnings.iter().map(|warning| format!("podgraft: {warning}"));
    let consequences = consequences(&checked, snapshot).into_iter().map(|sentence| format!("podgraft: {sentence}"));
    consequences.chain(problems).chain(warnings).take(MAX_ADVISED).collect()
}

fn not_used(reason: impl fmt::Display) -> String {
    format!("podgraft: the companion will not be used: {reason}")
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
