use std::fmt;

use super::place::{self, Place};

/// One thing that is wrong with an object, or that should be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, as an RFC 6901 pointer into the object; empty for the whole of it. Of a field that is missing it names the
    /// place where the field should be.
    pub pointer: String,
    /// What, and how to mend it. No value of the object is repeated that might be a secret.
    pub message: String,
}

impl Problem {
    /// The place as people write it, `spec.containers[0].image`; empty for the whole object.
    #[must_use]
    pub fn field(&self) -> String {
        place::field(&self.pointer)
    }
}

/// The one sentence that the status, the command line and warnings share.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field() {
            field if field.is_empty() => f.write_str(&self.message),
            field => write!(f, "{field}: {}", self.message),
        }
    }
}

/// How many problems, and how many warnings, are told. Nobody mends more at once, and an object can have tens of
/// thousands, each of which would be held against all others.
const MOST: usize = 100;

/// Everything found so far.
///
/// What has the wrong shape is told once: rules that trip over such a place, or over what would stand in it, have
/// nothing to add.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    misshapen: Vec<String>,
}

impl Findings {
    /// Something has the wrong shape: what rules would say of it is not worth saying.
    pub(super) fn misshapen(&mut self, at: &Place, message: impl Into<String>) {
        if self.problems.len() < MOST && !self.is_misshapen(at) {
            self.misshapen.push(at.as_ref().to_owned());
            self.problems.push(Problem { pointer: at.clone().into_pointer(), message: message.into() });
        }
    }

    /// A rule is broken.
    pub(super) fn problem(&mut self, at: &Place, message: impl Into<String>) {
        if self.problems.len() < MOST && !self.is_misshapen(at) {
            push(&mut self.problems, at, message.into());
        }
    }

    /// Something works, and should be looked at.
    pub(super) fn warn(&mut self, at: &Place, message: impl Into<String>) {
        if self.warnings.len() < MOST && !self.is_misshapen(at) {
            push(&mut self.warnings, at, message.into());
        }
    }

    /// What was only warned about in these words is a problem here, for a reason.
    pub(super) fn insist(&mut self, words: &str, why: &str) {
        for warning in self.warnings.extract_if(.., |warning| warning.message.starts_with(words)) {
            self.problems.push(Problem { message: format!("{}; {why}", warning.message), ..warning });
        }
    }

    /// Whether so much was told that the rest need not be looked into.
    pub(super) fn is_full(&self) -> bool {
        self.problems.len() >= MOST || self.warnings.len() >= MOST
    }

    /// Whether a place, or one that it lies in, has the wrong shape.
    pub(super) fn is_misshapen(&self, at: &Place) -> bool {
        self.misshapen.iter().any(|m| place::within(at.as_ref(), m))
    }

    /// Whether something in a place has the wrong shape, or breaks a rule; it may where not all was told.
    pub(super) fn any_within(&self, at: &Place) -> bool {
        self.problems.len() >= MOST || self.problems.iter().any(|p| place::within(&p.pointer, at.as_ref()))
    }
}

fn push(list: &mut Vec<Problem>, at: &Place, message: String) {
    let problem = Problem { pointer: at.clone().into_pointer(), message };
    if !list.contains(&problem) {
        list.push(problem);
    }
}
