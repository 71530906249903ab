//! One document of a file: its value and its text.

use std::cell::OnceCell;
use std::collections::HashMap;

use serde_json::Value;

use super::format::{Format, json_like};
use super::position::{ManifestError, Position};
use super::split;
use super::split::StreamPiece;
use super::{compose, edit, emit, syntax};

/// One document of a file.
#[derive(Debug)]
pub struct Document {
    /// The value; `None` if the document is empty, has only comments, or is null.
    pub value: Option<Value>,
    /// The format of the text.
    pub format: Format,
    /// The first duplicate key of a mapping. The value is then that of the last one, as in kubectl, which is rarely meant.
    pub duplicate_key: Option<ManifestError>,
    text: Box<str>,
    head: usize,
    body: usize,
    body_at: Position,
    positions: OnceCell<HashMap<String, Position>>,
}

/// Reads the documents of a piece: one, or several if JSON values follow each other without separators.
pub(super) fn read(piece: &StreamPiece<'_>) -> Vec<Result<Document, ManifestError>> {
    let content = &piece.text[piece.head..];
    if content.trim_start().starts_with(['{', '[']) {
        match read_json(piece) {
            Ok(documents) => return documents.into_iter().map(Ok).collect(),
            Err(error) if is_meant_as_json(content) => return vec![Err(error)],
            Err(_) => {}
        }
    }
    let body_at = piece.position(piece.prelude);
    let body = &piece.text[piece.prelude..];
    let read = compose::value_and_duplicate_key(body, body_at.line);
    let read = read.map_err(|e| syntax::explained(body, &e).shifted(body_at));
    vec![read.map(|(value, doubled)| Document {
        duplicate_key: doubled.map(|fault| fault.shifted(body_at)),
        value: Some(value).filter(|v| !v.is_null()),
        format: Format::Yaml,
        text: piece.text.into(),
        head: piece.head,
        body: piece.prelude,
        body_at,
        positions: OnceCell::new(),
    })]
}

fn read_json(piece: &StreamPiece<'_>) -> Result<Vec<Document>, ManifestError> {
    let content = &piece.text[piece.head..];
    let mut stream = serde_json::Deserializer::from_str(content).into_iter::<Value>();
    let mut documents = Vec::new();
    let mut from = 0;
    let mut reached = (piece.head, piece.position(piece.head));
    while let Some(value) = stream.next() {
        let value = value.map_err(|e| json_fault(&e, documents.is_empty()).shifted(piece.position(piece.head)))?;
        let end = piece.head + stream.byte_offset();
        let end = if piece.text[end..].trim().is_empty() { piece.text.len() } else { end };
        let lead = piece.head.max(from);
        let body = lead + piece.text[lead..].len() - piece.text[lead..].trim_start().len();
        let body_at = split::end_of(&piece.text[reached.0..body]).after(reached.1);
        reached = (body, body_at);
        let doubled = compose::duplicate_key(&piece.text[body..end], body_at.line);
        documents.push(Document {
            duplicate_key: doubled.map(|fault| fault.shifted(body_at)),
            value: Some(value).filter(|v| !v.is_null()),
            format: Format::Json,
            text: piece.text[from..end].into(),
            head: body - from,
            body: body - from,
            body_at,
            positions: OnceCell::new(),
        });
        from = end;
    }
    Ok(documents)
}

/// Whether a text that starts with a bracket was meant as JSON rather than flow YAML: then the error of the JSON parser is
/// more helpful.
fn is_meant_as_json(body: &str) -> bool {
    let inside = body.trim_start().trim_start_matches(['{', '[']).trim_start();
    inside.starts_with(['"', '}', ']', '{', '['])
}

fn json_fault(error: &serde_json::Error, is_first: bool) -> ManifestError {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
    let message = syntax::explained_json(message, is_first);
    ManifestError { at: Position { line: error.line().max(1), column: error.column().max(1) }, message }
}

impl Document {
    /// A value that has no text, such as an object of a cluster.
    #[must_use]
    pub fn without_text(value: Value) -> Self {
        Document {
            value: Some(value),
            format: Format::Json,
            duplicate_key: None,
            text: Box::default(),
            head: 0,
            body: 0,
            body_at: Position { line: 1, column: 1 },
            positions: OnceCell::new(),
        }
    }

    /// Whether the value was read from a text, so that it has positions.
    #[must_use]
    pub fn has_text(&self) -> bool {
        !self.text.is_empty()
    }

    /// The original text, with separators and comments.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the text has a separator before the content.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        let (head, content) = self.text.split_at(self.head);
        content.starts_with("---") || head.lines().any(|line| line.starts_with("---"))
    }

    /// The position of the value at a JSON pointer (RFC 6901), or of the nearest value that contains it.
    #[must_use]
    pub fn position(&self, pointer: &str) -> Position {
        if pointer.is_empty() {
            return self.start();
        }
        let body = &self.text[self.body..];
        let positions = self.positions.get_or_init(|| compose::positions(body));
        let mut pointer = pointer;
        loop {
            if let Some(at) = positions.get(pointer) {
                return at.after(self.body_at);
            }
            match pointer.rsplit_once('/') {
                Some((parent, _)) => pointer = parent,
                None => return self.start(),
            }
        }
    }

    /// The text of the value at a JSON pointer (RFC 6901).
    #[must_use]
    pub fn source(&self, pointer: &str) -> Option<&str> {
        edit::source(&self.text, self.content(), self.format, pointer)
    }

    /// The offset where a parser must start.
    pub(super) fn content(&self) -> usize {
        if self.format == Format::Json { self.head } else { self.body }
    }

    /// The position of the content.
    fn start(&self) -> Position {
        let lead = self.text.len() - self.text[self.head..].trim_start().len();
        split::end_of(&self.text[self.body..lead.max(self.body)]).after(self.body_at)
    }

    /// The text after a JSON patch (RFC 6902), where `patched` is the value after it. Only lines on which a value must be
    /// opened change. `None` if the text would not have the patched value; then the caller uses `rewritten`.
    #[must_use]
    pub fn edited(&self, patched: &Value, patch: &[Value]) -> Option<String> {
        let old = self.value.as_ref()?;
        let from = self.content();
        let text = edit::edited(&self.text, from, self.format, old, patch)?;
        let read = match self.format {
            Format::Yaml => compose::value(text.get(from..)?).ok()?,
            Format::Json => serde_json::from_str(text.get(from..)?).ok()?,
        };
        (read == *patched).then_some(text)
    }

    /// The text of another value in the same format, with the separator, the comments above the content and the line ends of
    /// this document. Comments inside of the content are lost.
    #[must_use]
    pub fn rewritten(&self, value: &Value) -> String {
        match self.format {
            Format::Yaml => self.rewritten_yaml(value),
            Format::Json => {
                let original = &self.text[self.head..];
                let tail = &original[original.trim_end().len()..];
                format!("{}{}{tail}", &self.text[..self.head], json_like(original, value))
            }
        }
    }

    fn rewritten_yaml(&self, value: &Value) -> String {
        let marker = if self.text[self.head..].starts_with("---") { "---\n" } else { "" };
        let body = format!("{marker}{}", emit::yaml(value));
        let crlf = self.text.find('\n').is_some_and(|at| self.text[..at].ends_with('\r'));
        format!("{}{}", &self.text[..self.head], if crlf { body.replace('\n', "\r\n") } else { body })
    }
}
