//! Errors and warnings about manifests, in the form that editors and CI systems link to their lines.

use std::fmt;
use std::path::PathBuf;

use crate::manifest::Position;

/// The report of one load.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// All errors and warnings, in the order of files and lines.
    pub remarks: Vec<ManifestRemark>,
    /// The number of companions that can be injected, in their newest or in their last valid version.
    pub valid: usize,
    /// The number of companions without a valid version.
    pub invalid: usize,
    /// The number of Namespaces.
    pub namespaces: usize,
}

/// One error or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestRemark {
    /// Whether it is an error.
    pub severity: Severity,
    /// The file or folder; `-` is standard input.
    pub file: PathBuf,
    /// Where in the file; `None` where the file as a whole is meant.
    pub at: Option<Position>,
    /// The field, such as `spec.containers[0].image`; empty where no single field is meant.
    pub field: String,
    /// What is wrong, and how to fix it.
    pub message: String,
}

/// Whether a remark is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The object is not used in this version.
    Error,
    /// The object is used, but is likely a mistake.
    Warning,
}

impl LoadReport {
    /// The first error.
    #[must_use]
    pub fn first_error(&self) -> Option<&ManifestRemark> {
        self.errors().next()
    }

    /// All errors.
    pub fn errors(&self) -> impl Iterator<Item = &ManifestRemark> {
        self.remarks.iter().filter(|r| r.severity == Severity::Error)
    }
}

impl Severity {
    /// The word before the message.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

impl ManifestRemark {
    /// The part before the severity: `file:line:column`, or the file alone.
    #[must_use]
    pub fn place(&self) -> String {
        let file = self.file.display();
        match self.at {
            Some(Position { line, column }) => format!("{file}:{line}:{column}"),
            None => file.to_string(),
        }
    }

    /// The part after the severity: the field, if there is one, and the message.
    #[must_use]
    pub fn text(&self) -> String {
        if self.field.is_empty() { self.message.clone() } else { format!("{}: {}", self.field, self.message) }
    }
}

/// `file:line:column: error: field: message`
impl fmt::Display for ManifestRemark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place(), self.severity.as_str(), self.text())
    }
}
