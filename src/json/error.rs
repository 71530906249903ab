//! Why a text cannot be read.

use std::borrow::Cow;
use std::fmt;

/// Why a text cannot be read: what, and where in it.
///
/// It is one pointer wide, for every step of the reader may fail and hardly any does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError(Box<Fault>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    what: Cow<'static, str>,
    /// From the inside out.
    path: Vec<Box<str>>,
    at: Option<usize>,
}

impl JsonError {
    /// What is wrong, where the place is added by those who know it.
    #[must_use]
    pub fn new(what: impl Into<Cow<'static, str>>) -> Self {
        JsonError(Box::new(Fault { what: what.into(), path: Vec::new(), at: None }))
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// The JSON pointer of the value that it is about.
    #[must_use]
    pub fn pointer(&self) -> String {
        let index = |part: &str| {
            part.strip_prefix('[')?
                .strip_suffix(']')
                .filter(|i| i.bytes().all(|b| b.is_ascii_digit()))
                .map(str::to_owned)
        };
        let token = |part: &str| index(part).unwrap_or_else(|| part.replace('~', "~0").replace('/', "~1"));
        self.0.path.iter().rev().fold(String::new(), |pointer, part| format!("{pointer}/{}", token(part)))
    }

    #[cold]
    pub(crate) fn below(mut self, part: &str) -> Self {
        self.0.path.push(part.into());
        self
    }

    #[cold]
    pub(crate) fn at(mut self, at: usize) -> Self {
        self.0.at = Some(at);
        self
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.what)?;
        if !self.0.path.is_empty() {
            f.write_str(" in ")?;
            for (i, part) in self.0.path.iter().rev().enumerate() {
                write!(f, "{}{part}", if i > 0 && !part.starts_with('[') { "." } else { "" })?;
            }
        }
        self.0.at.map_or(Ok(()), |at| write!(f, ", at byte {at}"))
    }
}

impl std::error::Error for JsonError {}
