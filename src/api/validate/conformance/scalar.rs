//! Strings and integers against the bounds of a schema, and the names of types in messages.

use serde_json::Value;

use crate::api::message::{Message, invalid, unsupported};
use crate::api::report::Report;
use crate::api::schema;
use crate::api::v1alpha1::describe_pattern;

pub(super) fn string(text: &str, schema: &Value, report: &mut Report) -> Result<(), Message> {
    if let Some(words) = schema["enum"].as_array() {
        return one_of(text, words, report);
    }
    let length = text.chars().count() as u64;
    if let Some(least) = schema["minLength"].as_u64().filter(|least| length < *least) {
        return Err(match least {
            1 => invalid("must not be empty"),
            _ => invalid(format_args!("must have at least {least} characters")),
        });
    }
    if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
        return Err(invalid(format_args!("must have at most {most} characters, but has {length}")));
    }
    let Some(pattern) = schema["pattern"].as_str() else { return Ok(()) };
    match schema::is_match(pattern, text) {
        Some(false) => Err(invalid(format_args!("must be {}", describe_pattern(pattern)))),
        _ => Ok(()),
    }
}

fn one_of(text: &str, words: &[Value], report: &mut Report) -> Result<(), Message> {
    if words.iter().any(|word| word == text) {
        return Ok(());
    }
    let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
    let nearest = report.suggest(text, words.iter().copied());
    Err(unsupported(text, &words, nearest))
}

pub(super) fn integer(number: i64, schema: &Value) -> Result<(), Message> {
    let (least, most) = match schema["format"].as_str() {
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let least = schema["minimum"].as_i64().unwrap_or(least);
    let most = schema["maximum"].as_i64().unwrap_or(most);
    if (least..=most).contains(&number) {
        return Ok(());
    }
    // 0777: file modes are the only numbers of the API that people write in octal.
    let octal = if most == 0o777 { "; write it in octal, 0644, or in decimal, 420" } else { "" };
    Err(invalid(format_args!("must be between {least} and {most}, inclusive{octal}")))
}

/// A type of a schema, with its article.
pub(super) fn article(kind: &str) -> &str {
    match kind {
        "object" => "an object",
        "array" => "a list",
        "integer" => "an integer",
        "integer or string" => "an integer or a string",
        "boolean" => "a boolean",
        "number" => "a number",
        _ => "a string",
    }
}

pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// What to do about a scalar of the wrong type, with its separator.
pub(super) fn remedy(kind: &str, value: &Value) -> &'static str {
    match (kind, value) {
        ("string", Value::Bool(_) | Value::Number(_)) => "; put the value in quotes",
        ("integer" | "boolean", Value::String(_)) => "; remove the quotes",
        _ => "",
    }
}
