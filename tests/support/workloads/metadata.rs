//! Labels and annotations of generated templates.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

/// The companions that Pods can request. The last two are available to the Pods of one kind only.
const ON_REQUEST: [&str; 9] =
    ["agent", "beside", "cache", "host-agent", "log-reader", "pages", "scratch", "for-deployments", "for-the-first"];

/// Parameters with good and bad values, as the annotation's key and value.
const PARAMETERS: [(&str, &str); 14] = [
    ("pages.repo", "ssh://git.example/site"),
    ("pages.period", "30s"),
    ("pages.period", "soon"),
    ("pages.path", "/srv/other"),
    ("pages.path", "/srv/www/img"),
    ("pages.path", "/var/log/app"),
    ("pages.path", "/var/run"),
    ("pages.path", "/var/run/secrets/kubernetes.io/serviceaccount/x"),
    ("cache.port", "6380"),
    ("cache.port", "8080"),
    ("cache.memory", "256Mi"),
    ("cache.memory", "24Mi"),
    ("cache.colour", "red"),
    ("agent.level", "debug"),
];

/// The metadata of a template: absent labels, annotations and metadata included.
pub fn metadata() -> impl Strategy<Value = Value> {
    (labels(), annotations()).prop_map(|(labels, annotations)| {
        let mut metadata = json!({"labels": labels});
        if !annotations.is_empty() {
            metadata["annotations"] = annotations.into();
        }
        metadata
    })
}

fn labels() -> impl Strategy<Value = Value> {
    let tier = weighted(0.4, select(vec!["backend", "frontend"]));
    let inject = prop_oneof![
        20 => Just(None),
        3 => Just(Some("enabled")),
        2 => Just(Some("disabled")),
        1 => Just(Some("maybe")),
    ];
    (tier, inject).prop_map(|(tier, inject)| {
        let mut labels = json!({"app": "web"});
        for (key, value) in [("tier", tier), ("podgraft.dev/inject", inject)] {
            if let Some(value) = value {
                labels[key] = value.into();
            }
        }
        labels
    })
}

fn annotations() -> impl Strategy<Value = Map<String, Value>> {
    let wrong = select(vec!["pages,,cache", "pagse", "cache,cache", "not-in-jobs"]);
    let names = prop_oneof![4 => subsequence(&ON_REQUEST[..7], 1..=3), 1 => subsequence(&ON_REQUEST[..], 1..=3)];
    let right = names.prop_shuffle().prop_map(|names| names.join(", "));
    let request = prop_oneof![4 => Just(None), 12 => right.prop_map(Some), 1 => wrong.prop_map(|w| Some(w.to_owned()))];
    let named = weighted(0.1, select(vec!["web", "web", "web,worker", "setup", "mesh", "nobody"]));
    let others = weighted(0.2, select(vec![("prometheus.io/port", "1234"), ("team.example/a", "b")]));
    let parameters = prop_oneof![2 => Just(vec![]), 1 => vec(select(&PARAMETERS[..]), 1..4)];
    (request, named, others, parameters, prop::bool::weighted(0.9), prop::bool::weighted(0.2)).prop_map(
        |(request, named, others, parameters, with_repo, stray)| {
            let mut all = Map::new();
            let mut set = |key: &str, value: &str| all.insert(key.to_owned(), value.into());
            if let Some(names) = &request {
                set("podgraft.dev/companions", names);
                if with_repo && names.contains("pages") {
                    set("podgraft.dev/pages.repo", "https://git.example/site");
                }
            }
            if let Some(named) = named {
                set("podgraft.dev/containers", named);
            }
            // Most parameters are those of companions that the Pod requests.
            let is_used =
                |key: &str| request.iter().any(|names| key.split('.').next().is_some_and(|c| names.contains(c)));
            let ours = parameters.into_iter().filter(|(key, _)| stray || is_used(key));
            let ours = ours.map(|(key, value)| (format!("podgraft.dev/{key}"), value));
            for (key, value) in ours.chain(others.map(|(key, value)| (key.to_owned(), value))) {
                set(&key, value);
            }
            all
        },
    )
}
