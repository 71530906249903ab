//! Writes values as YAML, in kubectl's style.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::scalar;

/// The longest key in bytes that is written without the indicator `?`. YAML limits simple keys to 1024 characters, and
/// libyaml and go-yaml write at most 128.
const LONGEST_SIMPLE_KEY: usize = 120;

/// How block collections are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    /// How much deeper a mapping is than the key that it belongs to.
    pub(super) step: usize,
    /// How much deeper the dashes of a sequence are than the key that it belongs to.
    pub(super) list: usize,
    /// How much deeper an item is than its dash.
    pub(super) dash: usize,
    /// Which texts are written as literal blocks.
    pub(super) literal: Literal,
}

/// Which multi-line texts are written as literal blocks. The value of a block can depend on the line ends after it, so a
/// block that is inserted between lines of the author must not be one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Literal {
    /// All texts that can be literal.
    All,
    /// Texts with at most one line end at the end; their value does not depend on the lines after the block.
    Clipped,
    /// Texts without a line end at the end; their value does not depend on whether the file ends after the block.
    Stripped,
}

impl Style {
    /// The style of kubectl.
    pub(super) const KUBECTL: Style = Style { step: 2, list: 0, dash: 2, literal: Literal::All };
}

/// Writes a value as one YAML document, as kubectl does: lists are not indented, texts are plain if every reader resolves
/// them to text, multi-line texts are literal blocks, and numbers keep their form.
#[must_use]
pub fn yaml(value: &Value) -> String {
    let mut out = String::new();
    let style = &Style::KUBECTL;
    match value {
        Value::Object(members) if !members.is_empty() => mapping(&mut out, members, 0, style),
        Value::Array(items) if !items.is_empty() => sequence(&mut out, items, 0, style),
        scalar => {
            write_scalar(&mut out, scalar, 2, style);
            out.push('\n');
        }
    }
    out
}

/// Writes members, each on lines of its own; the first one continues the current line.
fn mapping(out: &mut String, members: &Map<String, Value>, indent: usize, style: &Style) {
    for (index, (key, value)) in members.iter().enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        member(out, key, value, indent, style);
    }
}

/// Writes a member, from its key to the end of its last line.
pub(super) fn member(out: &mut String, key: &str, value: &Value, indent: usize, style: &Style) {
    write_key(out, key, indent);
    below_key(out, value, indent, style);
}

/// Writes the part after the colon of a key at `indent`, to the end of its last line.
pub(super) fn below_key(out: &mut String, value: &Value, indent: usize, style: &Style) {
    match value {
        Value::Object(inner) if !inner.is_empty() => {
            out.push('\n');
            pad(out, indent + style.step);
            mapping(out, inner, indent + style.step, style);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            pad(out, indent + style.list);
            sequence(out, items, indent + style.list, style);
        }
        scalar => {
            out.push(' ');
            write_scalar(out, scalar, indent + style.step, style);
            out.push('\n');
        }
    }
}

/// Writes items, each on lines of its own; the first one continues the current line.
fn sequence(out: &mut String, items: &[Value], indent: usize, style: &Style) {
    for (index, value) in items.iter().enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        item(out, value, indent, style);
    }
}

/// Writes an item, from its dash at `indent` to the end of its last line.
pub(super) fn item(out: &mut String, value: &Value, indent: usize, style: &Style) {
    out.push('-');
    pad(out, style.dash.max(2) - 1);
    let inside = indent + style.dash.max(2);
    match value {
        Value::Object(members) if !members.is_empty() => mapping(out, members, inside, style),
        Value::Array(inner) if !inner.is_empty() => sequence(out, inner, inside, style),
        scalar => {
            write_scalar(out, scalar, inside, style);
            out.push('\n');
        }
    }
}

/// Writes spaces.
pub(super) fn pad(out: &mut String, indent: usize) {
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
fn write_scalar(out: &mut String, value: &Value, indent: usize, style: &Style) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) if is_literal(text) && style.literal.accepts(text) => write_literal(out, text, indent),
        Value::String(text) => write_line(out, text),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
    }
}

impl Literal {
    fn accepts(self, text: &str) -> bool {
        match self {
            Literal::All => true,
            Literal::Clipped => !text.ends_with("\n\n"),
            Literal::Stripped => !text.ends_with('\n'),
        }
    }
}

/// Writes a text on one line.
pub(super) fn write_line(out: &mut String, text: &str) {
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

/// Whether the syntax allows a text without quotes.
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

/// Whether a character needs an escape sequence.
fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Writes a text in double quotes.
pub(super) fn write_escaped(out: &mut String, text: &str) {
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

/// Whether a multi-line text can be a literal block: its first line shows the indentation, and no character needs an escape.
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
