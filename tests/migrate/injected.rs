//! Whether companions are valid, and whether a Pod gets them.

use std::fs;

use serde_json::{Value, json};

use super::podgraft;

/// Validates companions, and injects each into a Pod that requests it. Their selectors are removed for that, because a plain
/// Pod has no labels.
pub fn check(companions: &[Value]) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, objects: Vec<Value>| {
        fs::write(folder.path().join(name), json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string())
            .unwrap();
    };
    write("declared.json", renamed(companions));
    let validated = podgraft(folder.path(), "validate declared.json");
    assert_eq!(validated.code, 0, "{}{}", validated.out, validated.err);
    assert!(validated.err.starts_with(&format!("{} companion", companions.len())), "{}", validated.err);
    let requested = renamed(companions).into_iter().map(|mut companion| {
        for field in ["activation", "podSelector", "namespaceSelector"] {
            companion["spec"].as_object_mut().unwrap().remove(field);
        }
        companion
    });
    write("companions.json", requested.collect());
    write("pods.json", (0..companions.len()).map(pod).collect());
    let injected = podgraft(folder.path(), "inject -c companions.json pods.json -o json");
    assert_eq!(injected.code, 0, "{}", injected.err);
    let summary = format!("workloads: {} injected, 0 unchanged, 0 denied", companions.len());
    assert!(injected.err.contains(&summary), "{}", injected.err);
}

/// The companions under names that differ.
fn renamed(companions: &[Value]) -> Vec<Value> {
    let renamed = companions.iter().enumerate().map(|(index, companion)| {
        let mut companion = companion.clone();
        companion["metadata"] = json!({"name": format!("c{index}")});
        companion
    });
    renamed.collect()
}

/// A Pod that requests one of them.
fn pod(index: usize) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": format!("p{index}"), "annotations": {"podgraft.dev/companions": format!("c{index}")}},
        "spec": {"containers": [{"name": "the-app", "image": "app:1"}]},
    })
}
