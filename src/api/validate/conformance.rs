//! Holds JSON against a schema, and makes of it what the typed structs can read.

mod scalar;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::api::path::FieldPath;
use crate::api::report::Report;
use scalar::{article, integer, mending, of_value, string};

/// Whose schema it is, which decides what a field that it does not know is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum SchemaOf {
    /// Ours: an unknown field is a problem.
    Podgraft,
    /// Kubernetes': an unknown field may be one of a later version, so it is kept and warned about.
    Kubernetes,
}

/// What is said of a field that may be one of a later version.
pub(in crate::api) const UNKNOWN: &str = "no field of Kubernetes that podgraft knows, kept as it is";

/// How a value is held against a schema.
#[derive(Debug, Clone, Copy)]
struct Mode {
    owner: SchemaOf,
    /// Whether what conforms is returned. A copy of a large companion costs many times its text.
    keeps: bool,
}

impl Mode {
    fn kept(self, value: &Value) -> Value {
        if self.keeps { value.clone() } else { Value::Null }
    }
}

/// Finds everything in which a value differs from a schema, and returns it without what differs: absent where a field
/// may be absent, else an empty stand-in. `null` counts as absent, as it does for the API server.
pub(in crate::api) fn conform(
    value: &Value,
    schema: &Value,
    owner: SchemaOf,
    at: &FieldPath,
    found: &mut Report,
) -> Value {
    conform_in(value, schema, Mode { owner, keeps: true }, at, found)
}

/// Finds everything in which a value differs from a schema of Kubernetes' own, and copies nothing.
pub(in crate::api) fn check(value: &Value, schema: &Value, at: &FieldPath, found: &mut Report) {
    conform_in(value, schema, Mode { owner: SchemaOf::Kubernetes, keeps: false }, at, found);
}

/// The same for an object whose members are at hand, and not the object itself.
pub(in crate::api) fn check_members<'v>(
    members: impl ExactSizeIterator<Item = (&'v str, &'v Value)> + Clone,
    schema: &Value,
    at: &FieldPath,
    found: &mut Report,
) {
    if let Err(message) = object(members, schema, Mode { owner: SchemaOf::Kubernetes, keeps: false }, at, found) {
        found.schema_error(at, message);
    }
}

fn conform_in(value: &Value, schema: &Value, mode: Mode, at: &FieldPath, found: &mut Report) -> Value {
    match try_conform(value, schema, mode, at, found) {
        Ok(value) => value,
        Err(message) => {
            found.schema_error(at, message);
            stand_in(schema)
        }
    }
}

fn try_conform(value: &Value, schema: &Value, mode: Mode, at: &FieldPath, found: &mut Report) -> Result<Value, String> {
    let kind = match schema["type"].as_str() {
        None if schema["x-kubernetes-int-or-string"] == true => "integer or string",
        None => return Ok(mode.kept(value)),
        Some(kind) => kind,
    };
    match (kind, value) {
        ("object", Value::Object(members)) => {
            object(members.iter().map(|(name, value)| (name.as_str(), value)), schema, mode, at, found)
        }
        ("array", Value::Array(items)) => array(items, schema, mode, at, found),
        ("string" | "integer or string", Value::String(text)) => string(text, schema, found).map(|()| mode.kept(value)),
        ("integer" | "integer or string", Value::Number(number)) => {
            let number = number.as_i64().ok_or("must be a whole number")?;
            integer(number, schema).map(|()| mode.kept(value))
        }
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => Ok(mode.kept(value)),
        _ => Err(format!("must be {}, not {}{}", article(kind), of_value(value), mending(kind, value))),
    }
}

fn object<'v>(
    members: impl ExactSizeIterator<Item = (&'v str, &'v Value)> + Clone,
    schema: &Value,
    mode: Mode,
    at: &FieldPath,
    found: &mut Report,
) -> Result<Value, String> {
    if let Some(most) = schema["maxProperties"].as_u64().filter(|most| (members.len() as u64) > *most) {
        return Err(format!("must have at most {most} entries"));
    }
    let properties = schema["properties"].as_object();
    let mut missing: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut kept = Map::new();
    let mut keep = |name: &str, value: Value| {
        if mode.keeps {
            kept.insert(name.to_owned(), value);
        }
    };
    for (name, value) in members.filter(|(_, v)| !v.is_null()) {
        let here = at.member(name);
        if let Some(property) = properties.and_then(|p| p.get(name)) {
            let optional = !missing.contains(&name);
            missing.retain(|other| *other != name);
            match try_conform(value, property, mode, &here, found) {
                Ok(value) => keep(name, value),
                Err(message) => {
                    found.schema_error(&here, message);
                    if !optional {
                        keep(name, stand_in(property));
                    }
                }
            }
        } else if schema["additionalProperties"].is_object() {
            keep(name, conform_in(value, &schema["additionalProperties"], mode, &here, found));
        } else if properties.is_none() || schema["x-kubernetes-preserve-unknown-fields"] == true {
            keep(name, mode.kept(value));
        } else {
            unknown(name, properties.into_iter().flat_map(Map::keys), mode.owner, &here, found);
            if mode.owner == SchemaOf::Kubernetes {
                keep(name, mode.kept(value));
            }
        }
    }
    for name in missing {
        found.schema_error(&at.member(name), "is missing");
        keep(name, stand_in(&schema["properties"][name]));
    }
    Ok(kept.into())
}

fn unknown<'n>(
    name: &str,
    known: impl Iterator<Item = &'n String>,
    owner: SchemaOf,
    at: &FieldPath,
    found: &mut Report,
) {
    match (owner, found.suggest(name, known.map(String::as_str))) {
        (SchemaOf::Podgraft, Some(nearest)) => {
            found.schema_error(at, format!("unknown field; did you mean {nearest}?"))
        }
        (SchemaOf::Podgraft, None) => found.schema_error(at, "unknown field; remove it"),
        (SchemaOf::Kubernetes, Some(nearest)) => {
            found.warn(at, format!("{UNKNOWN}; did you mean {nearest}?"));
        }
        (SchemaOf::Kubernetes, None) => found.warn(at, UNKNOWN),
    }
}

fn array(items: &[Value], schema: &Value, mode: Mode, at: &FieldPath, found: &mut Report) -> Result<Value, String> {
    let (least, most) = (schema["minItems"].as_u64().unwrap_or(0), schema["maxItems"].as_u64().unwrap_or(u64::MAX));
    let length = items.len() as u64;
    if length < least {
        return Err(format!("must have at least {least} item{}", if least == 1 { "" } else { "s" }));
    }
    if length > most {
        return Err(format!("must have at most {most} items, and has {length}"));
    }
    let mut kept = Vec::with_capacity(if mode.keeps { items.len() } else { 0 });
    for (i, item) in items.iter().enumerate() {
        let item = conform_in(item, &schema["items"], mode, &at.item(i), found);
        if mode.keeps {
            kept.push(item);
        }
    }
    let items = if mode.keeps { &kept } else { items };
    if schema["x-kubernetes-list-type"] == "map" {
        unique_by_keys(items, schema, at, found);
    } else if schema["x-kubernetes-list-type"] == "set" {
        let mut seen = HashSet::new();
        for (i, item) in items.iter().enumerate().filter(|(_, item)| !seen.insert(item.to_string())) {
            found.error(&at.item(i), format!("is there twice{}", of_key(item)));
        }
    }
    Ok(kept.into())
}

fn unique_by_keys(items: &[Value], schema: &Value, at: &FieldPath, found: &mut Report) {
    let names: Vec<_> =
        schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let keys = |item: &Value| -> Vec<Value> {
        let or_default = |name: &&str| match &item[name] {
            Value::Null => schema["items"]["properties"][name]["default"].clone(),
            value => value.clone(),
        };
        names.iter().map(or_default).collect()
    };
    let Some(first) = names.first() else { return };
    let mut seen = HashSet::new();
    let all = items.iter().map(keys);
    for (i, key) in all.enumerate().filter(|(_, key)| !seen.insert(Value::from(key.as_slice()).to_string())) {
        found.error(&at.item(i).member(first), format!("is there twice{}", of_key(&key[0])));
    }
}

/// The emptiest value of a type, with which rules that ask for something else can go on.
fn stand_in(schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("object") => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            required.map(|name| (name.to_owned(), stand_in(&schema["properties"][name]))).collect()
        }
        Some("array") => Value::Array(Vec::new()),
        Some("integer" | "number") => schema["minimum"].as_i64().unwrap_or(0).into(),
        Some("boolean") => false.into(),
        _ => schema["enum"].get(0).cloned().unwrap_or_else(|| "".into()),
    }
}

/// A key that is no secret by its nature: names, ports and paths.
fn of_key(key: &Value) -> String {
    match key {
        Value::String(text) => format!(": {text}"),
        Value::Number(number) => format!(": {number}"),
        _ => String::new(),
    }
}
