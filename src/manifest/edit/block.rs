//! Changes of block collections: whole lines are inserted and removed.

use super::overlay::{OverlayEntry, Slot};
use super::splice::{Descend, Splices};
use super::tree::{Id, Shape, Tree};
use super::{layout, lines};
use crate::manifest::emit;
use crate::manifest::emit::Style;

/// Writes the changes of a block collection; `descend` writes those of an entry that is kept.
pub(super) fn write(
    tree: &Tree<'_>,
    id: Id,
    entries: &[OverlayEntry],
    splices: &mut Splices<'_>,
    descend: &mut Descend<'_>,
) -> Option<()> {
    let old: Vec<Id> = tree.node(id).children().collect();
    let first = tree.node(*old.first()?).from;
    let block = Block { tree, id, column: lines::column(tree.text, first), style: layout::style(tree, id) };
    let mut rest = entries.iter().peekable();
    let mut last: Option<Id> = None;
    // Entries that are added before the first kept entry.
    let front = block.additions(&mut rest)?;
    if !front.is_empty() {
        block.insert_front(first, &front, splices);
    }
    for (place, child) in old.iter().copied().enumerate() {
        match rest.peek().map(|entry| &entry.slot) {
            Some(Slot::Old(kept)) if *kept == child => descend(child, splices)?,
            Some(Slot::New { value, instead_of: Some(replaced) }) if *replaced == child => {
                block.replace(child, value, splices);
            }
            _ => {
                block.remove(&old, place, entries, splices);
                continue;
            }
        }
        rest.next();
        last = Some(child);
        let added = block.additions(&mut rest)?;
        if !added.is_empty() {
            // Entries that follow and are removed do not affect the order.
            splices.insert_lines(block.end_of(child), &added);
        }
    }
    (rest.peek().is_none() && last.is_some()).then_some(())
}

struct Block<'a> {
    tree: &'a Tree<'a>,
    id: Id,
    column: usize,
    style: Style,
}

impl Block<'_> {
    /// The lines of the new entries before the next old one.
    fn additions<'e>(&self, rest: &mut std::iter::Peekable<impl Iterator<Item = &'e OverlayEntry>>) -> Option<String> {
        let mut out = String::new();
        while let Some(OverlayEntry { key, slot: Slot::New { value, instead_of: None } }) = rest.peek() {
            emit::pad(&mut out, self.column);
            match &self.tree.node(self.id).shape {
                Shape::Sequence { .. } => emit::item(&mut out, value, self.column, &self.style),
                _ => emit::member(&mut out, key.as_ref()?, value, self.column, &self.style),
            }
            rest.next();
        }
        Some(out)
    }

    /// Inserts lines before the first entry, and before the comments that introduce it. Comments above the content of the
    /// document are not part of what is edited.
    fn insert_front(&self, first: usize, added: &str, splices: &mut Splices<'_>) {
        let text = self.tree.text;
        if !lines::is_first(text, first) {
            let mut continued = added.get(self.column..).unwrap_or_default().to_owned();
            emit::pad(&mut continued, self.column);
            splices.insert(first, &continued);
            return;
        }
        let content = self.tree.node(self.tree.root).from;
        let mut at = lines::line_start(text, first);
        while at > content {
            let before = lines::line_start(text, at - 1);
            if before < content || !lines::is_last(text, before) {
                break;
            }
            at = before;
        }
        splices.insert(at, added);
    }

    /// Removes the lines of an entry. If its first line also has the dash of the item that it is in, the next entry moves to
    /// that line.
    fn remove(&self, old: &[Id], place: usize, entries: &[OverlayEntry], splices: &mut Splices<'_>) {
        let (text, node) = (self.tree.text, self.tree.node(old[place]));
        if lines::is_first(text, node.from) {
            return splices.remove_lines(node.from, self.end_of(old[place]));
        }
        let stays = |id: &&Id| {
            entries.iter().any(|e| match &e.slot {
                Slot::Old(kept) => kept == *id,
                Slot::New { instead_of, .. } => instead_of.as_ref() == Some(id),
            })
        };
        match old[place + 1..].iter().find(stays) {
            Some(next) => splices.replace(node.from, self.tree.node(*next).from, ""),
            None => splices.replace(node.from, node.end, ""),
        }
    }

    /// Writes a value in place of another. Comments at the end of its line are kept.
    fn replace(&self, child: Id, value: &serde_json::Value, splices: &mut Splices<'_>) {
        let (text, node) = (self.tree.text, self.tree.node(child));
        let (lead, end) = (node.lead, self.end_of(child));
        let mut written = String::new();
        if matches!(self.tree.node(self.id).shape, Shape::Sequence { .. }) {
            emit::item(&mut written, value, self.column, &self.style);
            splices.replace(lead, end, written.trim_end_matches('\n').strip_prefix('-').unwrap_or_default());
            return;
        }
        emit::below_key(&mut written, value, self.column, &self.style);
        match written.strip_prefix('\n') {
            Some(below) => {
                let rest = &text[end..lines::line_end(text, end)];
                let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
                let gone = if rest[blanks..].starts_with('#') { end } else { end + blanks };
                splices.replace(lead, gone, "");
                splices.insert_lines(end, below);
            }
            None => splices.replace(lead, end, written.trim_end_matches('\n')),
        }
    }

    /// The end of an entry; if a key has no value, the end of its colon.
    fn end_of(&self, child: Id) -> usize {
        let node = self.tree.node(child);
        node.end.max(node.lead)
    }
}
