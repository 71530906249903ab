//! The `results` of a KRM function, as the KRM Functions Specification (config.kubernetes.io/v1) defines them.

use serde_json::{Value, json};

use crate::workload::Workload;

/// Prefixes of the annotations in which kustomize and kpt record the file of an item; the newer one first.
const FILE_PREFIXES: [&str; 2] = ["internal.config.kubernetes.io", "config.kubernetes.io"];

/// A result about one workload.
pub(super) fn result(workload: &Workload<'_>, severity: &str, field: &str, message: &str) -> Value {
    let metadata = &workload.object["metadata"];
    let mut result = json!({
        "message": message,
        "severity": severity,
        "resourceRef": {
            "apiVersion": workload.version,
            "kind": workload.kind,
            "name": metadata["name"].as_str().unwrap_or_default(),
        },
    });
    if let Some(namespace) = workload.namespace() {
        result["resourceRef"]["namespace"] = namespace.into();
    }
    if !field.is_empty() {
        result["field"] = json!({"path": field});
    }
    let annotation = |name: &str| {
        FILE_PREFIXES.iter().find_map(|prefix| metadata["annotations"][format!("{prefix}/{name}")].as_str())
    };
    if let Some(path) = annotation("path") {
        result["file"] = json!({"path": path});
        if let Some(index) = annotation("index").and_then(|index| index.parse::<u32>().ok()) {
            result["file"]["index"] = index.into();
        }
    }
    result
}
