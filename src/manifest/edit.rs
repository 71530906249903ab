//! Edits of a document that keep its text; see `docs/decisions/edits-of-text.md`.
//!
//! First, a JSON patch is applied to the tree of the text's nodes (`overlay`), which decides what is kept, added, removed
//! and replaced in each collection. Then every decision becomes insertions and deletions at byte offsets (`block`, `flow`).
//! A line of the author changes only if a value on it must be opened. The caller parses the result and compares it with the
//! patched value, so a text with another value is never returned.

mod anchors;
mod block;
mod flow;
mod flow_text;
mod json;
mod layout;
mod lines;
mod operation;
mod overlay;
mod settle;
mod splice;
#[cfg(test)]
mod tests;
mod tree;
mod yaml;

use serde_json::Value;

use super::format::Format;
use operation::Operation;
use overlay::Overlay;
use splice::Splices;
use tree::Tree;

fn tree(text: &str, from: usize, format: Format) -> Option<Tree<'_>> {
    match format {
        Format::Yaml => yaml::tree(text, from),
        Format::Json => json::tree(text, from),
    }
}

/// The text of the value at a JSON pointer.
pub(super) fn source<'t>(text: &'t str, from: usize, format: Format, pointer: &str) -> Option<&'t str> {
    let tree = tree(text, from, format)?;
    let id = tree.ids().find(|id| tree.pointer(*id).as_deref() == Some(pointer))?;
    let node = tree.node(id);
    text.get(node.start..node.end)
}

/// The text after a patch. `None` if the text does not allow it, which is rare: a member of a merge key is removed, or an
/// alias is a key.
///
/// `old` is the value of the text; `from` is the offset of its content.
pub(super) fn edited(text: &str, from: usize, format: Format, old: &Value, patch: &[Value]) -> Option<String> {
    let tree = tree(text, from, format)?;
    let mut overlay = Overlay::new(&tree, old);
    for operation in patch {
        overlay.apply(&Operation::read(operation)?)?;
    }
    settle::settle(&mut overlay)?;
    let mut splices = Splices::new(text);
    write(&tree, &overlay, tree.root, &mut splices)?;
    Some(splices.apply())
}

/// Writes the changes of a collection and of everything in it, in the order of the text.
fn write(tree: &Tree<'_>, overlay: &Overlay<'_>, id: tree::Id, splices: &mut Splices<'_>) -> Option<()> {
    let mut descend = |child, splices: &mut Splices<'_>| write(tree, overlay, child, splices);
    match (overlay.entries(id), tree.node(id).is_flow()) {
        (Some(entries), false) => block::write(tree, id, entries, splices, &mut descend),
        (Some(entries), true) => flow::write(overlay, id, entries, splices, &mut descend),
        (None, _) => tree.node(id).children().try_for_each(|child| write(tree, overlay, child, splices)),
    }
}
