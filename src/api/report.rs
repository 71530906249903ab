//! Everything that validation finds, with bounds on its number.

use std::fmt;

use super::message::{Code, Message};
use super::path;
use super::path::FieldPath;
use crate::inject::companion::pod_security::{ExemptPods, PodSecurityLevel, PodSecurityViolation};
use crate::json::field_path;
use crate::text::suggest::suggest;

/// An error or a warning about a field of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field, as an RFC 6901 pointer into the object; empty for the whole object. A missing field has the pointer that
    /// it would have.
    pub pointer: String,
    /// What is wrong, and how to fix it. Values that might be secrets are never repeated.
    pub message: String,
}

impl Problem {
    /// The field path in Kubernetes' notation, such as `spec.containers[0].image`; empty for the whole object.
    #[must_use]
    pub fn field(&self) -> String {
        field_path(&self.pointer)
    }
}

/// `<field>: <message>`, as it is shown in statuses, warnings and on the command line.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field() {
            field if field.is_empty() => f.write_str(&self.message),
            field => write!(f, "{field}: {}", self.message),
        }
    }
}

/// Upper bound on problems, and on warnings, of one object. An object can have tens of thousands, and each new one is
/// compared with all earlier ones.
const MAX: usize = 100;
/// Upper bound on did-you-mean lookups for one object: each compares a name with a whole vocabulary.
const LOOKUPS: usize = 100;

/// A message about a field, before it is rendered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MessageAt {
    at: FieldPath,
    message: Message,
}

/// Everything found so far.
///
/// A field that does not conform to the schema is reported once: what other rules find at the same field, or below it, is
/// dropped.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) problems: Vec<MessageAt>,
    pub(super) warnings: Vec<MessageAt>,
    /// What Pod Security denies; for each there is a warning.
    pub(super) pod_security: Vec<PodSecurityViolation>,
    nonconforming: Vec<FieldPath>,
    omitted_problems: usize,
    omitted_warnings: usize,
    lookups: usize,
}

impl Report {
    /// A field does not conform to its schema.
    pub(super) fn schema_error(&mut self, at: &FieldPath, message: Message) {
        if self.has_schema_error(at) {
            return;
        }
        if self.problems.len() >= MAX {
            self.omitted_problems += 1;
            return;
        }
        self.nonconforming.push(at.clone());
        self.problems.push(MessageAt { at: at.clone(), message });
    }

    /// A field breaks a rule: the companion is invalid.
    pub(super) fn error(&mut self, at: &FieldPath, message: Message) {
        if !self.has_schema_error(at) {
            push(&mut self.problems, &mut self.omitted_problems, at, message);
        }
    }

    /// A field is valid, and probably a mistake.
    pub(super) fn warn(&mut self, at: &FieldPath, message: Message) {
        if !self.has_schema_error(at) {
            push(&mut self.warnings, &mut self.omitted_warnings, at, message);
        }
    }

    /// Pod Security denies a field, except in some Pods.
    pub(super) fn deny(&mut self, at: &FieldPath, (level, exempt): (PodSecurityLevel, ExemptPods), message: Message) {
        if self.has_schema_error(at) {
            return;
        }
        if self.pod_security.len() < MAX {
            let field = field_path(at.as_ref()).into();
            self.pod_security.push(PodSecurityViolation { level, exempt, field });
        }
        self.warn(at, message);
    }

    /// Turns all warnings of one code into problems of another one, with a further remedy.
    pub(super) fn escalate(&mut self, from: Code, to: Code, remedy: &'static str) {
        for MessageAt { at, message } in self.warnings.extract_if(.., |warning| warning.message.code == from) {
            self.problems.push(MessageAt { at, message: message.recoded(to, remedy) });
        }
    }

    /// The known name that was probably meant, within the bound on lookups.
    pub(super) fn suggest<'w>(&mut self, word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
        if self.lookups >= LOOKUPS || self.problems.len() >= MAX || self.warnings.len() >= MAX {
            return None;
        }
        self.lookups += 1;
        suggest(word, known, |_| true)
    }

    /// All problems, then all warnings. Where findings were omitted, the last one of a list is replaced by their number.
    pub(super) fn finish(self) -> (Vec<Problem>, Vec<Problem>) {
        let problems = rendered(self.problems, self.omitted_problems, "problems");
        (problems, rendered(self.warnings, self.omitted_warnings, "warnings"))
    }

    /// Whether a field, or one that contains it, does not conform to its schema.
    pub(super) fn has_schema_error(&self, at: &FieldPath) -> bool {
        self.nonconforming.iter().any(|other| path::within(at.as_ref(), other.as_ref()))
    }

    /// Whether a field, or one within it, may have a problem. The answer is yes if problems were omitted.
    pub(super) fn any_within(&self, at: &FieldPath) -> bool {
        self.problems.len() >= MAX || self.problems.iter().any(|p| path::within(p.at.as_ref(), at.as_ref()))
    }
}

fn push(list: &mut Vec<MessageAt>, omitted: &mut usize, at: &FieldPath, message: Message) {
    if list.len() >= MAX {
        *omitted += 1;
        return;
    }
    let finding = MessageAt { at: at.clone(), message };
    if !list.contains(&finding) {
        list.push(finding);
    }
}

/// The findings as they leave validation. If some were omitted, the number that replaces the last one includes it.
fn rendered(list: Vec<MessageAt>, omitted: usize, kind: &str) -> Vec<Problem> {
    let render =
        |MessageAt { at, message }| Problem { pointer: FieldPath::into_pointer(at), message: message.to_string() };
    let mut list: Vec<_> = list.into_iter().map(render).collect();
    if omitted > 0
        && let Some(last) = list.last_mut()
    {
        *last = Problem { pointer: String::new(), message: format!("and {} more {kind}", omitted + 1) };
    }
    list
}

#[cfg(test)]
mod tests {
    use super::{MAX, Report};
    use crate::api::message::invalid;
    use crate::api::path::FieldPath;

    #[test]
    fn beyond_a_hundred_findings_the_last_one_counts_the_omitted_ones() {
        let mut report = Report::default();
        for i in 0..MAX + 7 {
            report.error(&FieldPath::root().item(i), invalid("must be something else"));
            report.warn(&FieldPath::root().item(i), invalid("must be something else"));
        }
        let (problems, warnings) = report.finish();
        assert_eq!((problems.len(), warnings.len()), (MAX, MAX));
        assert_eq!(problems[MAX - 1].to_string(), "and 8 more problems");
        assert_eq!(warnings[MAX - 1].to_string(), "and 8 more warnings");
    }

    #[test]
    fn the_number_of_suggestions_is_bounded() {
        let mut report = Report::default();
        let suggestions = (0..1_000).filter(|_| report.suggest("imagee", ["image"].into_iter()).is_some()).count();
        assert_eq!(suggestions, super::LOOKUPS);
    }
}
