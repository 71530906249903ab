use std::fmt;

use super::path;
use super::path::FieldPath;
use crate::json::field_path;
use crate::text::suggest::suggest;

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
        field_path(&self.pointer)
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
const MAX: usize = 100;
/// How often the nearest known name is searched for one object. Each search compares a name with a whole vocabulary, and
/// nobody reads more suggestions than problems.
const LOOKUPS: usize = 100;

/// Everything found so far.
///
/// What has the wrong shape is told once: rules that trip over such a place, or over what would stand in it, have
/// nothing to add.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    misshapen: Vec<String>,
    /// Problems and warnings that were found and not kept.
    left_out: [usize; 2],
    lookups: usize,
}

impl Report {
    /// Something has the wrong shape: what rules would say of it is not worth saying.
    pub(super) fn schema_error(&mut self, at: &FieldPath, message: impl Into<String>) {
        if self.has_schema_error(at) {
            return;
        }
        if self.problems.len() >= MAX {
            self.left_out[0] += 1;
            return;
        }
        self.misshapen.push(at.as_ref().to_owned());
        self.problems.push(Problem { pointer: at.clone().into_pointer(), message: message.into() });
    }

    /// A rule is broken.
    pub(super) fn error(&mut self, at: &FieldPath, message: impl Into<String>) {
        if !self.has_schema_error(at) {
            push(&mut self.problems, &mut self.left_out[0], at, message);
        }
    }

    /// Something works, and should be looked at.
    pub(super) fn warn(&mut self, at: &FieldPath, message: impl Into<String>) {
        if !self.has_schema_error(at) {
            push(&mut self.warnings, &mut self.left_out[1], at, message);
        }
    }

    /// What was only warned about in these words is a problem here, for a reason.
    pub(super) fn escalate(&mut self, words: &str, why: &str) {
        for warning in self.warnings.extract_if(.., |warning| warning.message.starts_with(words)) {
            self.problems.push(Problem { message: format!("{}; {why}", warning.message), ..warning });
        }
    }

    /// The known name that was probably meant, as long as suggestions are still read.
    pub(super) fn suggest<'w>(&mut self, word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
        if self.lookups >= LOOKUPS || self.problems.len() >= MAX || self.warnings.len() >= MAX {
            return None;
        }
        self.lookups += 1;
        suggest(word, known, |_| true)
    }

    /// Everything that was kept, problems first. Where something was left out, the last entry says how much.
    pub(super) fn finish(self) -> (Vec<Problem>, Vec<Problem>) {
        let [problems, warnings] = self.left_out;
        (shortened(self.problems, problems, "problems"), shortened(self.warnings, warnings, "warnings"))
    }

    /// Whether a place, or one that it lies in, has the wrong shape.
    pub(super) fn has_schema_error(&self, at: &FieldPath) -> bool {
        self.misshapen.iter().any(|m| path::within(at.as_ref(), m))
    }

    /// Whether something in a place has the wrong shape, or breaks a rule; it may where not all was told.
    pub(super) fn any_within(&self, at: &FieldPath) -> bool {
        self.problems.len() >= MAX || self.problems.iter().any(|p| path::within(&p.pointer, at.as_ref()))
    }
}

fn push(list: &mut Vec<Problem>, left_out: &mut usize, at: &FieldPath, message: impl Into<String>) {
    if list.len() >= MAX {
        *left_out += 1;
        return;
    }
    let problem = Problem { pointer: at.clone().into_pointer(), message: message.into() };
    if !list.contains(&problem) {
        list.push(problem);
    }
}

/// The list with its last entry replaced by the number of those that are missing, that one included.
fn shortened(mut list: Vec<Problem>, left_out: usize, what: &str) -> Vec<Problem> {
    if left_out > 0
        && let Some(last) = list.last_mut()
    {
        *last = Problem { pointer: String::new(), message: format!("and {} more {what}", left_out + 1) };
    }
    list
}

#[cfg(test)]
mod tests {
    use super::{MAX, Report};
    use crate::api::path::FieldPath;

    #[test]
    fn beyond_a_hundred_findings_the_last_entry_says_how_many_more_there_are() {
        let mut found = Report::default();
        for i in 0..MAX + 7 {
            found.error(&FieldPath::root().item(i), "a problem");
            found.warn(&FieldPath::root().item(i), "a warning");
        }
        let (problems, warnings) = found.finish();
        assert_eq!((problems.len(), warnings.len()), (MAX, MAX));
        assert_eq!(problems[MAX - 1].to_string(), "and 8 more problems");
        assert_eq!(warnings[MAX - 1].to_string(), "and 8 more warnings");
    }

    #[test]
    fn the_number_of_suggestions_is_bounded() {
        let mut found = Report::default();
        let suggestions = (0..1_000).filter(|_| found.suggest("imagee", ["image"].into_iter()).is_some()).count();
        assert_eq!(suggestions, super::LOOKUPS);
    }
}
