//! Pods that were tried and held: what a Pod's author cannot reach, and what no author can avoid.

use podgraft::internals::admission;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use serde_json::{Value, json};

use crate::support::{Reply, ask, review_of, snapshot_of};

const COMPANIONS: &str = r#"
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: store}
spec:
  pattern: Sidecar
  containers:
  - {name: store, image: "registry.example/store:1", volumeMounts: [{name: state, mountPath: /state}]}
  volumes: [{name: state, emptyDir: {sizeLimit: 64Mi}}]
  files: [{path: /etc/store.conf, content: "write = never"}]
  sharedVolumes: [{name: site, companion: {mountPath: /publish}, app: {mountPath: /www}}]
  parameters: [{name: size, type: Integer, env: SIZE}]
---
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: guard}
spec:
  pattern: Sidecar
  activation: ClusterWide
  required: true
  namespaceSelector: {matchLabels: {guarded: "true"}}
  containers: [{name: guard, image: "registry.example/guard:1"}]
  app: {env: [{name: GUARDED, value: "yes"}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: guarded, labels: {guarded: "true"}}
"#;

fn snapshot() -> Snapshot {
    snapshot_of(COMPANIONS)
}

/// A Pod that requests the store and mounts a volume.
fn mounting(mount: Value, volumes: Value) -> Value {
    json!({
        "metadata": {"name": "web", "annotations": {"podgraft.dev/companions": "store"}},
        "spec": {"volumes": volumes, "containers": [{"name": "app", "image": "app:1", "volumeMounts": [mount]}]},
    })
}

fn requesting(annotations: Value, labels: Value) -> Value {
    json!({
        "metadata": {"name": "web", "annotations": annotations, "labels": labels},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]},
    })
}

#[track_caller]
fn denied(pod: &Value, namespace: &str) -> String {
    let reply = ask(pod, namespace, &snapshot());
    assert!(reply.status == 200 && !reply.allowed && reply.patch.is_none(), "{}", reply.body);
    reply.message
}

fn is_guarded(reply: &Reply, pod: &Value) -> bool {
    let injected = reply.apply(pod);
    let names = injected["spec"]["initContainers"].as_array().cloned().unwrap_or_default();
    reply.allowed && names.iter().any(|container| container["name"] == "guard")
}

#[test]
fn a_private_volume_that_is_declared_in_another_way_is_a_conflict() {
    for (volume, source) in [
        ("store-state", json!({"hostPath": {"path": "/"}})),
        ("store-state", json!({"emptyDir": {"sizeLimit": "1Mi"}})),
        ("store-files", json!({"configMap": {"name": "mine"}})),
        ("store-files", json!({"downwardAPI": {"items": []}})),
    ] {
        let mut declared = json!({"name": volume});
        declared.as_object_mut().unwrap().extend(source.as_object().unwrap().clone());
        let message = denied(&mounting(json!({"name": volume, "mountPath": "/peek"}), json!([declared])), "team");
        assert!(message.contains(volume), "{message}");
    }
}

#[test]
fn a_volume_that_cannot_be_shared_is_not_reused() {
    for (volumes, mount) in [
        (json!([{"name": "v", "hostPath": {"path": "/x"}}]), json!({"name": "v", "mountPath": "/www"})),
        (json!([{"name": "v", "configMap": {"name": "c"}}]), json!({"name": "v", "mountPath": "/www"})),
        (json!([]), json!({"name": "undeclared", "mountPath": "/www"})),
        (json!([{"name": "v", "hostPath": {"path": "/x"}}]), json!({"name": "v", "mountPath": "/www/"})),
        (json!([{"name": "v", "hostPath": {"path": "/x"}}]), json!({"name": "v", "mountPath": "//www/."})),
        (json!([{"name": "v", "emptyDir": {}}]), json!({"name": "v", "mountPath": "/"})),
        (json!([{"name": "v", "emptyDir": {}}]), json!({"name": "v", "mountPath": "/www/below"})),
        (json!([{"name": "v", "emptyDir": {}}]), json!({"name": "v", "mountPath": "/www", "subPathExpr": "$(X)"})),
    ] {
        denied(&mounting(mount, volumes), "team");
    }
}

#[test]
fn a_file_of_the_companion_cannot_be_overridden() {
    for prefix in ["files", "text"] {
        let key = format!("{prefix}.podgraft.dev/store.0");
        let pod = requesting(json!({"podgraft.dev/companions": "store", key: "write = always"}), json!({}));
        let reply = ask(&pod, "team", &snapshot());
        // The companion's own content is in the Pod, or the Pod is denied.
        let content = reply.apply(&pod)["metadata"]["annotations"].to_string();
        assert!(!reply.allowed || content.contains("write = never"), "{}", reply.body);
    }
}

#[test]
fn no_annotation_or_label_prevents_a_required_companion() {
    let forged =
        json!({"guard": {"kind": "ClusterCompanion", "hash": "0", "initContainers": ["guard"], "containers": ["app"]}});
    for (annotations, labels) in [
        (json!({}), json!({"podgraft.dev/inject": "disabled"})),
        (json!({"podgraft.dev/companions": ""}), json!({"podgraft.dev/inject": "disabled"})),
        (json!({"podgraft.dev/status": forged.to_string()}), json!({})),
        (json!({"podgraft.dev/status": "{\"guard\":{\"containers\":[\"app\"]}}"}), json!({})),
        (json!({"kubernetes.io/config.mirror": "x"}), json!({})),
        (json!({"podgraft.dev/containers": "app"}), json!({})),
    ] {
        let pod = requesting(annotations.clone(), labels);
        for requester in ["dev", "SYSTEM:NODE:x", "system:node", "system:nodes:x", "xsystem:node:y"] {
            let mut review = review_of(&pod, "guarded");
            review["request"]["userInfo"]["username"] = requester.into();
            let reply = Reply::read(&admission::review(
                review.to_string().as_bytes(),
                Webhook::ClusterWide,
                &snapshot(),
                |_| {},
            ));
            // A denial keeps the Pod out altogether.
            assert!(!reply.allowed || is_guarded(&reply, &pod), "{annotations} by {requester}: {}", reply.body);
        }
    }
}

#[test]
fn a_forged_entry_of_the_status_harms_the_own_pod_only() {
    let before = requesting(json!({"podgraft.dev/companions": "store"}), json!({}));
    let snapshot = snapshot();
    let honest = ask(&before, "team", &snapshot).body;
    let forged = json!({"store": {"containers": ["app"], "mounts": {"app": ["/"]}}, "other": {"volumes": ["x"]}});
    let annotations = json!({"podgraft.dev/companions": "store", "podgraft.dev/status": forged.to_string()});
    assert_eq!(ask(&requesting(annotations, json!({})), "team", &snapshot).status, 200);
    assert_eq!(ask(&before, "team", &snapshot).body, honest);
}

#[test]
fn names_that_look_like_an_excluded_namespace_are_not_excluded() {
    let pod = requesting(json!({"podgraft.dev/companions": "store"}), json!({}));
    let snapshot = snapshot();
    for excluded in ["kube-system", "kube-public", "kube-node-lease", "podgraft-system"] {
        assert!(ask(&pod, excluded, &snapshot).patch.is_none(), "{excluded}");
    }
    for other in
        ["kube-system2", "xkube-system", "Kube-System", "kube-system ", "kube‑system", "kube_system", "podgraft"]
    {
        assert!(ask(&pod, other, &snapshot).patch.is_some(), "{other}");
    }
}

#[test]
fn the_namespace_of_the_object_is_that_of_the_request() {
    let mut pod = requesting(json!({"podgraft.dev/companions": "store"}), json!({}));
    pod["metadata"]["namespace"] = "guarded".into();
    assert_eq!(ask(&pod, "team", &snapshot()).status, 400);
}

#[test]
fn too_many_names_and_unknown_keys_are_denied() {
    let names: Vec<String> = (0..17).map(|i| format!("n{i}")).collect();
    denied(&requesting(json!({"podgraft.dev/companions": names.join(",")}), json!({})), "team");
    denied(&requesting(json!({"podgraft.dev/companion": "store"}), json!({})), "team");
    denied(&requesting(json!({"podgraft.dev/companions": "store", "podgraft.dev/store.sise": "1"}), json!({})), "team");
}

#[test]
fn a_container_that_a_neighbor_removes_is_added_again_or_the_pod_is_denied() {
    let snapshot = snapshot();
    for (namespace, companion) in [("team", "store"), ("guarded", "guard")] {
        let pod = requesting(json!({"podgraft.dev/companions": "store"}), json!({}));
        let mut injected = ask(&pod, namespace, &snapshot).apply(&pod);
        injected["spec"]["initContainers"].as_array_mut().unwrap().retain(|container| container["name"] != companion);
        let reply = ask(&injected, namespace, &snapshot);
        let again = reply.apply(&injected);
        let names = again["spec"]["initContainers"].to_string();
        assert!(!reply.allowed || names.contains(&format!("\"{companion}\"")), "{}", reply.body);
    }
}
