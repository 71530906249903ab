//! Values of the wrong type in a Pod: the messages say where the value is and how to write it.

use serde_json::Value;

use super::reviewed::Reviewed;
use crate::inject;
use crate::inject::keys;
use crate::json::{Expected, JsonError, Token, unescape_token};
use crate::source::files::report::{ManifestRemark, Severity};

/// Why the Pod of a workload cannot be read, with the position of the value.
pub(in crate::cli) fn unreadable(found: &Reviewed<'_>, error: &JsonError) -> ManifestRemark {
    let pointer = format!("{}{}", found.workload.pod_at(), error.pointer());
    let value = found.document.value.as_ref().and_then(|v| v.pointer(&pointer)).unwrap_or(&Value::Null);
    let source = found.document.source(&pointer).unwrap_or_default().trim();
    let key = unescape_token(pointer.rsplit('/').next().unwrap_or_default());
    let message = match error.expected_type() {
        Some(expected) => message(expected, &key, value, source),
        None => error.message().to_owned(),
    };
    found.remark(Severity::Error, &pointer, message)
}

/// A warning about a status annotation that cannot be read: `uninject` fails then, and what was added before is the author's.
pub(in crate::cli) fn unreadable_status(found: &Reviewed<'_>) -> Option<ManifestRemark> {
    let pod = found.workload.pod();
    pod["metadata"]["annotations"].get(keys::STATUS)?;
    let why = inject::removal(&mut pod.clone()).err()?;
    Some(found.remark(Severity::Warning, &status_at(found), format!("{}: {why}", found.workload)))
}

/// Where the status annotation is: a JSON pointer.
pub(in crate::cli) fn status_at(found: &Reviewed<'_>) -> String {
    format!("{}/metadata/annotations/{}", found.workload.pod_at(), Token(keys::STATUS))
}

fn message(expected: Expected, key: &str, value: &Value, source: &str) -> String {
    match (expected, value) {
        (Expected::String, _) if key == keys::INJECT => {
            format!("unsupported value: {}; supported: enabled, disabled", shown(value))
        }
        (Expected::String, Value::Array(names)) if key == keys::COMPANIONS || key == keys::CONTAINERS => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            let remedy = if names.is_empty() { String::new() } else { format!("; write {}", names.join(",")) };
            format!("invalid value: must be a string of names separated by commas, not a list{remedy}")
        }
        (Expected::String, Value::Bool(_) | Value::Number(_)) => {
            let read = match value {
                Value::Bool(_) if !matches!(source, "true" | "false") => format!(" (YAML reads {source} as a boolean)"),
                _ => String::new(),
            };
            let quoted = if source.is_empty() || source.contains('"') { value.to_string() } else { source.to_owned() };
            format!(
                "invalid value: must be a string, not {}{read}; put the value in quotes: \"{quoted}\"",
                shown(value)
            )
        }
        (Expected::String, _) => format!("invalid value: must be a string, not {}", shown(value)),
        (Expected::Integer, Value::String(text)) if text.parse::<i64>().is_ok() => {
            format!("invalid value: must be an integer, not {text:?}; remove the quotes")
        }
        (Expected::Integer, _) => format!("invalid value: must be an integer, not {}", shown(value)),
        (Expected::Boolean, Value::String(text)) if matches!(&**text, "true" | "false") => {
            format!("invalid value: must be true or false, not {text:?}; remove the quotes")
        }
        (Expected::Boolean, _) => format!("invalid value: must be true or false, not {}", shown(value)),
        (Expected::Object, _) => format!("invalid value: must be a mapping, not {}", shown(value)),
        (Expected::Array, _) => format!("invalid value: must be a list, not {}", shown(value)),
    }
}

/// A value as messages show it: mappings and lists by their type only.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        value => value.to_string().chars().take(64).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_shows_how_to_write_the_value() {
        let string = |key, value, source| message(Expected::String, key, &value, source);
        assert_eq!(
            string("a", json!(8), "8"),
            "invalid value: must be a string, not 8; put the value in quotes: \"8\""
        );
        assert_eq!(
            string("name", json!(true), "yes"),
            "invalid value: must be a string, not true (YAML reads yes as a boolean); put the value in quotes: \"yes\""
        );
        assert_eq!(
            string("a", json!(511), "0777"),
            "invalid value: must be a string, not 511; put the value in quotes: \"0777\""
        );
        assert_eq!(
            string("podgraft.dev/companions", json!(["a", "b"]), "[a, b]"),
            "invalid value: must be a string of names separated by commas, not a list; write a,b"
        );
        assert_eq!(
            string("podgraft.dev/inject", json!(true), "true"),
            "unsupported value: true; supported: enabled, disabled"
        );
        assert_eq!(
            message(Expected::Integer, "containerPort", &json!("8080"), "\"8080\""),
            "invalid value: must be an integer, not \"8080\"; remove the quotes"
        );
        assert_eq!(message(Expected::Array, "env", &json!({}), "{}"), "invalid value: must be a list, not a mapping");
    }
}
