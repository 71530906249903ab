//! YAML events to one value, and to the positions of its parts.

use std::collections::HashMap;
use std::fmt;
use std::fmt::Write as _;

use serde_json::{Map, Value};
use serde_saphyr::granit_parser::{Event, Marker, Options, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::copies::Copies;
use super::{ManifestError, Position, key, tagged};
use crate::json::Token;

/// What a value and its place in a list or mapping need, in bytes, besides its text.
const VALUE: usize = 96;
/// How deep values may be nested. The reader of JSON has the same limit: what is read here can be written there.
const DEEPEST: usize = 127;

/// Reads the one document of a text.
///
/// # Errors
/// What cannot be read, and where.
pub(super) fn value(text: &str) -> Result<Value, ManifestError> {
    let (value, doubled) = value_and_doubled_key(text, 1)?;
    doubled.map_or(Ok(value), Err)
}

/// Reads a text that starts at some line of its file: messages may name an earlier line. The first key that is there twice
/// in the same mapping is returned beside the value, in which the last one counts.
pub(super) fn value_and_doubled_key(text: &str, line: usize) -> Result<(Value, Option<ManifestError>), ManifestError> {
    let mut composer = Composer::new(text);
    composer.first_line = line;
    let value = composer.document()?;
    Ok((value, composer.doubled))
}

/// The first key of a text that is there twice in the same mapping. JSON's own parser lets the last one win.
pub(super) fn doubled_key(text: &str, line: usize) -> Option<ManifestError> {
    value_and_doubled_key(text, line).ok()?.1
}

/// Where each part of a document stands, by JSON pointer. A member stands where its key does, unless its value starts on
/// the same line; what is behind an alias or came by a merge key has no position. Empty where the text cannot be read.
pub(super) fn positions(text: &str) -> HashMap<String, Position> {
    let mut composer = Composer::new(text);
    composer.places = Some(Places::default());
    let _ = composer.document();
    composer.places.map(|p| p.at).unwrap_or_default()
}

struct Composer<'t> {
    events: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Node>,
    copies: Copies,
    depth: usize,
    doubled: Option<ManifestError>,
    first_line: usize,
    places: Option<Places>,
}

#[derive(Default)]
struct Places {
    pointer: String,
    at: HashMap<String, Position>,
}

/// A value with how much memory it needs and how deep it is.
#[derive(Clone)]
struct Node {
    value: Value,
    /// In bytes.
    size: usize,
    depth: usize,
}

impl Node {
    fn scalar(value: Value, text: &str) -> Self {
        Node { value, size: VALUE + text.len(), depth: 0 }
    }
}

impl<'t> Composer<'t> {
    fn new(text: &'t str) -> Self {
        let mut options = Options::default();
        options.set_emit_comments(false);
        let events = Parser::new_from_str_with_options(text, options);
        let copies = Copies::of(text.len());
        Composer { events, anchors: HashMap::new(), copies, depth: 0, doubled: None, first_line: 1, places: None }
    }

    fn document(&mut self) -> Result<Value, ManifestError> {
        let mut value = Value::Null;
        let mut seen = false;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd => {}
                Event::StreamEnd => return Ok(value),
                Event::DocumentStart(..) if seen => {
                    return Err(unreadable(
                        span.start,
                        "a second document starts here; put a line `---` in front of it",
                    ));
                }
                Event::DocumentStart(..) => seen = true,
                event => value = self.node(event, span)?.value,
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), ManifestError> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(e)) => Err(syntax(&e)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span) -> Result<Node, ManifestError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = tagged::value(&text, style, tag.as_deref()).map_err(|m| unreadable(span.start, m))?;
                self.keep(anchor, Node::scalar(value, &text), span)
            }
            Event::SequenceStart(_, anchor, _) => {
                let node = self.nested(span, Self::sequence)?;
                self.keep(anchor, node, span)
            }
            Event::MappingStart(_, anchor, _) => {
                let node = self.nested(span, Self::mapping)?;
                self.keep(anchor, node, span)
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => Err(unreadable(span.start, "a value is missing here")),
        }
    }

    fn keep(&mut self, anchor: usize, node: Node, span: Span) -> Result<Node, ManifestError> {
        if anchor != 0 {
            self.copies.take(node.size).map_err(|message| unreadable(span.start, message))?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<Node, ManifestError> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(unreadable(span.start, "this alias stands inside of what it stands for; write it out"));
        };
        self.copies.take(node.size).map_err(|message| unreadable(span.start, message))?;
        if self.depth + node.depth > DEEPEST {
            return Err(too_deep(span));
        }
        Ok(node.clone())
    }

    fn nested(
        &mut self,
        span: Span,
        read: impl FnOnce(&mut Self) -> Result<Node, ManifestError>,
    ) -> Result<Node, ManifestError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(too_deep(span));
        }
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn sequence(&mut self) -> Result<Node, ManifestError> {
        let mut items = Vec::new();
        let (mut size, mut depth) = (VALUE, 0);
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Node { value: Value::Array(items), size, depth: depth + 1 });
            }
            let outer = self.enter(items.len(), position(span.start));
            let node = self.node(event, span)?;
            self.leave(outer);
            size += node.size;
            depth = depth.max(node.depth);
            items.push(node.value);
        }
    }

    fn mapping(&mut self) -> Result<Node, ManifestError> {
        let mut members = Map::new();
        let mut written: HashMap<String, usize> = HashMap::new();
        let (mut size, mut depth) = (VALUE, 0);
        loop {
            let (event, key_span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Node { value: Value::Object(members), size, depth: depth + 1 });
            }
            let key = self.key(event, key_span)?;
            let (event, span) = self.next()?;
            let node = if let Some(key) = key {
                if let Some(first) = written.insert(key.clone(), key_span.start.line()) {
                    let first = first + self.first_line - 1;
                    let message = format!("duplicate key {key:?}, first defined in line {first}; remove one");
                    self.doubled.get_or_insert_with(|| unreadable(key_span.start, message));
                }
                let same_line = key_span.start.line() == span.start.line() && !span.is_empty();
                let outer = self.enter(Token(&key), position(if same_line { span.start } else { key_span.start }));
                let mut node = self.node(event, span)?;
                self.leave(outer);
                size += VALUE + key.len();
                members.insert(key, node.value.take());
                node
            } else {
                let mut node = self.unplaced(event, span)?;
                merge(&mut members, node.value.take()).map_err(|m| unreadable(span.start, m))?;
                node
            };
            size += node.size;
            depth = depth.max(node.depth);
        }
    }

    /// A key as text; `None` is the merge key.
    fn key(&mut self, event: Event<'t>, span: Span) -> Result<Option<String>, ManifestError> {
        if let Event::Scalar(text, ScalarStyle::Plain, _, None) = &event
            && text == "<<"
        {
            return Ok(None);
        }
        key::text(self.unplaced(event, span)?.value)
            .map(Some)
            .ok_or_else(|| unreadable(span.start, "a key must be text; put it in quotes"))
    }

    /// A node whose parts have no position of their own.
    fn unplaced(&mut self, event: Event<'t>, span: Span) -> Result<Node, ManifestError> {
        let places = self.places.take();
        let node = self.node(event, span);
        self.places = places;
        node
    }

    fn enter(&mut self, token: impl fmt::Display, at: Position) -> usize {
        let Some(places) = &mut self.places else { return 0 };
        let outer = places.pointer.len();
        // Writing to a String cannot fail.
        let _ = write!(places.pointer, "/{token}");
        places.at.insert(places.pointer.clone(), at);
        outer
    }

    fn leave(&mut self, outer: usize) {
        if let Some(places) = &mut self.places {
            places.pointer.truncate(outer);
        }
    }
}

/// Adds what a merge key brings. As in kubectl's parser, and unlike YAML says, it takes the place of what was written
/// before it; of several mappings the first one wins.
fn merge(members: &mut Map<String, Value>, value: Value) -> Result<(), &'static str> {
    let sources = match value {
        Value::Array(items) => items,
        other => vec![other],
    };
    for source in sources.into_iter().rev() {
        let Value::Object(source) = source else {
            return Err("a merge key `<<` takes a mapping, or a list of mappings");
        };
        members.extend(source);
    }
    Ok(())
}

fn position(marker: Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

fn unreadable(at: Marker, message: impl Into<String>) -> ManifestError {
    ManifestError { at: position(at), message: message.into() }
}

fn too_deep(span: Span) -> ManifestError {
    unreadable(span.start, format!("values are nested more than {DEEPEST} deep"))
}

fn syntax(error: &ScanError) -> ManifestError {
    unreadable(*error.marker(), error.info())
}
