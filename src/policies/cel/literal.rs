//! JSON values as literals of the Common Expression Language (CEL). Escaping is done here only.

use std::fmt::Write;

use serde_json::Value;

/// A string.
pub(in crate::policies) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Other invisible characters: controls, and marks that change the direction of a line.
            c if c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}') => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// A list of strings.
pub(in crate::policies) fn texts<'t>(all: impl IntoIterator<Item = &'t str>) -> String {
    format!("[{}]", all.into_iter().map(text).collect::<Vec<_>>().join(", "))
}

/// A string, a number, a boolean or null; `None` for what has parts.
pub(in crate::policies) fn scalar(value: &Value) -> Option<String> {
    (!value.is_array() && !value.is_object()).then(|| self::value(value))
}

/// Any JSON value. API servers check that the items of a list have one type, unless they are `dyn`.
pub(in crate::policies) fn value(value: &Value) -> String {
    let part = |part: &Value| format!("dyn({})", self::value(part));
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(part).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| format!("{}: {}", text(key), part(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::String(string) => text(string),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A list of scalars; `None` where an item is a list or an object.
pub(in crate::policies) fn scalars(items: &[Value]) -> Option<String> {
    let items: Option<Vec<_>> = items.iter().map(scalar).collect();
    items.map(|items| format!("[{}]", items.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{scalar, scalars, text, value};

    #[test]
    fn a_string_cannot_end_its_literal() {
        for (string, literal) in [
            ("plain", r"'plain'"),
            ("it's", r"'it\'s'"),
            (r"\'", r"'\\\''"),
            ("a\nb\r\n\tc", r"'a\nb\r\n\tc'"),
            ("\u{0}\u{7f}\u{85}\u{202e}", r"'\u0000\u007f\u0085\u202e'"),
            ("\"${x}\" grün 🌱", "'\"${x}\" grün 🌱'"),
        ] {
            assert_eq!(text(string), literal);
        }
    }

    #[test]
    fn lists_and_objects_are_no_scalars() {
        assert_eq!(scalars(&[json!("a"), json!(-1), json!(true)]).as_deref(), Some("['a', -1, true]"));
        assert_eq!(scalars(&[json!([])]), None);
        assert_eq!(scalar(&json!({})), None);
    }

    #[test]
    fn every_json_value_has_a_literal() {
        for (json, literal) in [
            (json!(null), "null"),
            (json!(-7), "-7"),
            (json!([1, "a"]), "[dyn(1), dyn('a')]"),
            (json!({"a": [[]], "b'": {}}), r"{'a': dyn([dyn([])]), 'b\'': dyn({})}"),
        ] {
            assert_eq!(value(&json), literal);
        }
    }
}
