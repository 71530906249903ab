//! Generated Pods, companions and Namespaces: small pools of names, paths and ports, so that things meet.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

mod companion;
mod pod;

#[allow(unused_imports)] // a suite uses some of them
pub use companion::{any_companion, companion};
pub use pod::pod;

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
pub fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    members.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v?))).collect::<Map<_, _>>().into()
}

fn namespace() -> impl Strategy<Value = Value> {
    (option::of(select(vec!["enabled", "disabled", "maybe"])), option::weighted(0.3, select(vec!["git-sync", "redis, alpha", "redis,,redis", "nobody"]))).prop_map(|(label, list)| {
        let labels = object([("podgraft.dev/inject", label.map(Into::into))]);
        let annotations = object([("podgraft.dev/companions", list.map(Into::into))]);
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels, "annotations": annotations}})
    })
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
