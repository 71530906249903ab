//! Detects how the author lays out block collections.

use super::lines;
use super::tree::{Id, Node, Shape, Tree};
use crate::manifest::emit::{Literal, Style};

/// The style of additions to a mapping or a sequence: that of the nearest collections of the same kind.
pub(super) fn style(tree: &Tree<'_>, near: Id) -> Style {
    let mut style = Style { literal: literal(tree), ..Style::KUBECTL };
    let node = tree.node(near);
    let near: Vec<Id> = node.children().collect();
    let all = || near.iter().copied().chain(node.parent.map(|(id, _)| id)).chain(tree.ids());
    if let Some(step) =
        all().find_map(|id| depth(tree, id, |shape| matches!(shape, Shape::Mapping { flow: false, .. })))
    {
        style.step = step;
    }
    if let Some(list) =
        all().find_map(|id| depth(tree, id, |shape| matches!(shape, Shape::Sequence { flow: false, .. })))
    {
        style.list = list;
    }
    let own = std::iter::once(node);
    if let Some(dash) = own.chain(all().map(|id| tree.node(id))).find_map(|node| dash(tree, node)) {
        style.dash = dash;
    }
    if style.step == 0 {
        style.step = 2;
    }
    style
}

/// How much deeper a block collection is than the key that it belongs to.
fn depth(tree: &Tree<'_>, id: Id, is: fn(&Shape) -> bool) -> Option<usize> {
    let node = tree.node(id);
    let parent = tree.node(node.parent?.0);
    let in_block = matches!(parent.shape, Shape::Mapping { flow: false, .. });
    let below = lines::is_first(tree.text, node.start);
    if !is(&node.shape) || !in_block || !below {
        return None;
    }
    lines::column(tree.text, node.start).checked_sub(lines::column(tree.text, node.from))
}

/// How much deeper the items of a block sequence are than their dashes.
fn dash(tree: &Tree<'_>, node: &Node) -> Option<usize> {
    let Shape::Sequence { flow: false, items } = &node.shape else { return None };
    let first = tree.node(*items.first()?);
    let between = tree.text.get(first.from + 1..first.start)?;
    (!between.is_empty() && between.bytes().all(|b| b == b' ')).then_some(between.len() + 1)
}

/// The value of a block at the end of a text depends on whether the text has a final line end.
fn literal(tree: &Tree<'_>) -> Literal {
    if tree.text.ends_with('\n') { Literal::Clipped } else { Literal::Stripped }
}
