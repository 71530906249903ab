//! Volumes, claims and mounts of generated workloads.

use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use crate::support::generate::object;

/// Names of volumes that containers mount. The last is the name of a companion's shared volume in the Pod.
const NAMES: [&str; 4] = ["data", "logs", "conf", "pages-content"];

/// Paths at, above, below and beside those of the companions.
const PATHS: [&str; 10] = [
    "/srv/www",
    "/srv",
    "/srv/www/img",
    "/var/log/app",
    "/var/spool/app",
    "/data",
    "/var/run",
    "/var/run/secrets/kubernetes.io/serviceaccount",
    "/tmp",
    "/opt/conf",
];

/// `spec.volumes`: absent, or some volumes of several types.
pub fn volumes() -> impl Strategy<Value = Vec<Value>> {
    let sources = || {
        select(vec![
            json!({"emptyDir": {}}),
            json!({"emptyDir": {}}),
            json!({"emptyDir": {"medium": "Memory"}}),
            json!({"persistentVolumeClaim": {"claimName": "c"}}),
            json!({"persistentVolumeClaim": {"claimName": "c", "readOnly": true}}),
            json!({"ephemeral": {"volumeClaimTemplate": {"spec": claim_spec()}}}),
            json!({"hostPath": {"path": "/x"}}),
            json!({"configMap": {"name": "c"}}),
            json!({"secret": {"secretName": "s"}}),
            json!({"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}),
            json!({"image": {"reference": "registry.example/files:v1"}}),
        ])
    };
    let named = |name: &'static str| sources().prop_map(move |source| with_name(name, source));
    let block = json!({"name": "block", "persistentVolumeClaim": {"claimName": "disk"}});
    let all = (
        weighted(0.7, named("data")),
        weighted(0.5, named("logs")),
        weighted(0.5, Just(with_name("conf", json!({"configMap": {"name": "c"}})))),
        weighted(0.1, named("pages-content")),
        weighted(0.3, Just(block)),
    );
    all.prop_map(|(data, logs, conf, content, block)| {
        [data, logs, conf, content, block].into_iter().flatten().collect()
    })
}

/// `spec.volumeClaimTemplates` of a StatefulSet: used ones, one that no container mounts, and such as replace volumes of the template.
pub fn claims() -> impl Strategy<Value = Vec<Value>> {
    subsequence(&["data", "logs", "pages-content", "unused"][..], 0..=3).prop_map(|names| {
        names.into_iter().map(|name| json!({"metadata": {"name": name}, "spec": claim_spec()})).collect()
    })
}

fn claim_spec() -> Value {
    json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}})
}

fn with_name(name: &str, source: Value) -> Value {
    let mut volume = json!({"name": name});
    volume.as_object_mut().expect("an object").extend(source.as_object().expect("an object").clone());
    volume
}

/// A mount of a volume that may be declared or not.
pub fn mount() -> impl Strategy<Value = Value> {
    let name = prop_oneof![8 => select(&NAMES[..3]), 1 => Just(NAMES[3])];
    (name, select(&PATHS[..]), weighted(0.2, Just("sub")), prop::bool::weighted(0.2), prop::bool::weighted(0.05))
        .prop_map(|(volume, path, sub, read_only, expr)| {
            object([
                ("name", Some(volume.into())),
                ("mountPath", Some(path.into())),
                ("subPath", sub.filter(|_| !expr).map(Into::into)),
                ("subPathExpr", expr.then(|| "$(MODE)".into())),
                ("readOnly", read_only.then_some(true.into())),
            ])
        })
}

/// A block device at a path where companions mount, or elsewhere.
pub fn device() -> impl Strategy<Value = Value> {
    select(&["/srv/www", "/dev/disk"][..]).prop_map(|path| json!({"name": "block", "devicePath": path}))
}
