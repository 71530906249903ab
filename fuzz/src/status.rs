//! A status annotation that another client wrote.

use serde_json::json;

use super::snapshot::snapshot;
use super::{review, uninject};

/// Any text as the status of Pods: one that requests companions, one that has their containers, one that says nothing.
pub fn status(bytes: &[u8]) {
    let Ok(status) = std::str::from_utf8(bytes) else { return };
    let app = json!({"name": "app", "image": "app:1", "env": [{"name": "MODE", "value": "x"}]});
    let sync = json!({"name": "sync", "image": "registry.example/sync:v4", "restartPolicy": "Always"});
    let prepare = json!({"name": "sync-prepare", "image": "registry.example/prepare:v1"});
    for (requested, init) in [("sync,redis", json!([])), ("sync", json!([prepare, sync])), ("own", json!([sync]))] {
        let pod = json!({
            "metadata": {
                "name": "web",
                "labels": {"guarded": "true"},
                "annotations": {"podgraft.dev/companions": requested, "podgraft.dev/status": status},
            },
            "spec": {"initContainers": init, "containers": [app]},
        });
        review::check(pod.to_string().as_bytes(), snapshot());
        uninject::check(&pod);
    }
}
