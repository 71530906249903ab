//! Generated Pods, companions and Namespaces: small pools of names, paths and ports, so that things meet.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

const COMPANIONS: [&str; 4] = ["alpha", "git-sync", "redis", "z9"];
const PATHS: [&str; 6] = ["/a", "/a/b", "/data", "/etc/conf", "/logs", "/var/www"];
const PORTS: [u16; 5] = [80, 6379, 8080, 9113, 9999];
const VARIABLES: [&str; 5] = ["HOME_DIR", "HOST", "MODE", "PORT", "REDIS_HOST"];

/// A Pod that asks for something, its namespace, and the companions of its cluster.
#[derive(Debug, Clone)]
pub struct Scene {
    pub pod: Value,
    pub manifests: Vec<Value>,
}

/// The namespace of all generated Pods.
pub const NAMESPACE: &str = "team";

pub fn scene() -> impl Strategy<Value = Scene> {
    (
        subsequence(&COMPANIONS[..], 1..=4).prop_flat_map(|names| names.into_iter().map(companion).collect::<Vec<_>>()),
        namespace(),
        pod(),
    )
        .prop_map(|(mut manifests, namespace, pod)| {
            manifests.push(namespace);
            Scene { pod, manifests }
        })
}

/// An object of optional members: what is `None` is left out.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    members.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v?))).collect::<Map<_, _>>().into()
}

/// A companion that passes the gate.
pub fn companion(name: &'static str) -> impl Strategy<Value = Value> {
    any_companion(name).prop_filter("the gate refuses it", |c| podgraft::api::check_companion(c).problems.is_empty())
}

/// A companion of which most pass the gate.
pub fn any_companion(name: &'static str) -> impl Strategy<Value = Value> {
    let head = (
        select(vec!["Sidecar", "Ambassador", "Adapter"]),
        select(vec!["OnRequest", "OnRequest", "OptedInNamespaces", "ClusterWide"]),
        prop::bool::weighted(0.2),
        option::of(select(vec!["Deny", "Skip"])),
        select(vec!["Native", "Native", "Container"]),
        option::of(select(vec!["First", "Last"])),
        option::of(select(vec!["Allow", "Refuse"])),
        any::<bool>(),
    );
    let shared = option::weighted(
        0.6,
        (
            select(&PATHS[..]),
            select(&PATHS[..]),
            any::<bool>(),
            option::weighted(
                0.2,
                select(vec![json!({"emptyDir": {"medium": "Memory"}}), json!({"configMap": {"name": "c"}})]),
            ),
        ),
    );
    let rest = (
        shared,
        option::weighted(0.5, (select(&PORTS[..]), any::<bool>())),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.3),
        option::weighted(0.3, 1_u32..40),
        option::weighted(0.3, select(&VARIABLES[..])),
        any::<bool>(),
        any::<bool>(),
    );
    (head, rest).prop_map(move |(head, rest)| {
        let (pattern, activation, required, on_conflict, lifecycle, position, host_network, token) = head;
        let (shared, listens, init, exposes, files, sleep, app_env, parameters, pull_secret) = rest;
        let required = required && activation == "ClusterWide";
        let native = lifecycle == "Native";
        let listens = listens.or((pattern == "Ambassador").then_some((6379, true)));
        let upper = name.replace('-', "_").to_uppercase();
        let shared_volumes = shared.map(|(companion, app, read_only, source)| {
            json!([object([
                ("name", Some("shared".into())),
                ("source", source),
                ("companion", Some(json!({"mountPath": companion}))),
                ("app", Some(json!({"mountPath": app, "readOnly": read_only}))),
            ])])
        });
        let reads = match (&shared_volumes, pattern) {
            (Some(_), "Adapter") => Some(json!([{"sharedVolume": "shared"}])),
            (None, "Adapter") => Some(json!([{"port": 8080}])),
            _ => None,
        };
        let mut declared = vec![];
        if parameters {
            declared.push(json!({"name": "text", "type": "String", "env": "P_TEXT"}));
            declared.push(json!({"name": "every", "type": "Duration", "default": "10s", "env": "P_EVERY", "as": "seconds"}));
            declared.push(json!({"name": "key", "type": "SecretKey", "env": "P_KEY"}));
            if listens.is_some_and(|(_, env)| env) && !required {
                declared.push(json!({"name": "port", "type": "Port", "listens": "end"}));
            }
            if shared_volumes.is_some() && !required {
                declared.push(json!({"name": "path", "type": "Path", "mountPath": "shared/app"}));
            }
            if !required {
                declared.push(json!({"name": "memory", "type": "Quantity", "minimum": "16Mi", "maximum": "1Gi", "resource": format!("{name}/limits.memory")}));
            }
        }
        let listens = listens.map(|(port, env)| {
            let env = env.then(|| json!({"host": format!("{upper}_HOST"), "port": format!("{upper}_PORT")}));
            json!([object([("name", Some("end".into())), ("port", Some(port.into())), ("env", env)])])
        });
        let spec = object([
            ("pattern", Some(pattern.into())),
            ("description", Some("generated".into())),
            ("activation", Some(activation.into())),
            ("required", required.then_some(true.into())),
            ("onConflict", on_conflict.filter(|_| !required).map(Into::into)),
            ("lifecycle", Some(lifecycle.into())),
            ("position", position.filter(|_| native).map(Into::into)),
            ("hostNetwork", host_network.map(Into::into)),
            ("serviceAccountToken", Some(token.into())),
            ("imagePullSecrets", pull_secret.then(|| json!([{"name": "registry"}]))),
            ("containers", Some(json!([{
                "name": name,
                "image": format!("registry.example/{name}:v1"),
                "env": [{"name": "OWN", "value": "$(P_TEXT)"}],
                "resources": {"requests": {"memory": "8Mi"}},
                "fieldOfTheFuture": {"n": 1.50},
            }]))),
            ("initContainers", init.then(|| json!([{"name": format!("{name}-prepare"), "image": "registry.example/prepare:v1"}]))),
            ("sharedVolumes", shared_volumes),
            ("listens", listens),
            ("reads", reads),
            ("exposes", exposes.then(|| json!({"name": "metrics", "port": 9113, "path": "/metrics"}))),
            ("files", files.then(|| json!([{"path": "/opt/podgraft/conf.d/x.conf", "content": "a \"line\"\nand $(another)\n"}]))),
            ("app", (sleep.is_some() || app_env.is_some()).then(|| object([
                ("preStopSleep", sleep.map(|s| format!("{s}s").into())),
                ("env", app_env.map(|name| json!([{"name": name, "value": "x"}]))),
            ]))),
            ("podAnnotations", exposes.then(|| json!({"team.example/by": name}))),
            ("parameters", (!declared.is_empty()).then_some(declared.into())),
        ]);
        json!({"apiVersion": "podgraft.dev/v1alpha1", "kind": "ClusterCompanion", "metadata": {"name": name}, "spec": spec})
    })
}

fn namespace() -> impl Strategy<Value = Value> {
    (option::of(select(vec!["enabled", "disabled", "maybe"])), option::weighted(0.3, select(vec!["git-sync", "redis, alpha", "redis,,redis", "nobody"]))).prop_map(|(label, list)| {
        let labels = object([("podgraft.dev/inject", label.map(Into::into))]);
        let annotations = object([("podgraft.dev/companions", list.map(Into::into))]);
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels, "annotations": annotations}})
    })
}

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

/// A value of a parameter: mostly what fits, and what people try.
pub fn parameter_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~é🦀]{0,20}",
        select(vec!["10s", "64Mi", "8081", "/srv/app", "name/key", "$(HOME)", "${x}", "\"}],\"x\":[{\"", "a\\u0022"])
            .prop_map(Into::into)
    ]
}

pub fn annotations() -> impl Strategy<Value = Value> {
    let request =
        option::weighted(0.7, subsequence(&COMPANIONS[..], 1..=3).prop_shuffle().prop_map(|names| names.join(", ")));
    let odd =
        option::weighted(0.05, select(vec!["redis,,alpha", "nobody", "redis,redis", ""]).prop_map(ToOwned::to_owned));
    let parameters = vec(
        (select(&COMPANIONS[..]), select(vec!["text", "every", "key", "port", "path", "memory"]), parameter_value()),
        0..2,
    );
    let others = vec((select(vec!["a/b", "x~y", "prometheus.io/port", "team.example/by", "é"]), "[ -~]{0,8}"), 0..3);
    let named = option::weighted(0.15, select(vec!["app", "app,web", "setup", "nobody"]));
    (request, odd, prop::collection::vec(Just(()), 0..1), parameters, others, named, prop::bool::weighted(0.4))
        .prop_map(|(request, odd, _, parameters, others, named, with_parameters)| {
            let mut map = Map::new();
            for (key, value) in others {
                map.insert(key.into(), value.into());
            }
            if let Some(names) = odd.or(request) {
                map.insert("podgraft.dev/companions".into(), names.into());
            }
            if let Some(names) = named {
                map.insert("podgraft.dev/containers".into(), names.into());
            }
            for (companion, parameter, value) in parameters.into_iter().filter(|_| with_parameters) {
                map.insert(format!("podgraft.dev/{companion}.{parameter}"), value.into());
            }
            map.into()
        })
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
    );
    let tail = (
        prop::bool::weighted(0.1),
        option::weighted(0.2, select(vec!["Never", "OnFailure", "Always"])),
        option::weighted(0.2, 1_i64..60),
        unknown(),
        any::<bool>(),
    );
    (head, containers, init, volumes, tail).prop_map(
        |((annotations, label, x), containers, init, volumes, (host_network, restart, grace, y, swap))| {
            let metadata = object([
                ("generateName", Some("web-".into())),
                ("x", Some(x)),
                ("labels", label.map(|l| json!({"podgraft.dev/inject": l, "app": "web"}))),
                ("annotations", annotations),
            ]);
            let first = object([("containers", Some(containers.into())), ("x", Some(y))]);
            let second = object([
                ("volumes", volumes),
                ("initContainers", init),
                ("hostNetwork", host_network.then_some(true.into())),
                ("restartPolicy", restart.map(Into::into)),
                ("terminationGracePeriodSeconds", grace.map(Into::into)),
            ]);
            let (Value::Object(mut spec), Value::Object(rest)) = (if swap { (second, first) } else { (first, second) })
            else {
                unreachable!()
            };
            spec.extend(rest);
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        },
    )
}
