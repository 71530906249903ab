//! What is wrong with manifests, said in the way that editors and CI jump to.

use std::fmt;
use std::path::PathBuf;

use crate::manifest::Position;

/// What one load came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// All mistakes and warnings, in the order of files and lines.
    pub remarks: Vec<Remark>,
    /// How many companions can be injected, at their newest or at their last good version.
    pub good: usize,
    /// How many companions have no good version.
    pub broken: usize,
    /// How many Namespaces are declared.
    pub namespaces: usize,
}

/// One mistake or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// How bad it is.
    pub severity: Severity,
    /// The file or folder; `-` is the standard input.
    pub file: PathBuf,
    /// Where in the file; `None` where it is about the file as a whole.
    pub at: Option<Position>,
    /// The field, such as `spec.containers[0].image`; empty where it is about no field.
    pub field: String,
    /// What is wrong, and how to mend it.
    pub message: String,
}

/// How bad a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does not count as it stands.
    Error,
    /// It counts, but is likely not meant.
    Warning,
}

impl Report {
    /// The first mistake, if there is any.
    #[must_use]
    pub fn first_error(&self) -> Option<&Remark> {
        self.errors().next()
    }

    /// All mistakes.
    pub fn errors(&self) -> impl Iterator<Item = &Remark> {
        self.remarks.iter().filter(|r| r.severity == Severity::Error)
    }
}

impl Severity {
    /// The word in front of the message.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

impl Remark {
    /// What stands in front of the severity: `file:line:column`, or the file alone.
    #[must_use]
    pub fn place(&self) -> String {
        let file = self.file.display();
        match self.at {
            Some(Position { line, column }) => format!("{file}:{line}:{column}"),
            None => file.to_string(),
        }
    }

    /// What stands behind the severity.
    #[must_use]
    pub fn text(&self) -> String {
        if self.field.is_empty() { self.message.clone() } else { format!("{}: {}", self.field, self.message) }
    }
}

/// `file:line:column: error: field: message`
impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place(), self.severity.as_str(), self.text())
    }
}
