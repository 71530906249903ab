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
