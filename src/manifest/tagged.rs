//! The value of a scalar, from its text, style and tag.

use std::borrow::Cow;

use base64::Engine;
use serde_json::Value;
use serde_saphyr::granit_parser::{ScalarStyle, Tag};

use super::scalar;
use super::scalar::Scalar;

/// The value of a scalar.
///
/// # Errors
/// The text does not fit the tag, or JSON has no such value.
pub(super) fn value(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, Cow<'static, str>> {
    let tag = tag.map(|tag| tag.suffix_in_namespace("tag:yaml.org,2002:").unwrap_or("str".into()));
    let resolved = match tag.as_deref() {
        None if style == ScalarStyle::Plain => scalar::resolve(text),
        Some("int" | "float" | "bool" | "null") => scalar::resolve(text),
        Some("binary") => return binary(text),
        _ => Scalar::Text,
    };
    let fits = match (tag.as_deref(), &resolved) {
        (Some("int" | "float"), resolved) => matches!(resolved, Scalar::Number(_)),
        (Some("bool"), resolved) => matches!(resolved, Scalar::Bool(_)),
        (Some("null"), resolved) => matches!(resolved, Scalar::Null),
        _ => true,
    };
    if !fits {
        return Err(
            format!("invalid value of tag !!{}; remove the tag, or change the value", tag.unwrap_or_default()).into()
        );
    }
    match resolved {
        Scalar::Null => Ok(Value::Null),
        Scalar::Bool(value) => Ok(Value::Bool(value)),
        Scalar::Number(number) => number.parse().map(Value::Number).map_err(|_| "invalid number".into()),
        Scalar::NotFinite => {
            Err("invalid number: JSON has no infinity or NaN; put the value in quotes if it is a string".into())
        }
        Scalar::Text => Ok(Value::String(text.to_owned())),
    }
}

fn binary(text: &str) -> Result<Value, Cow<'static, str>> {
    let packed: String = text.split_ascii_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(packed)
        .map_err(|_| "invalid value of tag !!binary: must be base64")?;
    let text = String::from_utf8(bytes)
        .map_err(|_| "invalid value of tag !!binary: must decode to UTF-8, because JSON has only text")?;
    Ok(Value::String(text))
}
