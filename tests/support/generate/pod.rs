//! Generated Pods, with fields that no version of Kubernetes knows.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::{PATHS, PORTS, VARIABLES, annotations, object};

/// Anything that a Pod of the future may hold, numbers that no machine type holds included.
fn unknown() -> impl Strategy<Value = Value> {
    let number = select(vec!["123456789012345678901234567890", "1.0e+05", "-0", "8080.0", "1e400", "0.10"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number.prop_map(|text| serde_json::from_str::<Value>(text).expect("a number")),
        "[ -~é🦀\"\\\\\\n]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z/~\"]{1,4}", inner, 0..3)
                .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

/// A list that may be there, empty, null or missing.
fn list(items: impl Strategy<Value = Value>, most: usize) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        3 => vec(items, 1..=most).prop_map(|items| Some(unique(items).into())),
        1 => Just(Some(json!([]))),
        1 => Just(Some(Value::Null)),
        2 => Just(None),
    ]
}

/// Without items whose name, mount path or port an earlier one has: API servers refuse those.
fn unique(items: Vec<Value>) -> Vec<Value> {
    let mut seen = std::collections::HashSet::new();
    let key = |item: &Value| {
        item.get("mountPath")
            .or_else(|| item.get("containerPort"))
            .or_else(|| item.get("name"))
            .map(ToString::to_string)
    };
    items.into_iter().filter(|item| key(item).is_none_or(|key| seen.insert(key))).collect()
}

fn container(name: &'static str) -> impl Strategy<Value = Value> {
    let env =
        list((select(&VARIABLES[..]), unknown()).prop_map(|(name, x)| json!({"name": name, "value": "v", "x": x})), 3);
    let mount = (
        select(&PATHS[..]),
        select(vec!["data", "conf"]),
        option::weighted(0.3, Just("sub")),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.05),
    )
        .prop_map(|(path, volume, sub, read_only, expr)| {
            object([
                ("mountPath", Some(path.into())),
                ("name", Some(volume.into())),
                ("subPath", sub.filter(|_| !expr).map(Into::into)),
                ("subPathExpr", expr.then(|| "$(HOST)".into())),
                ("readOnly", read_only.then_some(true.into())),
            ])
        });
    let ports = list(select(&PORTS[..]).prop_map(|port| json!({"containerPort": port})), 2);
    let lifecycle = option::weighted(
        0.3,
        select(vec![
            json!({}),
            Value::Null,
            json!({"preStop": {"exec": {"command": ["x"]}}}),
            json!({"postStart": {"sleep": {"seconds": 1}}}),
        ]),
    );
    let probe =
        option::weighted(0.2, select(&PORTS[..]).prop_map(|port| json!({"httpGet": {"port": port, "path": "/"}})));
    (env, list(mount, 2), ports, lifecycle, probe, unknown(), any::<bool>()).prop_map(
        move |(env, mounts, ports, lifecycle, probe, x, swap)| {
            let known = object([("name", Some(name.into())), ("image", Some("registry.example/app:1".into()))]);
            let rest = object([
                ("x", Some(x)),
                ("env", env),
                ("volumeMounts", mounts),
                ("ports", ports),
                ("lifecycle", lifecycle),
                ("readinessProbe", probe),
            ]);
            let (Value::Object(mut first), Value::Object(second)) = (if swap { (rest, known) } else { (known, rest) })
            else {
                unreachable!()
            };
            first.extend(second);
            first.into()
        },
    )
}

pub fn pod() -> impl Strategy<Value = Value> {
    let containers = subsequence(&["app", "web", "redis"][..], 1..=2)
        .prop_flat_map(|names| names.into_iter().map(container).collect::<Vec<_>>());
    let init = (container("setup"), container("mesh")).prop_map(|(setup, mut mesh)| {
        mesh["restartPolicy"] = "Always".into();
        [setup, mesh]
    });
    let init = prop_oneof![
        2 => Just(None),
        1 => Just(Some(Value::Null)),
        1 => Just(Some(json!([]))),
        2 => (init, 1_usize..=2).prop_map(|(both, many)| Some(both.into_iter().take(many).collect::<Vec<_>>().into())),
    ];
    let volume = select(vec![
        json!({"name": "data", "emptyDir": {}}),
        json!({"name": "data", "persistentVolumeClaim": {"claimName": "c"}}),
        json!({"name": "data", "hostPath": {"path": "/x"}}),
    ]);
    let volumes = prop_oneof![
        3 => (volume, unknown()).prop_map(|(mut data, x)| { data["x"] = x; Some(json!([data, {"name": "conf", "configMap": {"name": "c"}}])) }),
        1 => Just(Some(Value::Null)),
        1 => Just(None),
    ];
    let head = (
        prop_oneof![8 => annotations().prop_map(Some), 1 => Just(Some(Value::Null)), 1 => Just(None)],
        option::weighted(0.3, select(vec!["enabled", "enabled", "disabled", "maybe"])),
        unknown(),
        option::weighted(0.15, select(vec!["an old annotation", "a label", "a label, and a controller"])),
    );
    let tail = (
        prop::bool::weighted(0.1),
        option::weighted(0.2, select(vec!["Never", "OnFailure", "Always"])),
        option::weighted(0.2, 1_i64..60),
        unknown(),
        any::<bool>(),
        option::weighted(0.4, any::<bool>()),
        any::<bool>(),
    );
    (head, containers, init, volumes, tail).prop_map(
        |(
            (annotations, label, x, own),
            containers,
            init,
            volumes,
            (host_network, restart, grace, y, swap, automount, token),
        )| {
            let mut metadata = object([
                ("generateName", Some("web-".into())),
                ("x", Some(x)),
                ("labels", label.map(|l| json!({"podgraft.dev/inject": l, "app": "web"}))),
                ("annotations", annotations),
            ]);
            own.into_iter().for_each(|own| write_own_keys(&mut metadata, own));
            let first = object([("containers", Some(containers.into())), ("x", Some(y))]);
            let second = object([
                ("volumes", volumes),
                ("initContainers", init),
                ("hostNetwork", host_network.then_some(true.into())),
                ("restartPolicy", restart.map(Into::into)),
                ("terminationGracePeriodSeconds", grace.map(Into::into)),
                ("automountServiceAccountToken", automount.map(Into::into)),
            ]);
            let (Value::Object(mut spec), Value::Object(rest)) = (if swap { (second, first) } else { (first, second) })
            else {
                unreachable!()
            };
            spec.extend(rest);
            let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
            if token { crate::support::volumes::with_token(&pod) } else { pod }
        },
    )
}

/// Keys that podgraft itself writes, from an earlier review or from a user.
fn write_own_keys(metadata: &mut Value, own: &str) {
    if own.contains("annotation") {
        if let Some(annotations) = metadata["annotations"].as_object_mut() {
            annotations.insert("podgraft.dev/skipped".into(), "redis: PortConflict: an old text".into());
        }
        return;
    }
    if !metadata["labels"].is_object() {
        metadata["labels"] = json!({});
    }
    metadata["labels"]["companions.podgraft.dev/redis"] = "0badf00d".into();
    if own.contains("controller") {
        metadata["ownerReferences"] = json!([{"kind": "ReplicaSet", "name": "web", "controller": true}]);
    }
}
