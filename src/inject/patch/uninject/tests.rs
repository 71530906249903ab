//! What `uninject` keeps and reports.

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
