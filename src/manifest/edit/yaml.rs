//! Builds the tree of a YAML text from the events of its parser.

use serde_saphyr::granit_parser::{Event, Options, Parser, ScalarStyle, Span, StrInput, StructureStyle};

use super::lines;
use super::tree::{Id, Member, Shape, Tree};
use crate::manifest::key;
use crate::manifest::key::MapKey;

/// Builds the tree of a document that was parsed before.
pub(super) fn tree(text: &str, from: usize) -> Option<Tree<'_>> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let events = Parser::new_from_str_with_options(&text[from..], options);
    let mut builder = Builder { events, from, tree: Tree::new(text, false) };
    let mut lead = from;
    loop {
        let (event, span) = builder.next()?;
        match event {
            Event::StreamStart => {}
            Event::DocumentStart(explicit, _) => lead = if explicit { builder.bytes(span)?.1 } else { from },
            Event::StreamEnd | Event::DocumentEnd => return None,
            event => {
                builder.tree.root = builder.node(&event, span, &Place { parent: None, from: lead, lead, column: 0 })?;
                return Some(builder.tree);
            }
        }
    }
}

struct Builder<'t> {
    events: Parser<'t, StrInput<'t>>,
    from: usize,
    tree: Tree<'t>,
}

/// The position of a node.
struct Place {
    parent: Option<(Id, usize)>,
    from: usize,
    lead: usize,
    /// The column of the block collection that contains it.
    column: usize,
}

impl<'t> Builder<'t> {
    fn next(&mut self) -> Option<(Event<'t>, Span)> {
        self.events.next_event()?.ok()
    }

    fn bytes(&self, span: Span) -> Option<(usize, usize)> {
        Some((self.from + span.start.byte_offset()?, self.from + span.end.byte_offset()?))
    }

    fn node(&mut self, event: &Event<'t>, span: Span, place: &Place) -> Option<Id> {
        let (start, end) = self.bytes(span)?;
        let id = self.tree.reserve(place.parent, place.from, place.lead);
        let anchor = match event {
            Event::Scalar(_, style, anchor, _) => {
                self.scalar(id, *style, (start, end), place)?;
                anchor
            }
            Event::Alias(anchor) => {
                self.tree.fill(id, Shape::Alias(*anchor), start, end);
                &0
            }
            Event::SequenceStart(style, anchor, _) => {
                let flow = *style == StructureStyle::Flow;
                self.sequence(id, flow, if flow { start } else { self.block_start(place) }, place.column)?;
                anchor
            }
            Event::MappingStart(style, anchor, _) => {
                let flow = *style == StructureStyle::Flow;
                self.mapping(id, flow, if flow { start } else { self.block_start(place) }, place.column)?;
                anchor
            }
            _ => return None,
        };
        self.tree.set_anchor(id, *anchor);
        Some(id)
    }

    fn scalar(&mut self, id: Id, style: ScalarStyle, (start, end): (usize, usize), place: &Place) -> Option<()> {
        let text = self.tree.text;
        let (start, end) = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let end = lines::block_scalar_end(text, place.lead, place.column)?;
                (lines::skip_trivia(text, lines::skip_properties(text, place.lead)), end)
            }
            _ if start == end => {
                let empty = lines::skip_properties(text, place.lead);
                (empty, empty)
            }
            _ => (start, end),
        };
        self.tree.fill(id, Shape::Scalar, start, end);
        Some(())
    }

    fn sequence(&mut self, id: Id, flow: bool, start: usize, column: usize) -> Option<()> {
        let text = self.tree.text;
        let column = if flow { column } else { lines::column(text, start) };
        let mut at = if flow { start + 1 } else { start };
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                let end = if flow { self.bytes(span)?.1 } else { at };
                self.tree.fill(id, Shape::Sequence { flow, items }, start, end);
                return Some(());
            }
            let from = self.entry(at, flow);
            let lead = if flow { from } else { from + text[from..].starts_with('-').then_some(1)? };
            let item = self.node(&event, span, &Place { parent: Some((id, items.len())), from, lead, column })?;
            at = self.tree.node(item).end;
            items.push(item);
        }
    }

    fn mapping(&mut self, id: Id, flow: bool, start: usize, column: usize) -> Option<()> {
        let text = self.tree.text;
        let column = if flow { column } else { lines::column(text, start) };
        let mut at = if flow { start + usize::from(text[start..].starts_with('{')) } else { start };
        let mut members = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                let end = if flow { self.bytes(span)?.1 } else { at };
                self.tree.fill(id, Shape::Mapping { flow, members }, start, end);
                return Some(());
            }
            let from = self.entry(at, flow);
            let key_end = self.bytes(span)?.1;
            let Event::Scalar(key, style, _, tag) = event else { return None };
            let key = match key::of_scalar(&key, style, tag.as_deref())? {
                MapKey::Text(key) => Some(key),
                MapKey::Merge => None,
            };
            let colon = lines::skip_trivia(text, key_end);
            let lead = if text[colon..].starts_with(':') { colon + 1 } else { key_end };
            let (event, span) = self.next()?;
            let value = self.node(&event, span, &Place { parent: Some((id, members.len())), from, lead, column })?;
            at = self.tree.node(value).end.max(lead);
            members.push(Member { key, value });
        }
    }

    /// The start of a block collection: its first dash or key, or the indicator of an explicit key. The parser reports the
    /// first token after that.
    fn block_start(&self, place: &Place) -> usize {
        lines::skip_trivia(self.tree.text, lines::skip_properties(self.tree.text, place.lead))
    }

    /// The start of the next entry.
    fn entry(&self, at: usize, flow: bool) -> usize {
        let text = self.tree.text;
        let at = lines::skip_trivia(text, at);
        if flow && text[at..].starts_with(',') { lines::skip_trivia(text, at + 1) } else { at }
    }
}
