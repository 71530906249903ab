//! Strings and numbers against their bounds, and the words for types.

use serde_json::Value;

use crate::api::report::Report;
use crate::api::schema;
use crate::api::v1alpha1::in_words;

pub(super) fn string(text: &str, schema: &Value, found: &mut Report) -> Result<(), String> {
    if let Some(words) = schema["enum"].as_array() {
        if words.iter().any(|word| word == text) {
            return Ok(());
        }
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        let nearest = found.suggest(text, words.iter().copied()).map(|n| format!("; did you mean {n}?"));
        return Err(format!("must be one of {}{}", words.join(", "), nearest.unwrap_or_default()));
    }
    let length = text.chars().count() as u64;
    if let Some(least) = schema["minLength"].as_u64().filter(|least| length < *least) {
        return Err(if least == 1 {
            "must not be empty".to_owned()
        } else {
            format!("must have at least {least} characters")
        });
    }
    if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
        return Err(format!("must have at most {most} characters, and has {length}"));
    }
    let Some(pattern) = schema["pattern"].as_str() else { return Ok(()) };
    // A test makes sure that all of them compile.
    match schema::PATTERNS.get(pattern) {
        Some(compiled) if !compiled.is_match(text) => Err(format!("must be {}", in_words(pattern))),
        _ => Ok(()),
    }
}

pub(super) fn integer(number: i64, schema: &Value) -> Result<(), String> {
    let (least, most) = match schema["format"].as_str() {
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let least = schema["minimum"].as_i64().unwrap_or(least);
    let most = schema["maximum"].as_i64().unwrap_or(most);
    if (least..=most).contains(&number) {
        return Ok(());
    }
    // The one number of ours that people write in octal.
    let octal = if most == 511 { ": write 0644 or 420, its decimal form" } else { "" };
    Err(format!("must be from {least} to {most}{octal}"))
}

pub(super) fn article(kind: &str) -> &str {
    match kind {
        "object" => "an object",
        "array" => "a list",
        "integer" => "a whole number",
        "integer or string" => "a whole number or a string",
        "boolean" => "true or false",
        "number" => "a number",
        _ => "a string",
    }
}

pub(super) fn of_value(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

pub(super) fn mending(kind: &str, value: &Value) -> &'static str {
    match (kind, value) {
        ("string", Value::Bool(_) | Value::Number(_)) => "; put it in quotes",
        ("integer" | "boolean", Value::String(_)) => "; write it without quotes",
        _ => "",
    }
}
