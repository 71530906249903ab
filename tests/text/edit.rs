//! What the commands do to a text, without the commands.

use podgraft::internals::inject;
use podgraft::internals::inject::Request;
use podgraft::internals::inject::pod::Pod;
use podgraft::internals::inject::snapshot::Snapshot;
use podgraft::internals::inject::verdict::Decision;
use podgraft::internals::manifest;
use podgraft::internals::manifest::Document;
use podgraft::internals::workload;
use podgraft::internals::workload::Workload;
use serde_json::{Map, Value};

/// A text after a command.
pub(crate) struct Edited {
    pub(crate) text: String,
    /// What the patches make of the values.
    pub(crate) values: Vec<Value>,
    /// How many documents changed.
    pub(crate) changed: usize,
}

pub(crate) fn inject(text: &str, snapshot: &Snapshot) -> Edited {
    edit(text, |workload| {
        let pod = workload.pod().to_string();
        let Ok(pod) = Pod::read(pod.as_bytes()) else { return Vec::new() };
        let request =
            Request { pod, namespace: workload.namespace().unwrap_or("default"), webhook: None, requester: "" };
        match inject::review(&request, snapshot).decision {
            Decision::Patch(patch) => serde_json::from_slice(&patch).unwrap(),
            _ => Vec::new(),
        }
    })
}

pub(crate) fn uninject(text: &str) -> Edited {
    edit(text, |workload| {
        inject::removal(&mut workload.pod().clone()).unwrap().map(|removal| removal.operations).unwrap_or_default()
    })
}

fn edit(text: &str, operations: impl Fn(&Workload<'_>) -> Vec<Value>) -> Edited {
    let mut edited = Edited { text: String::new(), values: Vec::new(), changed: 0 };
    for document in manifest::read(text.as_bytes()) {
        let document = document.unwrap_or_else(|e| panic!("{e}\n{text}"));
        let (new, value) = edit_document(&document, &operations);
        edited.changed += usize::from(new.is_some());
        edited.text += new.as_deref().unwrap_or(document.text());
        edited.values.extend(value);
    }
    edited
}

fn edit_document(
    document: &Document,
    operations: impl Fn(&Workload<'_>) -> Vec<Value>,
) -> (Option<String>, Option<Value>) {
    let Some(value) = &document.value else { return (None, None) };
    let mut all = Vec::new();
    for workload in workload::workloads(value) {
        let mut operations = operations(&workload);
        for operation in &mut operations {
            let path = format!("{}{}", workload.pod_at(), operation["path"].as_str().unwrap());
            operation["path"] = path.into();
        }
        all.extend(operations);
    }
    if all.is_empty() {
        return (None, Some(value.clone()));
    }
    let mut patched = value.clone();
    json_patch::patch(&mut patched, &serde_json::from_value::<json_patch::Patch>(all.clone().into()).unwrap()).unwrap();
    let text = document.edited(&patched, &all);
    let text = text.unwrap_or_else(|| panic!("cannot be edited:\n{}\nwith {}", document.text(), Value::Array(all)));
    (Some(text), Some(patched))
}

pub(crate) fn values(text: &str) -> Vec<Value> {
    manifest::read(text.as_bytes()).into_iter().filter_map(|d| d.unwrap().value).collect()
}

/// What another reader of YAML, or of JSON, sees.
pub(crate) fn other_reader(text: &str, is_json: bool) -> Vec<Value> {
    if is_json {
        return serde_json::Deserializer::from_str(text).into_iter().map(Result::unwrap).collect();
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let read = serde_saphyr::from_multiple::<Value>(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    read.into_iter().filter(|value| !value.is_null()).collect()
}

/// Values without null and empty members: for `uninject` they are equal to absent ones.
pub(crate) fn bare(values: &[Value]) -> Vec<Value> {
    values.iter().map(bare_value).collect()
}

fn bare_value(value: &Value) -> Value {
    let is_empty =
        |v: &Value| v.is_null() || v.as_object().is_some_and(Map::is_empty) || *v == Value::Array(Vec::new());
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (key.clone(), bare_value(value)));
            Value::Object(members.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(items) => items.iter().map(bare_value).collect(),
        other => other.clone(),
    }
}
