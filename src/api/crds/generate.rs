//! The custom resource definitions, generated from the types of each version. Only tests generate them: the program prints
//! the files that `make golden` has written.

use kube::CustomResourceExt;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Number, Value};

use crate::api::v1alpha1;

/// The custom resource definitions: ClusterCompanion, then Companion.
#[must_use]
pub fn crds() -> Vec<Value> {
    [v1alpha1::ClusterCompanion::crd(), v1alpha1::Companion::crd()].map(|crd| tidy(to_value(&crd))).into()
}

/// A definition as YAML.
#[must_use]
pub fn crd_yaml(crd: &Value) -> String {
    serde_saphyr::to_string(&Plain(crd)).expect("a JSON value is YAML")
}

fn to_value(crd: &impl serde::Serialize) -> Value {
    serde_json::to_value(crd).expect("a definition is JSON")
}

/// The formats that API servers know; they warn about any other.
const FORMATS: [&str; 3] = ["int32", "int64", "date-time"];

/// Removes what the generators add and readers do not need: `nullable`, formats that API servers do not know, numbers
/// as fractions, line breaks within a sentence, and titles.
fn tidy(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(key, v)| match (&**key, v) {
                ("nullable", Value::Bool(_)) => false,
                ("format", Value::String(format)) => FORMATS.contains(&&**format),
                _ => true,
            });
            kept.map(|(key, v)| tidy_member(key, v)).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(tidy).collect(),
        Value::Number(number) => Value::Number(whole(&number).unwrap_or(number)),
        other => other,
    }
}

fn tidy_member(key: String, value: Value) -> (String, Value) {
    match value {
        Value::String(text) if key == "description" => {
            let lines: Vec<_> =
                text.split("\n\n").map(|p| p.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
            (key, lines.join("\n\n").into())
        }
        other => (key, tidy(other)),
    }
}

/// The number as an integer, if it has no fraction.
#[allow(clippy::cast_possible_truncation)] // the range is checked
fn whole(number: &Number) -> Option<Number> {
    let fraction = number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e15)?;
    Some(Number::from(fraction as i64))
}

/// Serializes a JSON value for other serializers than that of serde_json, which do not know its numbers of arbitrary
/// precision.
struct Plain<'a>(&'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(b) => serializer.serialize_bool(*b),
            Value::Number(n) => match (n.as_i64(), n.as_f64()) {
                (Some(n), _) => serializer.serialize_i64(n),
                (None, Some(n)) => serializer.serialize_f64(n),
                (None, None) => serializer.serialize_str(&n.to_string()),
            },
            Value::String(s) => serializer.serialize_str(s),
            Value::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(&Plain(item))?;
                }
                seq.end()
            }
            Value::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, &Plain(value))?;
                }
                map.end()
            }
        }
    }
}
