//! The schemas that validation applies: those of podgraft's kinds, and Kubernetes' own for the core/v1 types within.
//!
//! They are generated from the types (`generate`), which takes longer than everything else that a process does at its start.
//! So the generated files are part of the program, and each is parsed when it is first needed.

pub(super) mod generate;
mod pattern;

use std::sync::LazyLock;

use serde_json::Value;

pub(super) use pattern::is_match;

/// `spec` of both kinds, as in the custom resource definitions.
pub(super) static SPEC: LazyLock<Value> = LazyLock::new(|| parsed(include_str!("schema/spec.json")));
/// core/v1 Container, as of the newest Kubernetes version that k8s-openapi has.
pub(super) static CONTAINER: LazyLock<Value> = LazyLock::new(|| parsed(include_str!("schema/container.json")));
/// core/v1 Volume, as of the newest Kubernetes version that k8s-openapi has.
pub(super) static VOLUME: LazyLock<Value> = LazyLock::new(|| parsed(include_str!("schema/volume.json")));
/// core/v1 EnvVar, as of the newest Kubernetes version that k8s-openapi has.
pub(super) static ENV_VAR: LazyLock<&Value> = LazyLock::new(|| &CONTAINER["properties"]["env"]["items"]);

/// Whether core/v1 PodSpec has a field of this name.
pub(super) fn is_pod_field(name: &str) -> bool {
    include_str!("schema/pod-fields.txt").lines().any(|field| field == name)
}

/// Whether one of the specs that have a Pod template has a field of this name.
pub(super) fn is_workload_field(name: &str) -> bool {
    include_str!("schema/workload-fields.txt").lines().any(|field| field == name)
}

fn parsed(json: &str) -> Value {
    // `tests/api` compares each file with the types, so that it is JSON.
    serde_json::from_str(json).unwrap_or_default()
}
