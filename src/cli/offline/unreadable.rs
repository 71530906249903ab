//! Values of the wrong type in a Pod: the messages say where the value is and how to write it.

use serde_json::Value;

use super::reviewed::Reviewed;
use crate::inject::keys;
use crate::json::JsonError;
use crate::source::files::report::{Remark, Severity};

/// Why the Pod of a workload cannot be read, with the position of the value.
pub(in crate::cli) fn unreadable(found: &Reviewed<'_>, error: &JsonError) -> Remark {
    let pointer = format!("{}{}", found.workload.pod_at(), error.pointer());
    let value = found.document.value.as_ref().and_then(|v| v.pointer(&pointer)).unwrap_or(&Value::Null);
    let source = found.document.source(&pointer).unwrap_or_default().trim();
    let key = pointer.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
    found.remark(Severity::Error, &pointer, message(error.what(), &key, value, source))
}

fn message(what: &str, key: &str, value: &Value, source: &str) -> String {
    match (what, value) {
        ("not a string", _) if key == keys::INJECT => {
            format!("unsupported value: {}; supported values: \"disabled\", \"enabled\"", shown(value))
        }
        ("not a string", Value::Array(names)) if key == keys::COMPANIONS || key == keys::CONTAINERS => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            let list = if names.is_empty() { String::new() } else { format!(": {}", names.join(",")) };
            format!("invalid value: array: must be a string of names separated by commas{list}")
        }
        ("not a string", Value::Bool(_) | Value::Number(_)) => {
            let read = match value {
                Value::Bool(_) if !matches!(source, "true" | "false") => format!(" (YAML reads {source} as a boolean)"),
                _ => String::new(),
            };
            let quoted = if source.is_empty() || source.contains('"') { value.to_string() } else { source.to_owned() };
            format!("invalid value: {}: must be a string{read}; put it in quotes: \"{quoted}\"", shown(value))
        }
        ("not a string", _) => format!("invalid value: {}: must be a string", shown(value)),
        ("not a whole number", Value::String(text)) if text.parse::<i64>().is_ok() => {
            format!("invalid value: {text:?}: must be an integer; remove the quotes")
        }
        ("not a whole number", _) => format!("invalid value: {}: must be an integer", shown(value)),
        ("not a boolean", Value::String(text)) if matches!(&**text, "true" | "false") => {
            format!("invalid value: {text:?}: must be a boolean; remove the quotes")
        }
        ("not a boolean", _) => format!("invalid value: {}: must be true or false", shown(value)),
        ("not an object", _) => format!("invalid value: {}: must be a mapping", shown(value)),
        ("not an array", _) => format!("invalid value: {}: must be a list", shown(value)),
        (what, _) => format!("invalid value: {what}"),
    }
}

/// A value as messages show it: mappings and lists by their type only.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "array".to_owned(),
        Value::Object(_) => "object".to_owned(),
        value => value.to_string().chars().take(64).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_mistake_says_how_to_write_the_value() {
        let string = |key, value, source| message("not a string", key, &value, source);
        assert_eq!(string("a", json!(8), "8"), "invalid value: 8: must be a string; put it in quotes: \"8\"");
        assert_eq!(
            string("name", json!(true), "yes"),
            "invalid value: true: must be a string (YAML reads yes as a boolean); put it in quotes: \"yes\""
        );
        assert_eq!(string("a", json!(511), "0777"), "invalid value: 511: must be a string; put it in quotes: \"0777\"");
        assert_eq!(
            string("podgraft.dev/companions", json!(["a", "b"]), "[a, b]"),
            "invalid value: array: must be a string of names separated by commas: a,b"
        );
        assert_eq!(
            string("podgraft.dev/inject", json!(true), "true"),
            "unsupported value: true; supported values: \"disabled\", \"enabled\""
        );
        assert_eq!(
            message("not a whole number", "containerPort", &json!("8080"), "\"8080\""),
            "invalid value: \"8080\": must be an integer; remove the quotes"
        );
        assert_eq!(message("not an array", "env", &json!({}), "{}"), "invalid value: object: must be a list");
    }
}
