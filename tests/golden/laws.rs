//! What holds of every Pod that is patched, whatever is put in.

use serde_json::{Map, Value};

use super::case::Case;
use super::{Complaint, binary, same, server};

/// Written by podgraft: it may change.
const STATUS: &str = "podgraft.dev/status";
/// The start of labels that are written by podgraft.
const HASHES: &str = "companions.podgraft.dev/";

/// A second review gives no patch.
pub(super) async fn settles(case: &Case, patched: &Value) -> Result<(), Complaint> {
    let again = server::review(case, patched).await?;
    match again.decision() {
        "unchanged" => Ok(()),
        decision => Err(format!("a second review must change nothing, and the Pod is {decision}: {:?}", again.message)),
    }
}

/// If only the companions' containers are removed, a further review adds them again, and nothing twice. A required companion
/// takes no status for true.
pub(super) async fn can_be_repaired(case: &Case, patched: &Value) -> Result<(), Complaint> {
    let trusts = !std::fs::read_to_string(&case.path).unwrap().contains("required: true");
    if !trusts || case.pod.pointer("/metadata/annotations").is_some_and(|all| all.get(STATUS).is_some()) {
        return Ok(());
    }
    let mut pod = patched.clone();
    let status: Value = serde_json::from_str(patched["metadata"]["annotations"][STATUS].as_str().unwrap()).unwrap();
    for entry in status.as_object().unwrap().values() {
        for list in ["initContainers", "containers"] {
            let is_injected = |item: &Value| entry[list].as_array().is_some_and(|names| names.contains(&item["name"]));
            let items = pod["spec"].get_mut(list).and_then(Value::as_array_mut);
            if let Some(items) = items {
                items.retain(|item| !is_injected(item));
            }
        }
    }
    let again = server::review(case, &pod).await?;
    let repaired = again.pod.ok_or_else(|| format!("a removed container must be added again: {:?}", again.message))?;
    let yaml = podgraft::internals::manifest::yaml;
    same("what is added after a removal differs", &yaml(patched), &yaml(&repaired))
}

/// All that the author wrote is there, in its order and with its text.
pub(super) fn is_lossless(written: &Value, patched: &Value) -> Result<(), Complaint> {
    if keeps(written, patched) {
        return Ok(());
    }
    let yaml = podgraft::internals::manifest::yaml;
    same("the author's words are not kept", &yaml(written), &yaml(patched))
}

/// `uninject` gives back what the author wrote; null, empty and absent count as equal.
pub(super) fn can_be_taken_back(case: &Case, output: &str) -> Result<(), Complaint> {
    let (mut written, back) = (case.pod.clone(), bare(&binary::uninject(output)?));
    let annotations = written.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
    let status = annotations.and_then(|annotations| annotations.shift_remove(STATUS));
    let labels = written.pointer("/metadata/labels").and_then(Value::as_object);
    let is_labeled = labels.is_some_and(|labels| labels.keys().any(|key| key.starts_with(HASHES)));
    if (status.is_some() || is_labeled) && bare(&written) != back {
        // Whatever was there before is removed as well.
        written = binary::uninject(&std::fs::read_to_string(&case.path).unwrap())?;
    }
    let yaml = podgraft::internals::manifest::yaml;
    same("uninject does not give back what was written", &yaml(&bare(&written)), &yaml(&back))
}

/// Whether an object is kept in the result: members and items may only be added.
fn keeps(written: &Value, seen: &Value) -> bool {
    match (written, seen) {
        (Value::Null, _) => true,
        (Value::Object(written), Value::Object(seen)) => {
            let kept = written.iter().filter(|(key, _)| *key != STATUS && !key.starts_with(HASHES));
            let mut order = seen.keys();
            kept.clone().all(|(key, value)| seen.get(key).is_some_and(|seen| keeps(value, seen)))
                && kept.into_iter().all(|(key, _)| order.any(|other| other == key))
        }
        (Value::Array(written), Value::Array(seen)) => {
            let mut seen = seen.iter();
            written.iter().all(|item| seen.any(|other| keeps(item, other)))
        }
        // Numbers are compared by their text.
        (written, seen) => written == seen,
    }
}

/// A value without what is null or empty.
fn bare(value: &Value) -> Value {
    let is_empty = |v: &Value| v.is_null() || v.as_object().is_some_and(Map::is_empty) || *v == Value::Array(vec![]);
    match value {
        Value::Object(members) => {
            let bare_members = members.iter().map(|(key, value)| (key.clone(), bare(value)));
            Value::Object(bare_members.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(items) => items.iter().map(bare).collect(),
        scalar => scalar.clone(),
    }
}
