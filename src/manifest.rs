//! Manifests: text to values with positions, and values to text. Knows YAML and JSON as kubectl reads them, and nothing
//! of Kubernetes.

mod compose;
mod copies;
mod document;
mod edit;
mod emit;
mod encoding;
mod key;
mod scalar;
mod split;
mod syntax;
mod tagged;
#[cfg(test)]
mod tests;

pub use document::{Document, Format, json};
pub use emit::yaml;
pub use encoding::Encoding;

/// Where something stands in a file, counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// Why a document cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {message}", at.line, at.column)]
pub struct ManifestError {
    /// Where.
    pub at: Position,
    /// What is wrong, and how to mend it.
    pub message: String,
}

/// Reads all documents of a file. Joined, the texts of its documents are the file's text; an unreadable one does not
/// keep the others from being read.
#[must_use]
pub fn read(bytes: &[u8]) -> Vec<Result<Document, ManifestError>> {
    let strict = |mut document: Document| document.doubled.take().map_or(Ok(document), Err);
    read_with_doubled_keys(bytes).into_iter().map(|read| read.and_then(strict)).collect()
}

/// The same, with documents in which a key is there twice: for those who pass them on.
#[must_use]
pub fn read_with_doubled_keys(bytes: &[u8]) -> Vec<Result<Document, ManifestError>> {
    let text = match Encoding::decode(bytes) {
        Ok(text) => text,
        Err(unreadable) => return vec![Err(unreadable)],
    };
    split::pieces(&text).into_iter().flat_map(|piece| document::read(&piece)).collect()
}

impl Position {
    /// This position, told from the start of a text, where that text starts at another position.
    fn after(self, start: Position) -> Position {
        if self.line == 1 {
            Position { line: start.line, column: start.column + self.column - 1 }
        } else {
            Position { line: start.line + self.line - 1, column: self.column }
        }
    }
}
