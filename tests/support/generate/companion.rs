//! Generated companions.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::{PATHS, PORTS, VARIABLES, object};

/// A valid companion.
pub fn companion(name: &'static str) -> impl Strategy<Value = Value> {
    any_companion(name)
        .prop_filter("it is invalid", |c| podgraft::internals::api::check_companion(c).problems.is_empty())
}

/// A companion; most are valid.
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
        prop::bool::weighted(0.3),
    );
    (head, rest).prop_map(move |(head, rest)| {
        let (pattern, activation, required, on_conflict, lifecycle, position, host_network, token) = head;
        let (shared, listens, init, exposes, files, sleep, app_env, parameters, pull_secret, named) = rest;
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
        // Every field that names a volume, also one that may join another volume.
        let joins = shared_volumes.as_ref().is_some_and(|shared| shared[0].get("source").is_none());
        let from_file = |name: &str, volume: &str| json!({"name": name, "valueFrom": {"fileKeyRef": {"volumeName": volume, "path": "x.env", "key": "X"}}});
        let mut env = vec![json!({"name": "OWN", "value": "$(P_TEXT)"})];
        env.extend(named.then(|| from_file("OWN_FILE", "own")));
        env.extend((named && joins).then(|| from_file("SHARED_FILE", "shared")));
        let mut given: Vec<_> = app_env.into_iter().map(|name| json!({"name": name, "value": "x"})).collect();
        given.extend((named && joins).then(|| from_file("APP_FILE", "shared")));
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
                declared.push(json!({"name": "file", "type": "SecretKey", "file": "/opt/keys/key", "env": "P_FILE", "default": "keys/key"}));
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
            ("containers", Some(json!([object([
                ("name", Some(name.into())),
                ("image", Some(format!("registry.example/{name}:v1").into())),
                ("env", Some(env.clone().into())),
                ("volumeMounts", named.then(|| json!([{"name": "own", "mountPath": "/own"}]))),
                ("volumeDevices", named.then(|| json!([{"name": "disk", "devicePath": "/dev/disk"}]))),
                ("resources", Some(json!({"requests": {"memory": "8Mi"}}))),
                ("fieldOfTheFuture", Some(json!({"n": 1.50}))),
            ])]))),
            ("initContainers", init.then(|| json!([{"name": format!("{name}-prepare"), "image": "registry.example/prepare:v1", "env": env}]))),
            ("volumes", named.then(|| json!([{"name": "own"}, {"name": "disk", "persistentVolumeClaim": {"claimName": "disk"}}]))),
            ("sharedVolumes", shared_volumes),
            ("listens", listens),
            ("reads", reads),
            ("exposes", exposes.then(|| json!({"name": "metrics", "port": 9113, "path": "/metrics"}))),
            ("files", files.then(|| json!([{"path": "/opt/podgraft/conf.d/x.conf", "content": "a \"line\"\nand $(another)\n"}]))),
            ("app", (sleep.is_some() || !given.is_empty()).then(|| object([
                ("preStopSleep", sleep.map(|s| format!("{s}s").into())),
                ("env", (!given.is_empty()).then_some(given.into())),
            ]))),
            ("podAnnotations", exposes.then(|| json!({"team.example/by": name}))),
            ("parameters", (!declared.is_empty()).then_some(declared.into())),
        ]);
        json!({"apiVersion": "podgraft.dev/v1alpha1", "kind": "ClusterCompanion", "metadata": {"name": name}, "spec": spec})
    })
}
