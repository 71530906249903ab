//! Composes values, and the positions of their parts, from the events of the parser in `serde-saphyr`.
//!
//! `serde-saphyr` itself deserializes into Rust types, reads scalars by these types, and has no positions of untyped
//! values. Manifests need the values that kubectl reads, YAML 1.1 included; see `docs/decisions/yaml-composer.md`.

use std::collections::HashMap;
use std::fmt;
use std::fmt::Write as _;

use serde_json::{Map, Value};
use serde_saphyr::granit_parser::{Event, Marker, Options, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::copies::Copies;
use super::position::{ManifestError, Position};
use super::{key, tagged};
use crate::json::Token;

/// Memory in bytes of a value and its slot in a list or mapping, without its text.
const VALUE: usize = 96;
/// How deep values can be nested. serde_json has the same limit, so a value that is read here can be read as JSON.
const DEEPEST: usize = 127;

/// Reads a text with one document.
///
/// # Errors
/// The first part that cannot be read, or a duplicate key.
pub(super) fn value(text: &str) -> Result<Value, ManifestError> {
    let (value, doubled) = value_and_duplicate_key(text, 1)?;
    doubled.map_or(Ok(value), Err)
}

/// Reads a text that starts at `line` of its file: a message about a duplicate key names the line of the first one. A
/// duplicate key is returned with the value, which has the last one.
pub(super) fn value_and_duplicate_key(
    text: &str,
    line: usize,
) -> Result<(Value, Option<ManifestError>), ManifestError> {
    let mut composer = Composer::new(text);
    composer.first_line = line;
    let value = composer.document()?;
    Ok((value, composer.duplicate_key))
}

/// The first duplicate key of a text. serde_json accepts duplicates and uses the last one.
pub(super) fn duplicate_key(text: &str, line: usize) -> Option<ManifestError> {
    value_and_duplicate_key(text, line).ok()?.1
}

/// The position of each part of a document, by JSON pointer. The position of a member is that of its value if it starts on
/// the line of the key, else that of the key. Values of aliases and merge keys have no position. Empty if the text cannot
/// be read.
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
    duplicate_key: Option<ManifestError>,
    first_line: usize,
    places: Option<Places>,
}

#[derive(Default)]
struct Places {
    pointer: String,
    at: HashMap<String, Position>,
}

/// A value with its memory and depth.
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
        Composer { events, anchors: HashMap::new(), copies, depth: 0, duplicate_key: None, first_line: 1, places: None }
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
                    return Err(unreadable(span.start, "a second document starts here; put a line `---` before it"));
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
            _ => Err(unreadable(span.start, "missing value")),
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
            return Err(unreadable(span.start, "this alias is part of its own value; replace it by the value"));
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
                    self.duplicate_key.get_or_insert_with(|| unreadable(key_span.start, message));
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
            .ok_or_else(|| unreadable(span.start, "invalid key: must be a string; put the key in quotes"))
    }

    /// Reads a node without recording positions of its parts.
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

/// Adds the members of a merge key. As in kubectl's parser, and unlike the YAML specification, they replace members that
/// were written before it. Of several mappings the first one takes precedence.
fn merge(members: &mut Map<String, Value>, value: Value) -> Result<(), &'static str> {
    let sources = match value {
        Value::Array(items) => items,
        other => vec![other],
    };
    for source in sources.into_iter().rev() {
        let Value::Object(source) = source else {
            return Err("invalid value of the merge key `<<`: must be a mapping or a list of mappings");
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
    unreadable(span.start, format!("values are nested more than {DEEPEST} levels deep"))
}

fn syntax(error: &ScanError) -> ManifestError {
    unreadable(*error.marker(), error.info())
}
