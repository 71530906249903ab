//! The Pods that a configuration selects.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The label that every Namespace has, with its name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

const NO_SELECTOR: &str = "invalid value: must be a label selector with matchLabels and matchExpressions";

/// The Pods that get a companion.
#[derive(Debug, Clone, Default)]
pub(super) struct Audience {
    /// Whether all of them get the companion, or only those that request it by its name. The labels are required of both.
    pub(super) is_automatic: bool,
    /// Labels of Pods.
    pub(super) pods: LabelQuery,
    /// Labels of namespaces.
    pub(super) namespaces: LabelQuery,
}

/// Requirements on labels, all of which must be met.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct LabelQuery {
    labels: BTreeMap<String, String>,
    expressions: Vec<Value>,
}

impl LabelQuery {
    /// Adds all requirements of a metav1 LabelSelector; nothing is required without one. The error is about what has another
    /// form, because a requirement that is not read would select more Pods.
    pub(super) fn add_selector(&mut self, selector: &Value) -> Result<(), &'static str> {
        let members = match selector {
            Value::Null => return Ok(()),
            Value::Object(members) => members,
            _ => return Err(NO_SELECTOR),
        };
        for (name, value) in members {
            match (&**name, value) {
                (_, Value::Null) => {}
                ("matchLabels", Value::Object(labels)) => {
                    for (key, value) in labels {
                        self.add_label(key, value.as_str().ok_or(NO_SELECTOR)?);
                    }
                }
                ("matchExpressions", Value::Array(expressions)) => self.expressions.extend(expressions.iter().cloned()),
                _ => return Err(NO_SELECTOR),
            }
        }
        Ok(())
    }

    /// Requires a label. Two values of one key can both be required, which no object meets.
    pub(super) fn add_label(&mut self, key: &str, value: &str) {
        match self.labels.get(key) {
            Some(other) if other != value => self.add_expression(key, "In", &[value.to_owned()]),
            _ => {
                self.labels.insert(key.to_owned(), value.to_owned());
            }
        }
    }

    /// Adds a requirement; `Exists` and `DoesNotExist` have no values.
    pub(super) fn add_expression(&mut self, key: &str, operator: &str, values: &[String]) {
        let mut requirement = json!({"key": key, "operator": operator});
        if !values.is_empty() {
            requirement["values"] = json!(values);
        }
        if !self.expressions.contains(&requirement) {
            self.expressions.push(requirement);
        }
    }

    /// Requires one of these namespaces, or with `NotIn` none of them.
    pub(super) fn add_namespaces(&mut self, operator: &str, names: &[String]) {
        match names {
            [name] if operator == "In" => self.add_label(NAMESPACE_NAME, name),
            _ => self.add_expression(NAMESPACE_NAME, operator, names),
        }
    }

    /// The metav1 LabelSelector; `None` if nothing is required.
    pub(super) fn to_selector(&self) -> Option<Value> {
        let mut selector = json!({});
        if !self.labels.is_empty() {
            selector["matchLabels"] = json!(self.labels);
        }
        if !self.expressions.is_empty() {
            selector["matchExpressions"] = json!(self.expressions);
        }
        (selector != json!({})).then_some(selector)
    }
}
