//! Edits of a document that keep its text.
//!
//! A JSON patch is applied to the tree of the text's nodes first (`overlay`), which decides what is kept, added, removed
//! and replaced in each collection. Every decision then becomes insertions and deletions at byte offsets (`block`, `flow`).
//! A line of the author changes only where a value on it has to be opened. The result is read again and compared with the
//! patched value: a text that would mean something else is never returned.

mod anchors;
mod block;
mod flow;
mod flow_text;
mod json;
mod layout;
mod lines;
mod overlay;
mod splice;
#[cfg(test)]
mod tests;
mod tree;
mod yaml;

use serde_json::Value;

use super::Format;
use crate::json::unescape_token;
use overlay::Overlay;
use splice::Splices;
use tree::Tree;

/// One operation of a JSON patch (RFC 6902): `add`, `remove` or `replace`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operation {
    /// The reference tokens of its pointer, unescaped.
    pub(super) path: Vec<String>,
    /// The value that is put there; `None` removes what is there.
    pub(super) value: Option<Value>,
    /// Whether what is there is replaced: an `add` to an array makes room instead.
    pub(super) replaces: bool,
}

impl Operation {
    /// Reads an operation. `None` for those that are not supported.
    pub(super) fn read(operation: &Value) -> Option<Self> {
        let path = operation["path"].as_str()?.strip_prefix('/')?;
        let path = path.split('/').map(unescape_token).collect();
        match operation["op"].as_str()? {
            "add" => Some(Operation { path, value: Some(operation["value"].clone()), replaces: false }),
            "replace" => Some(Operation { path, value: Some(operation["value"].clone()), replaces: true }),
            "remove" => Some(Operation { path, value: None, replaces: true }),
            _ => None,
        }
    }
}

fn tree(text: &str, from: usize, format: Format) -> Option<Tree<'_>> {
    match format {
        Format::Yaml => yaml::tree(text, from),
        Format::Json => json::tree(text, from),
    }
}

/// How the value that a pointer means is written.
pub(super) fn source<'t>(text: &'t str, from: usize, format: Format, pointer: &str) -> Option<&'t str> {
    let tree = tree(text, from, format)?;
    let id = tree.ids().find(|id| tree.pointer(*id).as_deref() == Some(pointer))?;
    let node = tree.node(id);
    text.get(node.start..node.end)
}

/// A text with a patch applied. `None` where the text does not allow it, which is rare: a merge key that brings what is to
/// be removed, an alias as a key.
///
/// `old` is what the text means; `from` is where its content starts.
pub(super) fn edited(text: &str, from: usize, format: Format, old: &Value, patch: &[Value]) -> Option<String> {
    let tree = tree(text, from, format)?;
    let mut overlay = Overlay::new(&tree, old);
    for operation in patch {
        overlay.apply(&Operation::read(operation)?)?;
    }
    overlay.settle()?;
    let mut splices = Splices::new(text);
    write(&tree, &overlay, tree.root, &mut splices)?;
    Some(splices.apply())
}

/// Writes the changes of a collection and of everything in it, in the order of the text.
fn write(tree: &Tree<'_>, overlay: &Overlay<'_>, id: tree::Id, splices: &mut Splices<'_>) -> Option<()> {
    match (overlay.entries(id), tree.node(id).is_flow()) {
        (Some(entries), false) => block::write(tree, overlay, id, entries, splices),
        (Some(entries), true) => flow::write(tree, overlay, id, entries, splices),
        (None, _) => tree.node(id).children().try_for_each(|child| write(tree, overlay, child, splices)),
    }
}
