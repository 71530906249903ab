//! Documents that are not Kubernetes objects.

use serde_json::Value;

use super::file::ManifestInput;
use crate::cli::offline::remark;
use crate::json::Token;
use crate::manifest::{Document, Position};
use crate::source::files::report::{ManifestRemark, Severity};
use crate::workload;

/// Errors and warnings about documents of a file that are not Kubernetes objects.
pub(super) fn mistakes(input: &ManifestInput) -> Vec<ManifestRemark> {
    let with_value = input.documents.iter().filter_map(|document| Some((document, document.value.as_ref()?)));
    with_value.filter_map(|(document, value)| mistake(input, document, value)).collect()
}

/// Whether podgraft reads the document: a workload, a companion, a Namespace, or a list that can contain one.
pub(super) fn matters(document: &Document) -> bool {
    let Some(value) = &document.value else { return false };
    let kind = value["kind"].as_str().unwrap_or_default();
    matches!(kind, "Namespace" | "Companion" | "ClusterCompanion")
        || kind.ends_with("List")
        || !workload::workloads(value).is_empty()
}

fn mistake(input: &ManifestInput, document: &Document, value: &Value) -> Option<ManifestRemark> {
    let has = |field: &str| value[field].as_str().is_some_and(|text| !text.is_empty());
    let Some(members) = value.as_object() else {
        let message = "not a Kubernetes object: must be a mapping with apiVersion and kind".to_owned();
        return Some(remark(&input.path, document, Severity::Error, "", message));
    };
    if let Some(key) = members.keys().find(|key| key.starts_with("---")) {
        let pointer = format!("/{}", Token(key));
        let message =
            format!("{key:?}: a document separator must be --- on a line of its own; add a line break after it");
        return Some(ManifestRemark {
            field: String::new(),
            at: Some(Position { column: 1, ..document.position(&pointer) }),
            ..remark(&input.path, document, Severity::Error, &pointer, message)
        });
    }
    let missing = ["apiVersion", "kind"].into_iter().find(|field| !has(field))?;
    // Other YAML files are common next to manifests, so this is a warning; templates often render an empty mapping, so
    // that is not even a warning.
    let message = format!("not a Kubernetes object: {missing}: required value");
    (!members.is_empty()).then(|| remark(&input.path, document, Severity::Warning, "", message))
}
