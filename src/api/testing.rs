//! The companion that the tests of validation change, and assertions about what validation reports.
//!
//! All of them go through [`check_companion`], which checks the form of each message: every case of every table is therefore
//! a case of that property.
#![allow(clippy::needless_pass_by_value)] // callers make objects in place

use serde_json::{Value, json};

use super::check::{self, Checked};
use super::message::Code;
use super::report::Problem;
use crate::inject::companion::Companion;
use crate::inject::companion::catalog::CatalogEntry;

/// Validates an object, and asserts that each message says what is wrong, where, and how to fix it.
pub(super) fn check_companion(object: &Value) -> Checked {
    let checked = check::check_companion(object);
    for finding in checked.problems.iter().chain(&checked.warnings) {
        assert_eq!(defect(finding), None, "{finding:?}");
    }
    checked
}

/// Messages that no field is to blame for.
const ABOUT_THE_WHOLE_OBJECT: [&str; 3] =
    ["internal error", "invalid value: must be an object", "invalid value: must be nested at most"];

/// What a finding lacks: an opening out of the closed list, a field, or a remedy.
pub(super) fn defect(finding: &Problem) -> Option<&'static str> {
    // Stands for findings that were omitted.
    if finding.pointer.is_empty() && finding.message.starts_with("and ") && finding.message.contains(" more ") {
        return None;
    }
    let message = finding.message.as_str();
    let opens =
        |code: &Code| message.strip_prefix(code.opening()).is_some_and(|rest| rest.starts_with([':', ';', ' ']));
    let Some(code) = Code::ALL.iter().rev().find(|code| opens(code)) else { return Some("no opening out of the list") };
    if finding.field().is_empty() && !ABOUT_THE_WHOLE_OBJECT.iter().any(|start| message.starts_with(start)) {
        return Some("no field");
    }
    let rest = &message[code.opening().len()..];
    let remedy = rest.rsplit_once("; ").map(|(_, remedy)| remedy).filter(|remedy| remedy.contains(' '));
    let rule = ["must ", "supported: ", "did you mean "].iter().any(|words| rest.contains(words));
    match remedy {
        None if !rule => Some("no remedy"),
        Some(remedy) if remedy.ends_with(" it") && remedy.split(' ').count() == 2 => {
            Some("a pronoun without an antecedent")
        }
        _ => None,
    }
}

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
pub(crate) fn container(name: &str, image: &str) -> Value {
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

/// git-sync with one node set. Missing parents are created.
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

/// Asserts that the problems are exactly these, each beginning as given.
pub(super) fn check(object: Value, expect: &[&str]) {
    let reported: Vec<_> = check_companion(&object).problems.iter().map(ToString::to_string).collect();
    let fits = reported.len() == expect.len() && expect.iter().all(|e| reported.iter().any(|r| r.starts_with(e)));
    assert!(fits, "reported {reported:#?}\nexpected {expect:#?}");
}

/// Asserts that there is no problem, and that a warning begins as given.
pub(super) fn warns(object: Value, expect: &str) {
    let checked = check_companion(&object);
    assert_eq!(checked.problems, []);
    let reported: Vec<_> = checked.warnings.iter().map(ToString::to_string).collect();
    assert!(reported.iter().any(|r| r.starts_with(expect)), "reported {reported:#?}\nexpected {expect}");
}

/// Asserts that there is neither a problem nor a warning.
pub(super) fn silent(object: Value) {
    let checked = check_companion(&object);
    assert_eq!((checked.problems, checked.warnings), (vec![], vec![]));
}

/// The compiled companion.
pub(super) fn compiled(object: &Value) -> std::sync::Arc<Companion> {
    let checked = check_companion(object);
    match checked.listed {
        Some(CatalogEntry::Valid(companion)) => companion,
        other => panic!("{other:?}: {:#?}", checked.problems),
    }
}

/// Values for fields that git-sync does not have.
pub(super) fn everything() -> [(&'static str, Value); 17] {
    let mut proxy = container("git-sync", "registry.example/proxy:v1");
    proxy["command"] = json!(["sh", "-c", "exec proxy"]);
    proxy["ports"] = json!([{"name": "redis", "containerPort": 6379}, {"containerPort": 6379, "protocol": "UDP"}]);
    proxy["startupProbe"] = json!({"tcpSocket": {"port": 6379}, "periodSeconds": 1});
    proxy["livenessProbe"] = json!({"httpGet": {"port": 9113, "path": "/healthz"}});
    proxy["lifecycle"] = json!({"preStop": {"sleep": {"seconds": 2}}, "postStart": {"httpGet": {"port": 6379}}});
    proxy["volumeMounts"] = json!([{"name": "cache", "mountPath": "/cache", "subPath": "x"}]);
    proxy["volumeDevices"] = json!([{"name": "disk", "devicePath": "/dev/disk"}]);
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
        ("podResources", json!("Share")),
        ("position", json!("Last")),
        ("imagePullSecrets", json!([{"name": "registry"}])),
        ("containers", json!([proxy])),
        ("initContainers", json!([container("prepare", "registry.example/prepare:v1")])),
        (
            "volumes",
            json!([{"name": "cache", "emptyDir": {"sizeLimit": "1Gi"}}, {"name": "disk", "persistentVolumeClaim": {"claimName": "disk"}}]),
        ),
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
