//! The schemas that validation applies: those of podgraft's kinds, and Kubernetes' own for the core/v1 types within.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use k8s_openapi::api::apps::v1::{DaemonSetSpec, DeploymentSpec, StatefulSetSpec};
use k8s_openapi::api::batch::v1::{CronJobSpec, JobSpec};
use k8s_openapi::api::core::v1::{Container, EnvVar, PodSpec, Volume};
use regex_lite::Regex;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// `spec` of both kinds, as in the custom resource definitions.
pub(super) static SPEC: LazyLock<Value> = LazyLock::new(|| {
    let path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
    super::crds::crds()[0].pointer_mut(path).map(Value::take).unwrap_or_default()
});
/// core/v1 Container, as of the newest Kubernetes version that k8s-openapi has.
pub(super) static CONTAINER: LazyLock<Value> = LazyLock::new(of::<Container>);
/// core/v1 Volume, as of the newest Kubernetes version that k8s-openapi has.
pub(super) static VOLUME: LazyLock<Value> = LazyLock::new(of::<Volume>);
/// core/v1 EnvVar, as of the newest Kubernetes version that k8s-openapi has.
pub(super) static ENV_VAR: LazyLock<Value> = LazyLock::new(of::<EnvVar>);
/// The names of the fields of core/v1 PodSpec.
pub(super) static POD_FIELDS: LazyLock<HashSet<String>> = LazyLock::new(names_of::<PodSpec>);
/// The names of the fields of the specs that have a Pod template.
pub(super) static WORKLOAD_FIELDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let specs = [
        names_of::<DeploymentSpec>(),
        names_of::<StatefulSetSpec>(),
        names_of::<DaemonSetSpec>(),
        names_of::<JobSpec>(),
        names_of::<CronJobSpec>(),
    ];
    specs.into_iter().flatten().collect()
});
/// The patterns of all these schemas, compiled.
pub(super) static PATTERNS: LazyLock<HashMap<String, Regex>> = LazyLock::new(|| {
    let mut patterns = HashMap::new();
    for schema in [&SPEC, &CONTAINER, &VOLUME, &ENV_VAR] {
        collect(schema, &mut patterns);
    }
    patterns
});

fn collect(schema: &Value, patterns: &mut HashMap<String, Regex>) {
    if let Some(pattern) = schema["pattern"].as_str()
        && let Ok(compiled) = Regex::new(pattern)
    {
        patterns.insert(pattern.to_owned(), compiled);
    }
    match schema {
        Value::Object(members) => members.values().for_each(|value| collect(value, patterns)),
        Value::Array(items) => items.iter().for_each(|value| collect(value, patterns)),
        _ => {}
    }
}

fn names_of<T: JsonSchema>() -> HashSet<String> {
    let schema: Value = SchemaSettings::openapi3().into_generator().into_root_schema_for::<T>().into();
    schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::openapi3().with(|s| s.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().into()
}
