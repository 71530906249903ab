//! Generates the files of the schemas. Only tests call this.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::{DaemonSetSpec, DeploymentSpec, StatefulSetSpec};
use k8s_openapi::api::batch::v1::{CronJobSpec, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodSpec, Volume};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize as _;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value};

use crate::api::crds::generate::crds;

/// The keywords that validation applies. All others describe a field, or are rules that only API servers evaluate.
const APPLIED: [&str; 20] = [
    "additionalProperties",
    "default",
    "enum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "properties",
    "required",
    "type",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-preserve-unknown-fields",
];

/// The files of the schemas, each with its name and its content.
#[must_use]
pub fn schema_files() -> Vec<(&'static str, String)> {
    let spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
    let spec = crds()[0].pointer(spec).map(applied).unwrap_or_default();
    let workloads = [
        fields::<DeploymentSpec>(),
        fields::<StatefulSetSpec>(),
        fields::<DaemonSetSpec>(),
        fields::<JobSpec>(),
        fields::<CronJobSpec>(),
    ];
    vec![
        ("spec.json", json(&spec)),
        ("container.json", json(&applied(&full::<Container>()))),
        ("volume.json", json(&applied(&full::<Volume>()))),
        ("pod-fields.txt", lines(&fields::<PodSpec>())),
        ("workload-fields.txt", lines(&workloads.into_iter().flatten().collect())),
    ]
}

/// The whole schema of a type, without references.
pub(in crate::api) fn full<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().into()
}

fn fields<T: JsonSchema>() -> BTreeSet<String> {
    let schema: Value = SchemaSettings::openapi3().into_generator().into_root_schema_for::<T>().into();
    schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

/// The part of a schema that validation applies.
fn applied(schema: &Value) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let kept = keywords.iter().filter(|(keyword, _)| APPLIED.contains(&keyword.as_str()));
    let kept = kept.map(|(keyword, value)| {
        let value = match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => properties
                .iter()
                .map(|(name, property)| (name.clone(), applied(property)))
                .collect::<Map<_, _>>()
                .into(),
            ("items" | "additionalProperties", nested) => applied(nested),
            _ => value.clone(),
        };
        (keyword.clone(), value)
    });
    kept.collect::<Map<_, _>>().into()
}

/// One line for each value, so that a change is a change of few lines, and no indentation, which would be parsed.
fn json(value: &Value) -> String {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b""));
    value.serialize(&mut serializer).expect("a value is JSON");
    String::from_utf8(text).expect("JSON is UTF-8") + "\n"
}

fn lines(names: &BTreeSet<String>) -> String {
    names.iter().flat_map(|name| [name, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keywords that describe a field, or that only API servers evaluate.
    const OTHERS: [&str; 5] = ["$schema", "description", "title", "x-kubernetes-map-type", "x-kubernetes-validations"];

    fn keywords(schema: &Value, found: &mut BTreeSet<String>) {
        found.extend(schema.as_object().into_iter().flatten().map(|(keyword, _)| keyword.clone()));
        schema["properties"].as_object().into_iter().flatten().for_each(|(_, property)| keywords(property, found));
        for nested in
            ["items", "additionalProperties"].map(|keyword| &schema[keyword]).into_iter().filter(|s| s.is_object())
        {
            keywords(nested, found);
        }
    }

    #[test]
    fn every_keyword_of_the_schemas_is_applied_or_known_to_be_of_no_use() {
        let mut found = BTreeSet::new();
        let crd = &crds()[0]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
        for schema in [crd, &full::<Container>(), &full::<Volume>()] {
            keywords(schema, &mut found);
        }
        let known: BTreeSet<_> = APPLIED.into_iter().chain(OTHERS).map(str::to_owned).collect();
        assert_eq!(found, known);
    }
}
