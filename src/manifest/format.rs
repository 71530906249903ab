//! The two formats of manifests, and how JSON is written.

use serde::Serialize;
use serde_json::Value;

/// The format of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// YAML, unless the text is JSON.
    Yaml,
    /// JSON.
    Json,
}

/// Writes JSON on one line or indented, like the text that it replaces.
pub(super) fn json_like(original: &str, value: &Value) -> String {
    let Some(second) = original.trim_end().split('\n').nth(1) else { return value.to_string() };
    let indent = &second[..second.len() - second.trim_start_matches([' ', '\t']).len()];
    if indent.is_empty() { json(value) } else { indented(value, indent) }
}

/// Writes JSON on several lines, as kubectl does, without a final line end.
#[must_use]
pub fn json(value: &Value) -> String {
    indented(value, "    ")
}

fn indented(value: &Value, indent: &str) -> String {
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    // A value always serializes, and to UTF-8.
    let _ = value.serialize(&mut serializer);
    String::from_utf8(out).unwrap_or_default()
}
