//! The webhooks as the chart of this version creates them. A test compares them with the rendered charts.

use serde_json::{Value, json};

use super::installation::InstalledAt;
use crate::inject::keys;
use crate::webhook::Configuration;

/// Fields of a webhook that the chart's values cannot change, as the API server returns them.
pub(super) fn fixed(configuration: Configuration, at: &InstalledAt) -> Vec<(&'static str, Value)> {
    let service = json!({"name": at.name, "namespace": at.namespace, "path": configuration.path(), "port": 443});
    let mut fields = vec![
        ("/clientConfig/service", service),
        ("/admissionReviewVersions", json!(["v1"])),
        ("/matchPolicy", json!("Equivalent")),
    ];
    if configuration == Configuration::Preview {
        fields.push(("/failurePolicy", json!("Ignore")));
        return fields;
    }
    let pods = json!([{
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"], "scope": "Namespaced",
    }]);
    fields.extend([
        ("/rules", pods),
        ("/reinvocationPolicy", json!("IfNeeded")),
        (
            "/objectSelector",
            json!({"matchExpressions": [inject_label(opted_out_operator(configuration), &["disabled"])]}),
        ),
    ]);
    if configuration == Configuration::OptedOut {
        fields.push(("/failurePolicy", json!("Ignore")));
    }
    fields
}

/// The webhooks that a configuration has at least.
pub(super) fn names(configuration: Configuration) -> Vec<String> {
    let own = format!("{}.podgraft.dev", configuration.as_str());
    match configuration {
        Configuration::Preview => vec![own, "preview-companions.podgraft.dev".to_owned()],
        _ => vec![own],
    }
}

/// The requirement of a namespaceSelector on the label `podgraft.dev/inject`; `None` where there is none.
pub(super) fn opt_in(configuration: Configuration, required: bool) -> Option<Value> {
    match configuration {
        Configuration::OptedIn => Some(inject_label("In", &["enabled"])),
        Configuration::ClusterWide if required => Some(inject_label("NotIn", &["enabled"])),
        Configuration::ClusterWide => Some(inject_label("NotIn", &["enabled", "disabled"])),
        Configuration::Requested | Configuration::OptedOut | Configuration::Preview => None,
    }
}

/// The match conditions that a webhook for Pods has at least.
pub(super) fn conditions(configuration: Configuration) -> Vec<Value> {
    let mirror = format!(
        "!('{}' in object.metadata.?annotations.orValue({{}}) && request.userInfo.username.startsWith('system:node:'))",
        keys::MIRROR
    );
    let mut conditions = vec![json!({"name": "not-a-mirror", "expression": mirror})];
    match configuration {
        Configuration::Requested => {
            conditions.push(json!({"name": "sets-podgraft-keys", "expression": sets_keys()}));
        }
        Configuration::OptedIn | Configuration::ClusterWide => {
            let expression = format!("!({})", sets_keys());
            conditions.push(json!({"name": "sets-no-podgraft-keys", "expression": expression}));
        }
        Configuration::OptedOut | Configuration::Preview => {}
    }
    conditions
}

/// Whether the Pod has a key of podgraft that its author can write.
fn sets_keys() -> String {
    let (prefix, status, skipped) = (keys::PREFIX, keys::STATUS, keys::SKIPPED);
    let maps = keys::MetadataMap::ALL.map(keys::MetadataMap::as_str);
    let many = maps.map(|map| format!("object.metadata.?{map}.orValue({{}}).size() > 256"));
    let any = maps.map(|map| {
        format!(
            "object.metadata.?{map}.orValue({{}}).exists(k, k.startsWith('{prefix}') && !(k in ['{status}', '{skipped}']))"
        )
    });
    [many, any].concat().join(" || ")
}

fn opted_out_operator(configuration: Configuration) -> &'static str {
    if configuration == Configuration::OptedOut { "In" } else { "NotIn" }
}

fn inject_label(operator: &str, values: &[&str]) -> Value {
    json!({"key": keys::INJECT, "operator": operator, "values": values})
}
