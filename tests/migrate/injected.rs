//! Whether companions are valid, and which Pods get them.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Map, Value, json};

use super::podgraft;

const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Validates companions, and injects each into a Pod that its selectors select. The Pod requests it unless it is automatic.
pub fn check(companions: &[Value]) {
    let folder = tempfile::tempdir().unwrap();
    let items: Vec<Value> = companions.iter().enumerate().map(|(i, companion)| renamed(companion, i)).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    fs::write(folder.path().join("declared.json"), list.to_string()).unwrap();
    let validated = podgraft(folder.path(), "validate declared.json");
    assert_eq!(validated.code, 0, "{}{}", validated.out, validated.err);
    assert!(validated.err.starts_with(&format!("{} companion", companions.len())), "{}", validated.err);
    for companion in companions {
        let spec = &companion["spec"];
        let namespace = selected(&spec["namespaceSelector"]);
        let name = namespace.get(NAMESPACE_NAME).map_or("elsewhere", String::as_str);
        let name = companion["metadata"]["namespace"].as_str().unwrap_or(name).to_owned();
        let pod = PodPlace { labels: selected(&spec["podSelector"]), namespace: name, namespace_labels: namespace };
        assert_eq!(outcome(companion, &pod), "injected", "{companion:#}\n{pod:?}");
    }
}

/// A Pod as selectors see it.
#[derive(Debug)]
pub struct PodPlace {
    pub labels: BTreeMap<String, String>,
    pub namespace: String,
    pub namespace_labels: BTreeMap<String, String>,
}

/// What happens to such a Pod: `injected`, `unchanged` or `denied`. The Pod requests the companion unless it is automatic.
pub fn outcome(companion: &Value, place: &PodPlace) -> &'static str {
    let folder = tempfile::tempdir().unwrap();
    let PodPlace { labels, namespace, namespace_labels } = place;
    let mut annotations = Map::new();
    if companion["spec"]["activation"] != "ClusterWide" {
        annotations.insert("podgraft.dev/companions".to_owned(), companion["metadata"]["name"].clone());
    }
    let metadata = json!({"name": "p", "namespace": namespace, "labels": labels, "annotations": annotations});
    let spec = json!({"containers": [{"name": "the-app", "image": "app:1"}]});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    let metadata = json!({"name": namespace, "labels": namespace_labels});
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
    for (file, value) in [("companion.json", companion), ("pod.json", &pod), ("namespace.json", &namespace)] {
        fs::write(folder.path().join(file), value.to_string()).unwrap();
    }
    let run = podgraft(folder.path(), "inject -c companion.json -f namespace.json,pod.json -o json");
    let found = ["injected", "unchanged", "denied"].into_iter().find(|word| run.err.contains(&format!(" 1 {word}")));
    found.unwrap_or_else(|| panic!("{} {}{}", run.code, run.out, run.err))
}

/// Labels that meet the requirements of a selector, each for itself; none can meet requirements that exclude each other.
fn selected(selector: &Value) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
        labels.insert(key.clone(), value.as_str().unwrap().to_owned());
    }
    for requirement in selector["matchExpressions"].as_array().into_iter().flatten() {
        let value = match requirement["operator"].as_str().unwrap() {
            "In" => requirement["values"][0].as_str().unwrap(),
            "Exists" => "any",
            _ => continue,
        };
        labels.entry(requirement["key"].as_str().unwrap().to_owned()).or_insert(value.to_owned());
    }
    labels
}

/// The companion under a name that differs from all others.
fn renamed(companion: &Value, index: usize) -> Value {
    let mut companion = companion.clone();
    companion["metadata"]["name"] = json!(format!("c{index}"));
    companion
}
