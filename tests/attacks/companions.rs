//! Companions that were tried and held: what their authors cannot claim, and scripts that users could write into.

use podgraft::internals::api;
use podgraft::internals::inject::snapshot::{Settings, Snapshot};
use podgraft::internals::source::files::manifests::Manifests;
use serde_json::{Value, json};

use crate::support::{Reply, ask};

/// What is wrong with a companion of this kind, with more of a spec and of its metadata.
fn problems(kind: &str, metadata: Value, spec: Value) -> Vec<String> {
    let mut all = json!({"pattern": "Sidecar", "containers": [{"name": "c", "image": "i:1"}]});
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let object = json!({"apiVersion": "podgraft.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": all});
    api::check_companion(&object).problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_companion_of_a_namespace_stays_in_its_namespace() {
    let own = || json!({"name": "c", "namespace": "shop"});
    assert_eq!(problems("Companion", own(), json!({})), Vec::<String>::new());
    for spec in [
        json!({"required": true}),
        json!({"activation": "ClusterWide"}),
        json!({"activation": "ClusterWide", "required": true}),
        json!({"namespaceSelector": {}}),
        json!({"namespaceSelector": {"matchLabels": {"a": "b"}}}),
    ] {
        assert!(!problems("Companion", own(), spec.clone()).is_empty(), "{spec}");
    }
    for name in ["true", "false", "none", "all", "enabled", "disabled", "A", "a.b", "a/b", "-a", &"a".repeat(41)] {
        assert!(!problems("Companion", json!({"name": name, "namespace": "shop"}), json!({})).is_empty(), "{name}");
    }
}

/// A snapshot of manifests, invalid ones included.
fn snapshot(manifests: &[Value]) -> Snapshot {
    let mut collection = Manifests::new("shop");
    let text: Vec<String> = manifests.iter().map(Value::to_string).collect();
    for document in podgraft::internals::manifest::read(text.join("\n").as_bytes()) {
        collection.add(std::path::Path::new("-"), &document.unwrap());
    }
    collection.snapshot(Settings::default())
}

fn companion(kind: &str, image: &str, more: &Value) -> Value {
    let mut spec = json!({"pattern": "Sidecar", "containers": [{"name": "guard", "image": image}]});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"apiVersion": "podgraft.dev/v1alpha1", "kind": kind, "metadata": {"name": "guard"}, "spec": spec})
}

#[test]
fn a_companion_with_the_name_of_a_required_one_is_not_used() {
    let required = companion("ClusterCompanion", "guard:1", &json!({"activation": "ClusterWide", "required": true}));
    let own = companion("Companion", "other:1", &json!({}));
    let pod = json!({
        "metadata": {"annotations": {"podgraft.dev/companions": "guard"}},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]},
    });
    let reply: Reply = ask(&pod, "shop", &snapshot(&[required, own]));
    let injected = reply.apply(&pod);
    assert_eq!(injected["spec"]["initContainers"][0]["image"], "guard:1", "{}", reply.body);
    assert_eq!(injected["spec"]["initContainers"].as_array().map(Vec::len), Some(1));
}

#[test]
fn three_thousand_automatic_companions_of_a_namespace_are_reviewed() {
    let many: Vec<Value> = (0..3_000)
        .map(|i| {
            let mut one = companion("Companion", "c:1", &json!({"activation": "OptedInNamespaces"}));
            one["metadata"]["name"] = format!("c{i}").into();
            one["spec"]["containers"][0]["name"] = format!("c{i}").into();
            one["spec"]["podSelector"] = json!({"matchLabels": {"gets": format!("c{i}")}});
            one
        })
        .collect();
    let snapshot = snapshot(&many);
    let pod = json!({
        "metadata": {"labels": {"podgraft.dev/inject": "enabled", "gets": "c2999"}},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]},
    });
    let reply = ask(&pod, "shop", &snapshot);
    assert_eq!(reply.apply(&pod)["spec"]["initContainers"][0]["name"], "c2999", "{}", reply.body);
}

/// Whether a reference to a parameter in a container is found to be an injection.
fn injects(container: Value) -> bool {
    let mut all = json!({"name": "c", "image": "i:1"});
    all.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    let spec = json!({"containers": [all], "parameters": [{"name": "v", "type": "String", "env": "V"}]});
    problems("ClusterCompanion", json!({"name": "c"}), spec).iter().any(|problem| problem.contains("injection"))
}

#[test]
fn a_reference_in_a_script_is_an_error_however_the_shell_is_called() {
    for command in [
        json!(["sh", "-c", "x $(V)"]),
        json!(["sh", "-ec", "x $(V)"]),
        json!(["/bin/bash", "-O", "extglob", "-c", "x $(V)"]),
        json!(["bash", "--init-file=/x", "-c", "x $(V)"]),
        json!(["env", "A=b", "sh", "-c", "x $(V)"]),
        json!(["tini", "--", "sh", "-c", "x $(V)"]),
        json!(["busybox", "sh", "-c", "x $(V)"]),
        json!(["xargs", "sh", "-c", "x $(V)"]),
    ] {
        assert!(injects(json!({"command": command.clone()})), "{command}");
        assert!(injects(json!({"args": command.clone()})), "{command}");
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            assert!(injects(json!({probe: {"exec": {"command": command.clone()}}})), "{probe}: {command}");
        }
    }
    let by_way = json!({"env": [{"name": "W", "value": "$(V)"}], "command": ["sh", "-c", "x $(W)"]});
    assert!(injects(by_way));
    assert!(!injects(json!({"command": ["git", "clone", "$(V)"]})), "a word of its own is what references are for");
}
