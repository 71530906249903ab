//! Positions in a file, and errors at a position.

/// A position in a file, counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// Why a document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {message}", at.line, at.column)]
pub struct ManifestError {
    /// The position of the error.
    pub at: Position,
    /// What is wrong, and how to fix it.
    pub message: String,
}

impl Position {
    /// Converts a position in a text to a position in its file, where the text starts at `start`.
    pub(super) fn after(self, start: Position) -> Position {
        if self.line == 1 {
            Position { line: start.line, column: start.column + self.column - 1 }
        } else {
            Position { line: start.line + self.line - 1, column: self.column }
        }
    }
}

impl ManifestError {
    /// The same error in a file in which the text starts at `start`.
    pub(super) fn shifted(self, start: Position) -> Self {
        ManifestError { at: self.at.after(start), ..self }
    }
}
