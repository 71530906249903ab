//! The `results` of a KRM function.

use serde_json::{Value, json};

use crate::inject::verdict::Effect;
use crate::workload::Workload;

/// The prefixes under which tools note the file of an item; the newer one first.
const FILE_PREFIXES: [&str; 2] = ["internal.config.kubernetes.io", "config.kubernetes.io"];

/// One result.
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

/// The severity of a result.
pub(super) fn severity(effect: Effect) -> &'static str {
    match effect {
        Effect::Info => "info",
        Effect::Warn => "warning",
        Effect::Deny => "error",
    }
}
