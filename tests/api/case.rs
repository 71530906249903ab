//! The rules of the definitions that are written in CEL, and a companion for each that it rejects. The cluster's tests include
//! this file.

use podgraft::internals::api::crds;
use serde::Deserialize;
use serde_json::{Value, json};

/// A companion that one rule rejects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The rule as it is written in CEL, and the path of the schema that has it.
    rule: String,
    at: String,
    #[serde(default = "cluster_companion")]
    kind: String,
    /// What is merged into the smallest valid companion.
    #[serde(default)]
    metadata: Value,
    #[serde(default)]
    spec: Value,
    /// Other rules that reject it of necessity.
    #[serde(default)]
    also: Vec<String>,
}

/// A rule of a definition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    pub kind: String,
    pub at: String,
    pub cel: String,
    pub message: String,
}

fn cluster_companion() -> String {
    "ClusterCompanion".to_owned()
}

/// All cases.
pub fn cases() -> Vec<Case> {
    serde_saphyr::from_str(include_str!("cases/rules.yaml")).expect("the cases can be read")
}

impl Case {
    pub fn companion(&self) -> Value {
        let mut companion = smallest(&self.kind);
        // A patch of null would remove the field.
        for (field, patch) in [("metadata", &self.metadata), ("spec", &self.spec)] {
            if patch.is_object() {
                json_patch::merge(&mut companion[field], patch);
            }
        }
        companion
    }

    /// Whether it is the case of a rule. A rule of both definitions needs one case.
    pub fn is_of(&self, rule: &Rule) -> bool {
        self.rule == rule.cel && self.at == rule.at
    }

    /// Whether a rule may reject it.
    pub fn may_break(&self, rule: &Rule) -> bool {
        self.is_of(rule) || self.also.contains(&rule.cel)
    }

    pub fn name(&self) -> String {
        format!("{} {}: {}", self.kind, self.at, self.rule)
    }
}

/// The smallest companion that is valid, under the name `case`.
pub fn smallest(kind: &str) -> Value {
    json!({
        "apiVersion": "podgraft.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": "case"},
        "spec": {"pattern": "Sidecar", "containers": [{"name": "case", "image": "registry.example/case:v1"}]},
    })
}

/// All rules of both definitions.
pub fn rules() -> Vec<Rule> {
    let mut rules = Vec::new();
    for crd in crds() {
        let kind = crd.pointer("/spec/names/kind").and_then(Value::as_str).expect("a kind");
        let schema = crd.pointer("/spec/versions/0/schema/openAPIV3Schema").expect("a schema");
        collect(schema, kind, "", &mut rules);
    }
    assert!(rules.len() > 80, "the rules were found");
    rules
}

fn collect(schema: &Value, kind: &str, at: &str, rules: &mut Vec<Rule>) {
    let text = |rule: &Value, field: &str| rule[field].as_str().expect("a text").to_owned();
    for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        let (cel, message) = (text(rule, "rule"), text(rule, "message"));
        rules.push(Rule { kind: kind.to_owned(), at: at.to_owned(), cel, message });
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        collect(property, kind, &format!("{at}.{name}"), rules);
    }
    for (field, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[field].is_object() {
            collect(&schema[field], kind, &format!("{at}{mark}"), rules);
        }
    }
}
