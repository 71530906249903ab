//! Documents that are no Kubernetes objects.

use serde_json::Value;

use super::ManifestInput;
use crate::cli::offline::remark;
use crate::json::Token;
use crate::manifest::{Document, Position};
use crate::source::files::report::{Remark, Severity};
use crate::workload;

/// What is wrong with the documents of a file.
pub(super) fn mistakes(input: &ManifestInput) -> Vec<Remark> {
    let with_value = input.documents.iter().filter_map(|document| Some((document, document.value.as_ref()?)));
    with_value.filter_map(|(document, value)| mistake(input, document, value)).collect()
}

/// Whether a document has anything that podgraft reads: a workload, a companion, a Namespace, or a list that may.
pub(super) fn matters(document: &Document) -> bool {
    let Some(value) = &document.value else { return false };
    let kind = value["kind"].as_str().unwrap_or_default();
    matches!(kind, "Namespace" | "Companion" | "ClusterCompanion")
        || kind.ends_with("List")
        || !workload::workloads(value).is_empty()
}

fn mistake(input: &ManifestInput, document: &Document, value: &Value) -> Option<Remark> {
    let has = |field: &str| value[field].as_str().is_some_and(|text| !text.is_empty());
    let Some(members) = value.as_object() else {
        let message = "not a Kubernetes object: must be a mapping with apiVersion and kind".to_owned();
        return Some(remark(&input.path, document, Severity::Error, "", message));
    };
    if let Some(key) = members.keys().find(|key| key.starts_with("---")) {
        let pointer = format!("/{}", Token(key));
        let message =
            format!("{key:?}: a line that separates documents has nothing but --- on it; put a line break after it");
        return Some(Remark {
            field: String::new(),
            at: Some(Position { column: 1, ..document.position(&pointer) }),
            ..remark(&input.path, document, Severity::Error, &pointer, message)
        });
    }
    let missing = ["apiVersion", "kind"].into_iter().find(|field| !has(field))?;
    // Such documents are common beside manifests, and an empty mapping is what templates leave behind.
    let message = format!("not a Kubernetes object: {missing}: required value");
    (!members.is_empty()).then(|| remark(&input.path, document, Severity::Warning, "", message))
}
