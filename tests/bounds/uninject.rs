//! The work of `uninject`, whose input is a manifest of any size.

use podgraft::internals::inject::removal;
use podgraft::internals::work;
use serde_json::{Map, Value, json};

use super::ALONE;

fn names(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("v{i}")).collect()
}

fn items(count: usize, field: &str) -> Vec<Value> {
    (0..count).map(|i| json!({field: format!("v{i}"), "name": format!("v{i}")})).collect()
}

/// A Pod with this status.
#[allow(clippy::needless_pass_by_value)] // it is called with literals
fn with_status(status: &Value, spec: Value) -> Value {
    let annotations: Map<String, Value> = names(500).into_iter().map(|name| (name, json!("x"))).collect();
    let mut pod = json!({"metadata": {"annotations": annotations}, "spec": spec});
    pod["metadata"]["annotations"]["podgraft.dev/status"] = status.to_string().into();
    pod
}

#[test]
fn removal_costs_work_in_proportion_to_pod_and_status() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let count = 4_000;
    let app = json!({"name": "app", "volumeMounts": items(count, "mountPath"), "env": items(count, "name")});
    let of_app = json!({"app": names(count)});
    let each: Map<String, Value> =
        names(count).into_iter().map(|name| (name, json!({"mounts": of_app}))).take(4).collect();
    let of_containers: Map<String, Value> = names(count).into_iter().map(|name| (name, json!(["/a"]))).collect();
    let full = json!({"containers": [app], "volumes": items(count, "name"), "imagePullSecrets": items(count, "name")});
    for (what, status, spec) in [
        ("volumes", json!({"x": {"volumes": names(count)}}), full.clone()),
        ("mounts", json!({"x": {"mounts": of_app}}), full.clone()),
        ("mounts of many companions", json!(each), full.clone()),
        ("variables", json!({"x": {"env": of_app}}), full.clone()),
        ("pull secrets", json!({"x": {"imagePullSecrets": names(count)}}), full),
        ("containers", json!({"x": {"containers": names(count)}}), json!({"containers": items(count, "name")})),
        ("many containers", json!({"x": {"mounts": of_containers}}), json!({"containers": items(count, "name")})),
        ("annotations", json!({"x": {"annotations": names(count)}}), json!({})),
    ] {
        let mut pod = with_status(&status, spec);
        let size = pod.to_string().len();
        let before = work::steps();
        removal(&mut pod).unwrap().unwrap();
        let steps = work::steps() - before;
        assert!(steps > 0 && steps <= size, "{what}: {steps} steps for {size} bytes");
    }
}
