//! Checks JSON against a structural schema, and turns it into JSON that the typed structs can read.
//!
//! This stands in for the `jsonschema` crate, which reports JSON Schema's vocabulary instead of `field.Error`'s, does not
//! know Kubernetes' extensions (`x-kubernetes-*`), and cannot replace invalid values so that other rules can go on.

mod scalar;
#[cfg(test)]
mod tests;
pub(in crate::api) mod unknown;

use std::collections::HashSet;

use serde_json::{Map, Number, Value};

use crate::api::message::{self, Code, Message, invalid};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use scalar::{article, integer, remedy, string, type_of};

/// Whose schema it is, which decides how unknown fields are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum SchemaOf {
    /// podgraft's own: an unknown field is a problem.
    Podgraft,
    /// Kubernetes': an unknown field may be one of a later version, so it is kept with a warning.
    Kubernetes,
}

impl SchemaOf {
    fn unknown_field(self) -> Code {
        match self {
            SchemaOf::Podgraft => Code::UnknownField,
            SchemaOf::Kubernetes => Code::UnknownFieldKept,
        }
    }
}

/// The end of the fields of Kubernetes that are an `IntOrString`.
const PORT: &str = "/port";

/// How a value is checked.
#[derive(Debug, Clone, Copy)]
struct Mode {
    owner: SchemaOf,
    /// Whether conforming JSON is returned. A copy of a large companion takes many times the memory of its text.
    keeps: bool,
}

impl Mode {
    fn kept(self, value: &Value) -> Value {
        if self.keeps { value.clone() } else { Value::Null }
    }
}

/// Reports every difference between a value and a schema, and returns the value without them: a field that does not conform
/// is absent if it is optional, and otherwise replaced by an empty value. Like the API server, it treats `null` as absent.
pub(in crate::api) fn conform(
    value: &Value,
    schema: &Value,
    owner: SchemaOf,
    at: &FieldPath,
    report: &mut Report,
) -> Value {
    conform_in(value, schema, Mode { owner, keeps: true }, at, report)
}

/// Reports every difference between a value and a schema of Kubernetes, without a copy.
pub(in crate::api) fn check(value: &Value, schema: &Value, at: &FieldPath, report: &mut Report) {
    conform_in(value, schema, Mode { owner: SchemaOf::Kubernetes, keeps: false }, at, report);
}

/// The same for the members of an object that does not exist as one value.
pub(in crate::api) fn check_members<'v>(
    members: impl ExactSizeIterator<Item = (&'v str, &'v Value)> + Clone,
    schema: &Value,
    at: &FieldPath,
    report: &mut Report,
) {
    if let Err(message) = object(members, schema, Mode { owner: SchemaOf::Kubernetes, keeps: false }, at, report) {
        report.schema_error(at, message);
    }
}

fn conform_in(value: &Value, schema: &Value, mode: Mode, at: &FieldPath, report: &mut Report) -> Value {
    match try_conform(value, schema, mode, at, report) {
        Ok(value) => value,
        Err(message) => {
            report.schema_error(at, message);
            stand_in(schema)
        }
    }
}

fn try_conform(
    value: &Value,
    schema: &Value,
    mode: Mode,
    at: &FieldPath,
    report: &mut Report,
) -> Result<Value, Message> {
    let kind = match schema["type"].as_str() {
        None if schema["x-kubernetes-int-or-string"] == true => "integer or string",
        None => return Ok(mode.kept(value)),
        Some(kind) => kind,
    };
    match (kind, value) {
        ("object", Value::Object(members)) => {
            object(members.iter().map(|(name, value)| (name.as_str(), value)), schema, mode, at, report)
        }
        ("array", Value::Array(items)) => array(items, schema, mode, at, report),
        ("string" | "integer or string", Value::String(text)) => {
            string(text, schema, report).map(|()| mode.kept(value))
        }
        ("integer or string", Value::Number(number)) if !number.is_i64() => not_an_integer(number, mode, at),
        ("integer" | "integer or string", Value::Number(number)) => {
            let number = number.as_i64().ok_or_else(|| invalid("must be an integer"))?;
            integer(number, schema).map(|()| mode.kept(value))
        }
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => Ok(mode.kept(value)),
        _ => Err(invalid(format_args!("must be {}, not {}{}", article(kind), type_of(value), remedy(kind, value)))),
    }
}

/// A number where an integer or a string is expected, and that is not a 64-bit integer. Kubernetes has two types of this
/// schema: a quantity, which can be any number, and `IntOrString`, which only ports have. Custom resources accept whole
/// numbers with an exponent.
fn not_an_integer(number: &Number, mode: Mode, at: &FieldPath) -> Result<Value, Message> {
    if mode.owner == SchemaOf::Kubernetes {
        let fraction = || invalid("must be an integer or a string, not a fraction");
        let is_port = at.as_ref().ends_with(PORT);
        return if is_port { Err(fraction()) } else { Ok(mode.kept(&Value::Number(number.clone()))) };
    }
    let integer = number.as_f64().and_then(|number| format!("{number}").parse::<i64>().ok());
    integer
        .map(Into::into)
        .ok_or_else(|| invalid("must be a 64-bit integer or a string, not another number; put the value in quotes"))
}

fn object<'v>(
    members: impl ExactSizeIterator<Item = (&'v str, &'v Value)> + Clone,
    schema: &Value,
    mode: Mode,
    at: &FieldPath,
    report: &mut Report,
) -> Result<Value, Message> {
    if let Some(most) = schema["maxProperties"].as_u64().filter(|most| (members.len() as u64) > *most) {
        return Err(invalid(format_args!("must have at most {most} entries, but has {}", members.len())));
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
            match try_conform(value, property, mode, &here, report) {
                Ok(value) => keep(name, value),
                Err(message) => {
                    report.schema_error(&here, message);
                    if !optional {
                        keep(name, stand_in(property));
                    }
                }
            }
        } else if schema["additionalProperties"].is_object() {
            keep(name, conform_in(value, &schema["additionalProperties"], mode, &here, report));
        } else if properties.is_none() || schema["x-kubernetes-preserve-unknown-fields"] == true {
            keep(name, mode.kept(value));
        } else {
            unknown::report(
                unknown::UnknownField { name, value, at: &here },
                properties,
                mode.owner.unknown_field(),
                report,
            );
            if mode.owner == SchemaOf::Kubernetes {
                keep(name, mode.kept(value));
            }
        }
    }
    for name in missing {
        let property = &schema["properties"][name];
        let words = property["enum"].as_array().map(|words| words.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        report
            .schema_error(&at.member(name), words.map_or_else(message::missing, |words| message::missing_word(&words)));
        keep(name, stand_in(property));
    }
    Ok(kept.into())
}

fn array(items: &[Value], schema: &Value, mode: Mode, at: &FieldPath, report: &mut Report) -> Result<Value, Message> {
    check_length(items, schema)?;
    let mut kept = Vec::with_capacity(if mode.keeps { items.len() } else { 0 });
    for (i, item) in items.iter().enumerate() {
        let item = conform_in(item, &schema["items"], mode, &at.item(i), report);
        if mode.keeps {
            kept.push(item);
        }
    }
    let items = if mode.keeps { &kept } else { items };
    match schema["x-kubernetes-list-type"].as_str() {
        Some("map") => unique_by_keys(items, schema, at, report),
        Some("set") => unique(items, at, report),
        _ => {}
    }
    Ok(kept.into())
}

fn check_length(items: &[Value], schema: &Value) -> Result<(), Message> {
    let (least, most) = (schema["minItems"].as_u64().unwrap_or(0), schema["maxItems"].as_u64().unwrap_or(u64::MAX));
    let length = items.len() as u64;
    if length < least {
        let plural = if least == 1 { "" } else { "s" };
        return Err(invalid(format_args!("must have at least {least} item{plural}")));
    }
    if length > most {
        return Err(invalid(format_args!("must have at most {most} items, but has {length}")));
    }
    Ok(())
}

fn unique(items: &[Value], at: &FieldPath, report: &mut Report) {
    let mut seen = HashSet::new();
    for (i, item) in items.iter().enumerate().filter(|(_, item)| !seen.insert(item.to_string())) {
        report.error(&at.item(i), duplicate(item));
    }
}

fn unique_by_keys(items: &[Value], schema: &Value, at: &FieldPath, report: &mut Report) {
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
        report.error(&at.item(i).member(first), duplicate(&key[0]));
    }
}

/// Keys of lists are names, ports and paths, which are no secrets.
fn duplicate(key: &Value) -> Message {
    let nameless = || Code::Duplicate.fix("remove one of the two");
    match key {
        Value::String(text) => message::duplicate(text),
        Value::Number(number) => number.as_i64().map_or_else(nameless, message::duplicate),
        _ => nameless(),
    }
}

/// The emptiest value of a type: with it, rules about other fields can go on.
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
