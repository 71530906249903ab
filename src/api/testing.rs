//! The companion that the tests change, and what they ask of the gate.
#![allow(clippy::needless_pass_by_value)] // objects are made where they are asked about

use serde_json::{Value, json};

pub(super) use super::check::check_companion;
use crate::inject::companion::Companion;
use crate::inject::companion::catalog::CatalogEntry;

/// A companion without a problem and without a warning.
pub(super) fn git_sync() -> Value {
    json!({
        "apiVersion": "podgraft.dev/v1alpha1",
        "kind": "ClusterCompanion",
        "metadata": {"name": "git-sync"},
        "spec": {
            "pattern": "Sidecar",
            "description": "Keeps a directory of the app in step with a Git repository.",
            "activation": "OnRequest",
            "containers": [container("git-sync", "registry.example/git-sync:v4")],
            "sharedVolumes": [{
                "name": "content",
                "companion": {"mountPath": "/git"},
                "app": {"mountPath": "/usr/share/nginx/html", "readOnly": true},
            }],
            "parameters": [
                {"name": "repo", "type": "String", "required": true, "pattern": "(https?|ssh|git)://.+", "env": "GITSYNC_REPO"},
                {"name": "period", "type": "Duration", "default": "10s", "env": "GITSYNC_PERIOD"},
                {"name": "path", "type": "Path", "mountPath": "content/app"},
                {"name": "token", "type": "SecretKey", "env": "GITSYNC_PASSWORD"},
            ],
        },
    })
}

/// A container that Pod Security `restricted` admits.
pub(super) fn container(name: &str, image: &str) -> Value {
    json!({
        "name": name,
        "image": image,
        "env": [{"name": "GITSYNC_ROOT", "value": "/git"}],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": 65533,
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    })
}

/// git-sync with one node set: made where it is absent, its parents too.
pub(super) fn companion(pointer: &str, value: Value) -> Value {
    with(&[(pointer, value)])
}

/// git-sync with several nodes set.
pub(super) fn with(changes: &[(&str, Value)]) -> Value {
    let mut object = git_sync();
    for (pointer, value) in changes {
        let mut node = &mut object;
        for token in pointer.split('/').skip(1) {
            node = match token.parse::<usize>() {
                Ok(index) => {
                    if node.is_null() {
                        *node = json!([]);
                    }
                    let items = node.as_array_mut().unwrap();
                    items.resize(items.len().max(index + 1), Value::Null);
                    &mut items[index]
                }
                Err(_) => &mut node[token],
            };
        }
        *node = value.clone();
    }
    object
}

/// The problems are exactly these, each beginning as expected.
pub(super) fn check(object: Value, expect: &[&str]) {
    let told: Vec<_> = check_companion(&object).problems.iter().map(ToString::to_string).collect();
    let fits = told.len() == expect.len() && expect.iter().all(|e| told.iter().any(|t| t.starts_with(e)));
    assert!(fits, "told {told:#?}\nexpected {expect:#?}");
}

/// There is no problem, and one of the warnings begins so.
pub(super) fn warns(object: Value, expect: &str) {
    let gated = check_companion(&object);
    assert_eq!(gated.problems, []);
    let told: Vec<_> = gated.warnings.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|t| t.starts_with(expect)), "told {told:#?}\nexpected {expect}");
}

/// There is neither a problem nor a warning.
pub(super) fn silent(object: Value) {
    let gated = check_companion(&object);
    assert_eq!((gated.problems, gated.warnings), (vec![], vec![]));
}

/// The compiled companion.
pub(super) fn compiled(object: &Value) -> std::sync::Arc<Companion> {
    let gated = check_companion(object);
    match gated.listed {
        Some(CatalogEntry::Valid(companion)) => companion,
        other => panic!("{other:?}: {:#?}", gated.problems),
    }
}

/// Values for the fields that git-sync leaves out.
pub(super) fn everything() -> [(&'static str, Value); 16] {
    let mut proxy = container("git-sync", "registry.example/proxy:v1");
    proxy["command"] = json!(["sh", "-c", "exec proxy"]);
    proxy["ports"] = json!([{"name": "redis", "containerPort": 6379}, {"containerPort": 6379, "protocol": "UDP"}]);
    proxy["startupProbe"] = json!({"tcpSocket": {"port": 6379}, "periodSeconds": 1});
    proxy["livenessProbe"] = json!({"httpGet": {"port": 9113, "path": "/healthz"}});
    proxy["lifecycle"] = json!({"preStop": {"sleep": {"seconds": 2}}, "postStart": {"httpGet": {"port": 6379}}});
    proxy["volumeMounts"] = json!([{"name": "cache", "mountPath": "/cache", "subPath": "x"}]);
    proxy["volumeDevices"] = json!([{"name": "cache", "devicePath": "/dev/cache"}]);
    [
        ("pattern", json!("Ambassador")),
        ("activation", json!("OnRequest")),
        (
            "podSelector",
            json!({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a"]}]}),
        ),
        ("namespaceSelector", json!({"matchExpressions": [{"key": "env", "operator": "Exists"}]})),
        ("onConflict", json!("Skip")),
        ("lifecycle", json!("Native")),
        ("position", json!("Last")),
        ("imagePullSecrets", json!([{"name": "registry"}])),
        ("containers", json!([proxy])),
        ("initContainers", json!([container("prepare", "registry.example/prepare:v1")])),
        ("volumes", json!([{"name": "cache", "emptyDir": {"sizeLimit": "1Gi"}}])),
        (
            "files",
            json!([{"path": "/etc/proxy/a", "content": "a"}, {"path": "/etc/proxy/b", "content": "b", "mode": 0o600}]),
        ),
        ("listens", json!([{"name": "redis", "port": 6379, "env": {"host": "REDIS_HOST", "port": "REDIS_PORT"}}])),
        ("exposes", json!({"port": 9113})),
        (
            "app",
            json!({"env": [{"name": "REDIS_URL", "value": "redis://$(REDIS_HOST):$(REDIS_PORT)"}], "preStopSleep": "2s"}),
        ),
        (
            "parameters",
            json!([
                {"name": "port", "type": "Port", "listens": "redis", "env": "PORT"},
                {"name": "memory", "type": "Quantity", "resource": "git-sync/limits.memory", "minimum": "32Mi", "maximum": "1Gi"},
                {"name": "cpu", "type": "Quantity", "resource": "git-sync/limits.cpu", "minimum": "10m"},
                {"name": "where", "type": "Path", "mountPath": "content/companion", "below": "/git"},
                {"name": "level", "type": "String", "enum": ["info", "debug"], "default": "info", "env": "LEVEL"},
                {"name": "tries", "type": "Integer", "minimum": 0, "maximum": 9, "env": "TRIES"},
                {"name": "wait", "type": "Duration", "as": "milliseconds", "default": "1s", "env": "WAIT"},
            ]),
        ),
    ]
}
