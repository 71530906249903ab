//! Changes of flow collections: entries and their commas are inserted and removed.

use super::flow_text::{FlowStyle, indent_like};
use super::lines;
use super::overlay::{Overlay, OverlayEntry, Slot};
use super::splice::{Descend, Splices};
use super::tree::{Id, Shape, Tree};

/// Writes the changes of a flow collection of which at least one entry is kept; `descend` writes those of such an entry.
pub(super) fn write(
    overlay: &Overlay<'_>,
    id: Id,
    entries: &[OverlayEntry],
    splices: &mut Splices<'_>,
    descend: &mut Descend<'_>,
) -> Option<()> {
    let tree = overlay.tree;
    let node = tree.node(id);
    if !tree.text[node.start..].starts_with(['{', '[']) {
        return None; // A pair in a sequence, without brackets of its own.
    }
    let flow = Flow { tree, style: FlowStyle::of(tree), old: node.children().collect() };
    let places = flow.places(entries)?;
    let removes = places.iter().flatten().count() < flow.old.len();
    let adds = places.iter().any(Option::is_none);
    if removes && adds {
        return flow.rewrite(overlay, id, splices);
    }
    if removes {
        flow.remove(&places, splices);
    } else {
        flow.add(entries, &places, splices);
    }
    for entry in entries {
        match &entry.slot {
            Slot::Old(child) => descend(*child, splices)?,
            Slot::New { value, instead_of: Some(child) } => flow.replace(id, *child, value, splices),
            Slot::New { .. } => {}
        }
    }
    Some(())
}

struct Flow<'a> {
    tree: &'a Tree<'a>,
    style: FlowStyle,
    old: Vec<Id>,
}

impl Flow<'_> {
    /// For each entry its index among the old ones; `None` if it is new. The old ones must be in their original order.
    fn places(&self, entries: &[OverlayEntry]) -> Option<Vec<Option<usize>>> {
        let place = |entry: &OverlayEntry| match entry.slot {
            Slot::Old(id) | Slot::New { instead_of: Some(id), .. } => {
                self.old.iter().position(|old| *old == id).map(Some)
            }
            Slot::New { .. } => Some(None),
        };
        let places: Vec<Option<usize>> = entries.iter().map(place).collect::<Option<_>>()?;
        places.iter().flatten().is_sorted().then_some(places)
    }

    fn add(&self, entries: &[OverlayEntry], places: &[Option<usize>], splices: &mut Splices<'_>) {
        let mut at = 0;
        while at < entries.len() {
            let count = places[at..].iter().take_while(|place| place.is_none()).count();
            if count > 0 {
                let added = &entries[at..at + count];
                match at.checked_sub(1).and_then(|before| places[before]) {
                    Some(before) => self.add_after(self.old[before], added, splices),
                    None => self.add_front(added, splices),
                }
            }
            at += count.max(1);
        }
    }

    fn add_front(&self, added: &[OverlayEntry], splices: &mut Splices<'_>) {
        let text = self.tree.text;
        let first = self.old[0];
        let from = self.tree.node(first).from;
        let own_line = lines::is_first(text, from);
        let pad = lines::indentation(text, from);
        let between = if own_line { format!(",\n{pad}") } else { self.style.comma().to_owned() };
        let indent = if own_line && self.style.spreads() { Some(pad) } else { indent_like(self.tree, first) };
        let texts: String = added.iter().map(|entry| self.entry(entry, indent) + &between).collect();
        splices.insert(from, &texts);
    }

    fn add_after(&self, before: Id, added: &[OverlayEntry], splices: &mut Splices<'_>) {
        let text = self.tree.text;
        let node = self.tree.node(before);
        let comma = self.comma_after(before);
        let behind = comma.map_or(node.end, |comma| comma + 1);
        let own_lines = lines::is_first(text, node.from)
            && lines::line_end(text, node.end) == lines::line_end(text, behind)
            && lines::is_last(text, behind);
        if !own_lines {
            let indent = indent_like(self.tree, before).filter(|_| self.style.spreads());
            let texts: String =
                added.iter().map(|entry| self.style.comma().to_owned() + &self.entry(entry, indent)).collect();
            splices.insert(node.end, &texts);
            return;
        }
        let pad = lines::indentation(text, node.from);
        let indent = self.style.spreads().then_some(pad);
        let lines: Vec<String> = added.iter().map(|entry| format!("{pad}{}", self.entry(entry, indent))).collect();
        if comma.is_some() {
            splices.insert_lines(behind, &format!("{},\n", lines.join(",\n")));
        } else {
            splices.insert(node.end, ",");
            splices.insert_lines(node.end, &format!("{}\n", lines.join(",\n")));
        }
    }

    fn remove(&self, places: &[Option<usize>], splices: &mut Splices<'_>) {
        let mut at = 0;
        while at < self.old.len() {
            if places.contains(&Some(at)) {
                at += 1;
                continue;
            }
            let mut end = at;
            while end + 1 < self.old.len() && !places.contains(&Some(end + 1)) {
                end += 1;
            }
            self.remove_run(at, end, splices);
            at = end + 1;
        }
    }

    /// Removes a range of entries, and one comma next to them.
    fn remove_run(&self, first: usize, last: usize, splices: &mut Splices<'_>) {
        let text = self.tree.text;
        let (from, end) = (self.tree.node(self.old[first]).from, self.tree.node(self.old[last]).end);
        let comma = self.comma_after(self.old[last]);
        let behind = comma.map_or(end, |comma| comma + 1);
        let before = first.checked_sub(1).map(|place| self.old[place]);
        if lines::is_first(text, from) && lines::is_last(text, behind) && !text[end..behind].contains('\n') {
            if let (None, Some(before)) = (comma, before)
                && let Some(comma) = self.comma_after(before)
            {
                splices.replace(comma, comma + 1, "");
            }
            splices.remove_lines(from, behind);
        } else if let Some(before) = before {
            splices.replace(self.tree.node(before).end, end, "");
        } else if let Some(next) = self.old.get(last + 1) {
            splices.replace(from, self.tree.node(*next).from, "");
        }
    }

    fn replace(&self, of: Id, child: Id, value: &serde_json::Value, splices: &mut Splices<'_>) {
        let node = self.tree.node(child);
        let in_mapping = matches!(self.tree.node(of).shape, Shape::Mapping { .. });
        let blank = if in_mapping { self.style.blank() } else { "" };
        let spread = lines::is_first(self.tree.text, node.from) && self.style.spreads();
        let indent = spread.then(|| lines::indentation(self.tree.text, node.from));
        let written = self.style.entry(None, value, indent);
        // A key without a value may have no colon; add one.
        let colon = in_mapping && !self.tree.text[..node.lead].ends_with(':');
        splices.replace(node.lead, node.end, &format!("{}{blank}{written}", if colon { ":" } else { "" }));
    }

    /// Writes the whole collection in place of the old one.
    fn rewrite(&self, overlay: &Overlay<'_>, id: Id, splices: &mut Splices<'_>) -> Option<()> {
        let node = self.tree.node(id);
        let value = overlay.new_value(id)?;
        let indent = indent_like(self.tree, id).filter(|_| self.style.spreads());
        splices.replace(node.start, node.end, &self.style.entry(None, &value, indent));
        Some(())
    }

    fn entry(&self, entry: &OverlayEntry, indent: Option<&str>) -> String {
        match &entry.slot {
            Slot::New { value, .. } => self.style.entry(entry.key.as_deref(), value, indent),
            Slot::Old(_) => String::new(),
        }
    }

    fn comma_after(&self, id: Id) -> Option<usize> {
        let at = lines::skip_trivia(self.tree.text, self.tree.node(id).end);
        self.tree.text[at..].starts_with(',').then_some(at)
    }
}
