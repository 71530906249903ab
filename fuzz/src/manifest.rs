//! A manifest as the command line reads it: documents, what they declare, what is injected, and the text that is written.

use std::path::Path;

use podgraft::internals::inject;
use podgraft::internals::inject::Request;
use podgraft::internals::inject::pod::Pod;
use podgraft::internals::inject::verdict::Decision;
use podgraft::internals::manifest;
use podgraft::internals::manifest::Document;
use podgraft::internals::source::files::manifests::Manifests;
use serde_json::Value;

use super::snapshot::{NAMESPACE, settings, snapshot};
use super::{answer, uninject};

/// Where the kinds have their Pods.
const TEMPLATES: [(&str, &str); 4] = [
    ("Pod", ""),
    ("Deployment", "/spec/template"),
    ("Job", "/spec/template"),
    ("CronJob", "/spec/jobTemplate/spec/template"),
];

/// Any bytes as a file of manifests.
pub fn manifest(bytes: &[u8]) {
    let documents = manifest::read(bytes);
    if documents.iter().all(Result::is_ok) {
        let joined: String = documents.iter().flatten().map(Document::text).collect();
        assert_eq!(joined.as_bytes(), bytes, "the texts of all documents are the file");
    }
    let mut collection = Manifests::new(NAMESPACE);
    for document in documents.iter().flatten() {
        collection.add(Path::new("-"), document);
        round_trip(document);
    }
    let own = collection.snapshot(settings());
    for document in documents.iter().flatten() {
        let Some(value) = &document.value else { continue };
        for snapshot in [&own, snapshot()] {
            inject_into(document, value, snapshot);
        }
    }
}

/// What is read is written again as the same value, in YAML and in the language of the document.
fn round_trip(document: &Document) {
    let Some(value) = document.value.as_ref().filter(|value| !has_reserved_key(value)) else { return };
    assert_eq!(value, &single(&manifest::yaml(value)), "as YAML");
    assert_eq!(value, &single(&manifest::json(value)), "as JSON");
    assert_eq!(value, &single(&document.rewritten(value)), "in its own language");
}

fn single(text: &str) -> Value {
    let mut documents = manifest::read(text.as_bytes());
    let values = documents.drain(..).filter_map(|document| {
        document.unwrap_or_else(|fault| panic!("what was written cannot be read: {fault}\n{text}")).value
    });
    let mut values: Vec<Value> = values.collect();
    assert_eq!(values.len(), 1, "one document is written: {text}");
    values.remove(0)
}

/// serde_json gives these keys a meaning of its own.
fn has_reserved_key(value: &Value) -> bool {
    value.to_string().contains("$serde_json")
}

fn inject_into(document: &Document, value: &Value, snapshot: &podgraft::internals::inject::snapshot::Snapshot) {
    let kind = value["kind"].as_str().unwrap_or_default();
    let Some((_, at)) = TEMPLATES.iter().find(|(of, _)| *of == kind) else { return };
    let Some(template) = value.pointer(at).filter(|template| template.is_object()) else { return };
    let text = template.to_string();
    let Ok(pod) = Pod::read(text.as_bytes()) else { return };
    let request = Request { pod, namespace: NAMESPACE, webhook: None, requester: "" };
    let verdict = inject::review(&request, snapshot);
    let Decision::Patch(patch) = &verdict.decision else { return };
    let operations: Vec<Value> = serde_json::from_slice(patch).unwrap();
    let injected = answer::apply(&operations, template);
    let mut whole = value.clone();
    *whole.pointer_mut(at).unwrap() = injected.clone();
    if !has_reserved_key(&whole) {
        assert_eq!(whole, single(&document.rewritten(&whole)), "what is injected is written as it is");
    }
    uninject::check(&injected);
}
