//! Writes values as flow text: as JSON, as KYAML (the flow style of `kubectl -o kyaml`), or as flow collections in block YAML.

use serde_json::{Map, Value};

use super::lines;
use super::tree::{Id, Shape, Tree};
use crate::manifest::emit;

/// How flow collections of a document are written.
#[derive(Debug, Clone)]
pub(super) struct FlowStyle {
    dialect: Dialect,
    /// How many spaces deeper the entries of a multi-line collection are than the line on which it starts.
    unit: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// Whether a space follows colons and commas.
    Json,
    CompactJson,
    Kyaml,
    Yaml,
}

impl FlowStyle {
    pub(super) fn of(tree: &Tree<'_>) -> Self {
        let root = tree.node(tree.root);
        let first = match &root.shape {
            Shape::Mapping { members, .. } => members.first(),
            _ => None,
        };
        let spaced = first.is_none_or(|m| tree.node(m.value).start > tree.node(m.value).lead);
        let dialect = match (tree.json, spaced) {
            (true, true) => Dialect::Json,
            (true, false) => Dialect::CompactJson,
            (false, _) if root.is_flow() => Dialect::Kyaml,
            (false, _) => Dialect::Yaml,
        };
        let unit = first.map(|m| tree.node(m.value).from).filter(|from| lines::is_first(tree.text, *from));
        let inside = unit.map_or("", |from| lines::indentation(tree.text, from));
        let unit = inside.strip_prefix(lines::indentation(tree.text, root.start)).unwrap_or(inside);
        FlowStyle { dialect, unit: if unit.is_empty() { "  ".to_owned() } else { unit.to_owned() } }
    }

    /// Whether this style writes collections on several lines.
    pub(super) fn spreads(&self) -> bool {
        self.dialect != Dialect::Yaml
    }

    /// The text between two entries on one line.
    pub(super) fn comma(&self) -> &'static str {
        if self.dialect == Dialect::CompactJson { "," } else { ", " }
    }

    /// The text between a colon and its value.
    pub(super) fn blank(&self) -> &'static str {
        if self.dialect == Dialect::CompactJson { "" } else { " " }
    }

    /// An entry: a member if it has a key, else an item. Written on one line, or on several lines with the indentation `indent`.
    pub(super) fn entry(&self, key: Option<&str>, value: &Value, indent: Option<&str>) -> String {
        let mut out = String::new();
        if let Some(key) = key {
            self.key(&mut out, key);
        }
        match indent {
            Some(indent) => self.spread(&mut out, value, indent),
            None => self.inline(&mut out, value),
        }
        out
    }

    fn key(&self, out: &mut String, key: &str) {
        let simple = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        match self.dialect {
            Dialect::Json | Dialect::CompactJson => out.push_str(&Value::from(key).to_string()),
            Dialect::Kyaml if !simple => emit::write_escaped(out, key),
            Dialect::Kyaml | Dialect::Yaml => Self::text(out, key, Dialect::Yaml),
        }
        out.push(':');
        out.push_str(self.blank());
    }

    fn text(out: &mut String, text: &str, dialect: Dialect) {
        match dialect {
            Dialect::Json | Dialect::CompactJson => out.push_str(&Value::from(text).to_string()),
            Dialect::Kyaml => emit::write_escaped(out, text),
            Dialect::Yaml => {
                let mut plain = String::new();
                emit::write_line(&mut plain, text);
                // In flow collections, some characters end a plain text.
                if plain == text && text.contains([',', '[', ']', '{', '}', ':', '?', '#', '&', '*', '!']) {
                    emit::write_escaped(out, text);
                } else {
                    out.push_str(&plain);
                }
            }
        }
    }

    fn inline(&self, out: &mut String, value: &Value) {
        match value {
            Value::Object(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    out.push_str(if index > 0 { self.comma() } else { "" });
                    self.key(out, key);
                    self.inline(out, value);
                }
                out.push('}');
            }
            Value::Array(items) => {
                out.push('[');
                for (index, value) in items.iter().enumerate() {
                    out.push_str(if index > 0 { self.comma() } else { "" });
                    self.inline(out, value);
                }
                out.push(']');
            }
            Value::String(text) => Self::text(out, text, self.dialect),
            other => out.push_str(&other.to_string()),
        }
    }

    fn spread(&self, out: &mut String, value: &Value, indent: &str) {
        match value {
            Value::Object(members) if !members.is_empty() => self.spread_members(out, members, indent),
            Value::Array(items) if !items.is_empty() => self.spread_items(out, items, indent),
            value => self.inline(out, value),
        }
    }

    fn spread_members(&self, out: &mut String, members: &Map<String, Value>, indent: &str) {
        let inside = format!("{indent}{}", self.unit);
        out.push('{');
        for (index, (key, value)) in members.iter().enumerate() {
            out.push_str(if index > 0 { ",\n" } else { "\n" });
            out.push_str(&inside);
            self.key(out, key);
            self.spread(out, value, &inside);
        }
        self.close(out, indent, '}');
    }

    fn spread_items(&self, out: &mut String, items: &[Value], indent: &str) {
        // KYAML writes the brackets of a list and of the mappings in it next to each other.
        if self.dialect == Dialect::Kyaml && items.iter().all(Value::is_object) {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                self.spread(out, item, indent);
            }
            out.push(']');
            return;
        }
        let inside = format!("{indent}{}", self.unit);
        out.push('[');
        for (index, item) in items.iter().enumerate() {
            out.push_str(if index > 0 { ",\n" } else { "\n" });
            out.push_str(&inside);
            self.spread(out, item, &inside);
        }
        self.close(out, indent, ']');
    }

    fn close(&self, out: &mut String, indent: &str, bracket: char) {
        out.push_str(if self.dialect == Dialect::Kyaml { ",\n" } else { "\n" });
        out.push_str(indent);
        out.push(bracket);
    }
}

/// The indentation for a value that is inserted after another one: that of the line where the other ends. `None` if the
/// other is on one line.
pub(super) fn indent_like<'t>(tree: &Tree<'t>, sibling: Id) -> Option<&'t str> {
    let node = tree.node(sibling);
    tree.text[node.start..node.end].contains('\n').then(|| lines::indentation(tree.text, node.end))
}
