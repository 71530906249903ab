//! Values to YAML, in kubectl's style.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::scalar;

/// The longest key that readers take without the mark of an explicit one.
const LONGEST_SIMPLE_KEY: usize = 120;

/// Writes a value as one YAML document, as kubectl does: lists not indented, texts plain where every reader takes them for
/// text, several lines as a literal block, numbers as they were written.
#[must_use]
pub fn yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(members) if !members.is_empty() => mapping(&mut out, members, 0),
        Value::Array(items) if !items.is_empty() => sequence(&mut out, items, 0),
        scalar => {
            write_scalar(&mut out, scalar, 2);
            out.push('\n');
        }
    }
    out
}

/// Writes members, each on lines of its own; the first one continues the line that is open.
fn mapping(out: &mut String, members: &Map<String, Value>, indent: usize) {
    for (index, (key, value)) in members.iter().enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        write_key(out, key, indent);
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                out.push('\n');
                pad(out, indent + 2);
                mapping(out, inner, indent + 2);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                pad(out, indent);
                sequence(out, items, indent);
            }
            scalar => {
                out.push(' ');
                write_scalar(out, scalar, indent + 2);
                out.push('\n');
            }
        }
    }
}

/// Writes items, each on lines of its own; the first one continues the line that is open.
fn sequence(out: &mut String, items: &[Value], indent: usize) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        out.push_str("- ");
        match item {
            Value::Object(members) if !members.is_empty() => mapping(out, members, indent + 2),
            Value::Array(inner) if !inner.is_empty() => sequence(out, inner, indent + 2),
            scalar => {
                write_scalar(out, scalar, indent + 2);
                out.push('\n');
            }
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn write_key(out: &mut String, key: &str, indent: usize) {
    let explicit = key.len() > LONGEST_SIMPLE_KEY;
    if explicit {
        out.push_str("? ");
    }
    write_line(out, key);
    if explicit {
        out.push('\n');
        pad(out, indent);
    }
    out.push(':');
}

/// Writes a scalar or an empty collection; further lines are indented by `indent`.
fn write_scalar(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) if is_literal(text) => write_literal(out, text, indent),
        Value::String(text) => write_line(out, text),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
    }
}

/// Writes a text on one line.
fn write_line(out: &mut String, text: &str) {
    if text.chars().any(needs_escape) {
        write_escaped(out, text);
    } else if scalar::is_ambiguous(text) {
        let _ = write!(out, "\"{text}\"");
    } else if is_plain(text) {
        out.push_str(text);
    } else {
        let _ = write!(out, "'{}'", text.replace('\'', "''"));
    }
}

/// Whether a text can stand without quotes, as far as the syntax goes.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else { return false };
    let starts_well = match first {
        b'-' | b'?' | b':' => bytes.len() > 1 && !matches!(bytes[1], b' ' | b',' | b'[' | b']' | b'{' | b'}'),
        _ => !b",[]{}#&*!|>'\"%@` ".contains(first),
    };
    starts_well
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with("---")
        && !text.starts_with("...")
}

/// Whether a character can only be written by an escape sequence.
fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn write_escaped(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if needs_escape(c) => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Whether a text of several lines can be a literal block: its indentation can be seen, and no character needs an escape.
fn is_literal(text: &str) -> bool {
    let first = text.split('\n').next().unwrap_or_default();
    text.contains('\n')
        && !first.is_empty()
        && !first.starts_with([' ', '\t'])
        && !text.chars().any(|c| needs_escape(c) && !matches!(c, '\n' | '\t'))
        && !text.split('\n').any(|line| !line.is_empty() && line.trim_matches([' ', '\t']).is_empty())
}

fn write_literal(out: &mut String, text: &str, indent: usize) {
    let body = text.trim_end_matches('\n');
    let breaks = text.len() - body.len();
    out.push_str(match breaks {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
    }
    // The caller ends the last line.
    out.extend(std::iter::repeat_n('\n', breaks.saturating_sub(1)));
}
