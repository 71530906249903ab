use serde_json::{Value, json};

use super::Picture;

/// A Pod whose status names one companion with one container.
fn injected(spec: &Value, status: &Value) -> Value {
    json!({"metadata": {"annotations": {"podgraft.dev/status": status.to_string()}}, "spec": spec})
}

fn web(mounts: &Value, env: &Value) -> Value {
    json!({"name": "web", "image": "nginx:1.29", "ports": [{"containerPort": 8080}], "volumeMounts": mounts, "env": env})
}

#[test]
fn a_plus_marks_what_is_added_to_the_pod() {
    let own = json!({"name": "data", "mountPath": "/data"});
    let before = json!({"spec": {"volumes": [{"name": "data", "emptyDir": {}}],
        "initContainers": [{"name": "prepare", "image": "site:1"}],
        "containers": [web(&json!([own]), &json!([{"name": "MODE", "value": "x"}]))]}});
    let shared = json!({"name": "sync-content", "mountPath": "/srv", "readOnly": true});
    let spec = json!({
        "volumes": [{"name": "data", "emptyDir": {}}, {"name": "sync-content", "emptyDir": {}}, {"name": "sync-private", "emptyDir": {}}],
        "initContainers": [
            {"name": "prepare", "image": "site:1"},
            {"name": "sync", "image": "registry.example/sync:v4", "restartPolicy": "Always", "ports": [{"containerPort": 53, "protocol": "UDP"}],
                "volumeMounts": [{"name": "sync-content", "mountPath": "/git"}, {"name": "sync-private", "mountPath": "/tmp"}]},
        ],
        "containers": [web(&json!([own, shared]), &json!([{"name": "SYNC_PORT", "value": "2000"}, {"name": "MODE", "value": "x"}]))],
    });
    let status = json!({"sync": {"initContainers": ["sync"], "ports": ["2000/TCP", "53/UDP"]}});
    let picture = Picture::of(&before, &injected(&spec, &status)).unwrap();
    assert_eq!(
        picture.text(),
        "\
┌ Pod ──────────────────────────────────────────────────┐
│   prepare   init container   site:1                   │
│ + sync      native sidecar   registry.example/sync:v4 │
│   web       app container    nginx:1.29               │
│   + env SYNC_PORT                                     │
├ shared volumes ───────────────────────────────────────┤
│ + sync-content   emptyDir                             │
│   + sync at /git                                      │
│   + web at /srv, read-only                            │
├ localhost ────────────────────────────────────────────┤
│ + 53/UDP     sync                                     │
│ + 2000/TCP   sync                                     │
│   8080/TCP   web                                      │
└───────────────────────────────────────────────────────┘
"
    );
}

#[test]
fn a_companion_that_is_in_the_pod_already_has_no_plus() {
    let spec = json!({
        "volumes": [{"name": "logs", "emptyDir": {}}],
        "containers": [web(&json!([{"name": "logs", "mountPath": "/var/log"}]), &json!([])),
            {"name": "tail", "image": "tail:1", "volumeMounts": [{"name": "logs", "mountPath": "/logs", "readOnly": true}]}],
    });
    let pod = injected(&spec, &json!({"tail": {"containers": ["tail"]}}));
    let picture = Picture::of(&pod, &pod).unwrap();
    let text = picture.text();
    assert!(!text.contains('+'), "{text}");
    assert!(text.contains("tail   sidecar container   tail:1"), "{text}");
    assert!(text.contains("web at /var/log") && text.contains("tail at /logs, read-only"), "{text}");
    assert_eq!(picture.json()["containers"][1]["companion"], "tail");
}

#[test]
fn a_claim_of_a_stateful_set_is_a_shared_volume() {
    let mount = |path: &str| json!([{"name": "data", "mountPath": path}]);
    let spec = json!({"containers": [web(&mount("/data"), &json!([])), {"name": "tail", "image": "tail:1", "volumeMounts": mount("/in")}]});
    let before = json!({"spec": {"containers": [web(&mount("/data"), &json!([]))]}});
    let text = Picture::of(&before, &injected(&spec, &json!({"tail": {"containers": ["tail"]}}))).unwrap().text();
    assert!(text.contains("  data   volumeClaimTemplate"), "{text}");
    assert!(text.contains("+ tail at /in") && text.contains("  web at /data"), "{text}");
}

#[test]
fn a_pod_without_companions_has_no_picture() {
    let pod = json!({"spec": {"containers": [web(&json!([]), &json!([]))]}});
    assert_eq!(Picture::of(&pod, &pod), None);
    // Another webhook removed the container that the status lists.
    let pod =
        injected(&json!({"containers": [web(&json!([]), &json!([]))]}), &json!({"tail": {"containers": ["tail"]}}));
    assert_eq!(Picture::of(&pod, &pod), None);
}
