//! What `uninject` keeps and reports.

use super::remarks::MAX_REMARKS;
use super::*;

#[test]
fn a_volume_that_a_container_still_uses_is_kept_and_reported_with_its_use() {
    let status = r#"{"sync":{"initContainers":["sync"],"volumes":["sync-content"]}}"#;
    for (list, used, expected) in [
        (
            "containers",
            json!({"volumeMounts": [{"name": "sync-content", "mountPath": "/a"}]}),
            "mounts the volume at /a",
        ),
        (
            "initContainers",
            json!({"volumeMounts": [{"name": "sync-content", "mountPath": "/b"}]}),
            "mounts the volume at /b",
        ),
        (
            "ephemeralContainers",
            json!({"volumeMounts": [{"name": "sync-content", "mountPath": "/c"}]}),
            "mounts the volume at /c",
        ),
        (
            "containers",
            json!({"volumeDevices": [{"name": "sync-content", "devicePath": "/dev/x"}]}),
            "mounts the volume at /dev/x",
        ),
        (
            "containers",
            json!({"env": [{"name": "A", "valueFrom": {"fileKeyRef": {"volumeName": "sync-content", "path": "f", "key": "k"}}}]}),
            "reads variable \"A\" from the volume",
        ),
    ] {
        let mut container = used;
        container["name"] = "user".into();
        let mut pod = json!({
            "metadata": {"annotations": {keys::STATUS: status}},
            "spec": {list: [container], "volumes": [{"name": "sync-content", "emptyDir": {}}]},
        });
        let spec = pod["spec"].clone();
        let Removal { remarks, .. } = removal(&mut pod).unwrap().unwrap();
        assert_eq!(pod["spec"], spec);
        let expected = format!("volume \"sync-content\" was kept, because container \"user\" {expected}; remove");
        assert!(remarks.iter().any(|remark| remark.contains(&expected)), "{expected}: {remarks:?}");
    }
}

#[test]
fn remarks_are_bounded_whatever_a_status_lists() {
    let volumes: Vec<String> = (0..500).map(|i| format!("{i}-{}", "x".repeat(9_000))).collect();
    let status = json!({"sync": {"volumes": volumes}}).to_string();
    let mounts: Vec<Value> = volumes.iter().map(|name| json!({"name": name, "mountPath": "/a"})).collect();
    let mut pod = json!({
        "metadata": {"annotations": {keys::STATUS: status}},
        "spec": {"containers": [{"name": "app", "volumeMounts": mounts}]},
    });
    let Removal { remarks, .. } = removal(&mut pod).unwrap().unwrap();
    assert!(remarks.len() == MAX_REMARKS && remarks.iter().all(|remark| remark.chars().count() < 1_000));
}

/// The Pod with a companion, its own volume and a mount of a volume at the listed path.
fn pod_with_mount_of(volume: &str, status: &str) -> Value {
    let mounts = json!([{"name": volume, "mountPath": "/srv/www"}]);
    json!({
        "metadata": {"annotations": {keys::STATUS: status}},
        "spec": {
            "initContainers": [{"name": "sync", "volumeMounts": [{"name": "joined", "mountPath": "/git"}]}],
            "containers": [{"name": "web", "volumeMounts": mounts}],
            "volumes": [{"name": volume, "emptyDir": {}}],
        },
    })
}

#[test]
fn a_mount_of_another_volume_at_a_listed_path_is_kept_and_reported() {
    let status = r#"{"sync":{"initContainers":["sync"],"volumes":["sync-content"],"mounts":{"web":["/srv/www"]}}}"#;
    for (volume, is_kept) in [("mine", true), ("joined", false), ("sync-content", false)] {
        let mut pod = pod_with_mount_of(volume, status);
        let before = pod["spec"]["containers"][0].clone();
        let Removal { remarks, .. } = removal(&mut pod).unwrap().unwrap();
        assert_eq!(pod["spec"]["containers"][0] == before, is_kept, "{volume}");
        let remark = "\"/srv/www\" in volumeMounts of container \"web\" was kept, because volume \"mine\"";
        assert_eq!(remarks.iter().any(|r| r.contains(remark)), is_kept, "{volume}: {remarks:?}");
    }
}

#[test]
fn null_counts_as_absent_in_a_status() {
    for (status, is_removed) in [
        (r#"{"sync":{"initContainers":["sync"],"mounts":null,"env":{"web":null},"volumes":[null],"hash":null}}"#, true),
        (r#"{"sync":null}"#, false),
        ("null", false),
    ] {
        let mut pod = pod_with_mount_of("mine", status);
        assert!(uninject(&mut pod).unwrap());
        assert_eq!(pod["spec"].get("initContainers").is_none(), is_removed, "{status}");
        assert!(pod.get("metadata").is_none());
    }
}

#[test]
fn the_operations_lead_from_the_pod_to_the_result() {
    let names: Vec<String> = (0..4).map(|i| format!("v{i}")).collect();
    let entry = json!({"containers": ["c", "a"], "volumes": ["v3", "v0", "v2"], "env": {"b": ["A", "C"]}});
    let volumes: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
    let before = json!({
        "metadata": {"annotations": {keys::STATUS: json!({"x": entry}).to_string(), "other": "1"}},
        "spec": {
            "containers": [{"name": "a"}, {"name": "b", "env": [{"name": "A"}, {"name": "B"}, {"name": "C"}]}, {"name": "c"}],
            "volumes": volumes,
        },
    });
    let mut after = before.clone();
    let Removal { operations, remarks, .. } = removal(&mut after).unwrap().unwrap();
    assert!(remarks.is_empty(), "{remarks:?}");
    let expected = json!({
        "metadata": {"annotations": {"other": "1"}},
        "spec": {"containers": [{"name": "b", "env": [{"name": "B"}]}], "volumes": [{"name": "v1"}]},
    });
    assert_eq!(after, expected);
    let mut patched = before;
    json_patch::patch(&mut patched, &serde_json::from_value::<json_patch::Patch>(json!(operations)).unwrap()).unwrap();
    assert_eq!(patched, expected);
}
