//! How authors write scalars and flow collections.

use std::fmt::Write as _;

use serde_json::Value;

use super::Author;

impl Author<'_> {
    pub(super) fn scalar(&mut self, value: &Value, indent: usize) {
        let Value::String(text) = value else {
            let null = usize::from(self.one_of(3));
            match value {
                Value::Null => self.out += ["", " null", " ~"][null],
                other => drop(write!(self.out, " {other}")),
            }
            self.opened |= value.is_null() || !value.is_number();
            return self.end_of_line();
        };
        self.out.push(' ');
        match self.one_of(4) {
            0 if text.contains('\n') && !text.starts_with([' ', '\n']) => self.block(text, indent),
            1 if !text.contains('\n') => drop(write!(self.out, "'{}'", text.replace('\'', "''"))),
            2 if is_plain(text) => self.out += text,
            _ => self.out += &Value::from(&**text).to_string(),
        }
        if !self.out.ends_with('\n') {
            self.end_of_line();
        }
    }

    fn block(&mut self, text: &str, indent: usize) {
        let body = text.trim_end_matches('\n');
        let mark = ["-", "", "+"][(text.len() - body.len()).min(2)];
        let _ = writeln!(self.out, "|{mark}");
        for line in body.split('\n') {
            if !line.is_empty() {
                self.pad(indent + self.step);
                self.out += line;
            }
            self.out.push('\n');
        }
        if mark == "+" {
            self.out.push('\n');
        }
    }

    pub(super) fn flow(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                self.out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    self.out += if index > 0 { ", " } else { "" };
                    let _ = write!(self.out, "{key}: ");
                    self.flow(value);
                }
                let end = if self.one_of(4) == 0 && !members.is_empty() { ",}" } else { "}" };
                self.put(end);
            }
            Value::Array(items) => {
                self.out.push('[');
                for (index, value) in items.iter().enumerate() {
                    self.out += if index > 0 { ", " } else { "" };
                    self.flow(value);
                }
                let end = if self.one_of(4) == 0 { " ]" } else { "]" };
                self.put(end);
            }
            Value::String(text) if is_plain(text) && self.flip() => self.out += text,
            other => drop(write!(self.out, "{other}")),
        }
    }
}

/// Whether every reader takes a text for text without quotes.
fn is_plain(text: &str) -> bool {
    !matches!(&*text.to_ascii_lowercase(), "true" | "no" | "yes" | "on")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/.".contains(&b))
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
}
