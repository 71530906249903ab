//! The label of each companion of a Pod, and the annotation of the companions that were skipped.

use podgraft::internals::inject;
use podgraft::internals::inject::Request;
use podgraft::internals::inject::pod::Pod;
use podgraft::internals::inject::snapshot::Snapshot;
use podgraft::internals::inject::verdict::Decision;
use serde_json::{Value, json};

use crate::scene::{is_denied, pod, sidecars};
use crate::support::ask;

const LABEL: &str = "companions.podgraft.dev/sync";
const SKIPPED: &str = "podgraft.dev/skipped";

fn hash_of(snapshot: &Snapshot) -> String {
    snapshot.companions.resolve("team", "sync").unwrap().valid().unwrap().hash[..8].to_owned()
}

/// A Pod that requests `sync` and has these labels.
fn with_labels(labels: Value) -> Value {
    let mut pod = pod(json!({"podgraft.dev/companions": "sync"}));
    pod["metadata"]["labels"] = labels;
    pod
}

/// The Pod after the review of an API server.
fn reviewed(pod: &Value, snapshot: &Snapshot) -> Value {
    let reply = ask(pod, "team", snapshot);
    assert!(reply.allowed, "{}", reply.message);
    reply.apply(pod)
}

#[test]
fn an_injected_companion_has_a_label_with_eight_digits_of_its_hash() {
    let snapshot = sidecars(&[("sync", "")]);
    let hash = hash_of(&snapshot);
    for (labels, expected) in [
        (Value::Null, json!({LABEL: hash})),
        (json!({}), json!({LABEL: hash})),
        (json!({"app": "web"}), json!({"app": "web", LABEL: hash})),
        (json!({LABEL: "0badf00d"}), json!({LABEL: hash})),
        (json!({LABEL: hash}), json!({LABEL: hash})),
    ] {
        let patched = reviewed(&with_labels(labels), &snapshot);
        assert_eq!(patched["metadata"]["labels"], expected);
        assert!(ask(&patched, "team", &snapshot).patch.is_none());
    }
    let mut bare = with_labels(Value::Null);
    bare["metadata"].as_object_mut().unwrap().shift_remove("labels");
    assert_eq!(reviewed(&bare, &snapshot)["metadata"]["labels"], json!({LABEL: hash}));
}

#[test]
fn a_pod_that_has_the_label_and_does_not_get_the_companion_is_denied() {
    let snapshot = sidecars(&[("sync", ""), ("audit", "  activation: OptedInNamespaces")]);
    let labeled = |annotations: Value, more: Value| {
        let mut pod = pod(annotations);
        pod["metadata"]["labels"] = more;
        pod
    };
    let label = json!({LABEL: hash_of(&snapshot)});
    for annotations in [json!({}), json!({"podgraft.dev/companions": "audit"})] {
        let reply = ask(&labeled(annotations, label.clone()), "team", &snapshot);
        is_denied(&reply, &["label companions.podgraft.dev/sync: forbidden", "remove the label"]);
        assert_eq!(reply.audit["remarks"], "InvalidLabel");
    }
    let mut node = labeled(json!({}), json!({"companions.podgraft.dev/audit": "x", "podgraft.dev/inject": "enabled"}));
    node["spec"]["hostNetwork"] = true.into();
    is_denied(&ask(&node, "team", &snapshot), &["label companions.podgraft.dev/audit"]);
    let opted_out = labeled(json!({}), json!({LABEL: "x", "podgraft.dev/inject": "disabled"}));
    assert!(ask(&opted_out, "team", &snapshot).allowed, "only required companions are checked");
}

#[test]
fn the_label_stays_while_the_companion_is_in_the_pod() {
    let before = sidecars(&[("sync", "")]);
    let mut pod = reviewed(&with_labels(json!({})), &before);
    for (after, what) in [
        (sidecars(&[("sync", "  description: x\n  position: First")]), "another version"),
        (sidecars(&[]), "a companion that was deleted"),
    ] {
        pod["metadata"]["annotations"].as_object_mut().unwrap().retain(|key, _| key == "podgraft.dev/status");
        let reply = ask(&pod, "team", &after);
        assert!(reply.allowed && reply.patch.is_none(), "{what}: {}", reply.body);
    }
    pod["metadata"]["annotations"] = json!({});
    assert!(ask(&pod, "team", &before).allowed, "the containers are those of the companion");
}

/// A ReplicaSet releases a Pod that it does not select, and creates another one, without end.
#[test]
fn a_label_that_a_controller_may_select_by_is_never_changed() {
    let snapshot = sidecars(&[("sync", "")]);
    let owned = |value: &str| {
        let mut pod = with_labels(json!({LABEL: value}));
        pod["metadata"]["ownerReferences"] = json!([{"kind": "ReplicaSet", "name": "web", "controller": true}]);
        pod
    };
    is_denied(
        &ask(&owned("0badf00d"), "team", &snapshot),
        &["label companions.podgraft.dev/sync: invalid value", "a controller owns", "remove the label"],
    );
    let hash = hash_of(&snapshot);
    assert_eq!(reviewed(&owned(&hash), &snapshot)["metadata"]["labels"], json!({LABEL: hash}));
}

/// A snapshot with an automatic companion that a Pod of the node's network does not get, and such a Pod.
fn skipping() -> (Snapshot, Value) {
    let mut pod = pod(json!({"podgraft.dev/companions": "sync"}));
    pod["metadata"]["labels"] = json!({"podgraft.dev/inject": "enabled"});
    pod["spec"]["hostNetwork"] = true.into();
    let audit = ("audit", "  activation: OptedInNamespaces");
    (sidecars(&[("sync", "  hostNetwork: Allow"), audit]), pod)
}

const AUDIT: &str = "audit: HostNetwork: forbidden: the Pod uses the node's network, which this companion does not allow; remove hostNetwork";

#[test]
fn a_skipped_companion_is_listed_in_the_pod_with_its_reason() {
    let (snapshot, pod) = skipping();
    let patched = reviewed(&pod, &snapshot);
    assert_eq!(patched["metadata"]["annotations"][SKIPPED], AUDIT);
    assert!(ask(&patched, "team", &snapshot).patch.is_none(), "a second review changes nothing");
    let mut alone = pod;
    alone["metadata"].as_object_mut().unwrap().shift_remove("annotations");
    let patched = reviewed(&alone, &snapshot);
    assert_eq!(patched["metadata"]["annotations"], json!({SKIPPED: AUDIT}), "nothing is injected");
    assert_eq!(patched["metadata"]["labels"], alone["metadata"]["labels"]);
}

#[test]
fn the_annotation_of_skipped_companions_is_replaced_and_never_read() {
    let (snapshot, mut pod) = skipping();
    for old in ["audit: HostNetwork: forged", "", "sync: Injected"] {
        pod["metadata"]["annotations"][SKIPPED] = old.into();
        assert_eq!(reviewed(&pod, &snapshot)["metadata"]["annotations"][SKIPPED], AUDIT, "{old:?}");
    }
    let mut other = self::pod(json!({SKIPPED: "audit: HostNetwork: old", "a": "b"}));
    let patched = reviewed(&other, &snapshot);
    assert_eq!(patched["metadata"]["annotations"], json!({"a": "b"}), "it does not apply any more");
    other["metadata"]["annotations"] = Value::Null;
    assert!(ask(&other, "team", &snapshot).patch.is_none());
}

#[test]
fn the_command_line_does_not_write_skipped_companions() {
    let (snapshot, mut pod) = skipping();
    pod["metadata"]["annotations"] = json!({SKIPPED: "old"});
    let json = pod.to_string();
    let pod = Pod::read(json.as_bytes()).unwrap();
    let request = Request { pod, namespace: "team", webhook: None, requester: "" };
    let verdict = inject::review(&request, &snapshot);
    assert_eq!(verdict.decision, Decision::Admit);
    assert!(verdict.outcomes().any(|(name, finding)| name == "audit" && finding.reason.label() == "HostNetwork"));
}

#[test]
fn the_annotation_of_skipped_companions_is_left_out_where_it_would_exceed_the_limit() {
    let (snapshot, pod) = skipping();
    let filled = |bytes: usize| {
        let mut pod = pod.clone();
        pod["metadata"]["annotations"] = json!({"fill": "x".repeat(bytes)});
        pod
    };
    let room = 262_144 - "fill".len() - SKIPPED.len() - AUDIT.len() - "podgraft.dev/status{}".len();
    assert_eq!(reviewed(&filled(room), &snapshot)["metadata"]["annotations"][SKIPPED], AUDIT);
    assert!(ask(&filled(room + 1), "team", &snapshot).patch.is_none());
}
