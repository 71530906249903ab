//! Errors of the reader.

use std::borrow::Cow;
use std::fmt;

use super::pointer::Token;

/// Why a text cannot be read, and where.
///
/// It is one pointer wide: every step of the reader may fail, and hardly any does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError(Box<Fault>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    message: Cow<'static, str>,
    expected: Option<Expected>,
    /// From the inside out.
    path: Vec<Step>,
    /// A byte offset in the text.
    at: Option<usize>,
}

/// One step from a value into it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(Box<str>),
    Item(usize),
}

/// The type that a value should have had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An object.
    Object,
    /// An array.
    Array,
    /// A string.
    String,
    /// `true` or `false`.
    Boolean,
    /// A number without fraction or exponent, of 64 bits.
    Integer,
}

impl JsonError {
    /// An error whose path is added by the callers that know it.
    #[must_use]
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        JsonError(Box::new(Fault { message: message.into(), expected: None, path: Vec::new(), at: None }))
    }

    /// The error of a value of another type.
    #[must_use]
    pub fn expected(expected: Expected) -> Self {
        let mut error = JsonError::new(match expected {
            Expected::Object => "invalid value: must be an object",
            Expected::Array => "invalid value: must be a list",
            Expected::String => "invalid value: must be a string",
            Expected::Boolean => "invalid value: must be true or false",
            Expected::Integer => "invalid value: must be an integer",
        });
        error.0.expected = Some(expected);
        error
    }

    /// The message without the path.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The type that the value should have had, where that is the error.
    #[must_use]
    pub fn expected_type(&self) -> Option<Expected> {
        self.0.expected
    }

    /// The JSON pointer (RFC 6901) of the value.
    #[must_use]
    pub fn pointer(&self) -> String {
        self.0.path.iter().rev().fold(String::new(), |pointer, step| match step {
            Step::Member(name) => format!("{pointer}/{}", Token(name)),
            Step::Item(index) => format!("{pointer}/{index}"),
        })
    }

    /// Adds that the value is in, or below, a member of an object.
    #[cold]
    pub(super) fn in_member(mut self, name: &str) -> Self {
        self.0.path.push(Step::Member(name.into()));
        self
    }

    /// Adds that the value is in, or below, an item of an array.
    #[cold]
    pub(super) fn in_item(mut self, index: usize) -> Self {
        self.0.path.push(Step::Item(index));
        self
    }

    #[cold]
    pub(super) fn at(mut self, at: usize) -> Self {
        self.0.at = Some(at);
        self
    }
}

/// `spec.containers[1].name: invalid value: must be a string, at byte 34`.
impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.path.iter().rev().enumerate() {
            match step {
                Step::Member(name) => write!(f, "{}{name}", if i > 0 { "." } else { "" })?,
                Step::Item(index) => write!(f, "[{index}]")?,
            }
        }
        f.write_str(if self.0.path.is_empty() { "" } else { ": " })?;
        f.write_str(&self.0.message)?;
        self.0.at.map_or(Ok(()), |at| write!(f, ", at byte {at}"))
    }
}

impl std::error::Error for JsonError {}
