//! What the `.status` of a companion should be.

use std::fmt::Write as _;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde_json::{Value, json};

use super::object::Object;
use crate::api::gate::Problem;
use crate::api::v1alpha1::Status;

/// What the definitions allow: characters of a message, of a warning, and how many warnings.
const LONGEST_MESSAGE: usize = 32_768;
const LONGEST_WARNING: usize = 1024;
const MOST_WARNINGS: usize = 64;

/// The condition that is written.
const READY: &str = "Ready";

/// Why a companion is ready, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Its newest version is injected.
    InUse,
    /// Its newest version breaks a rule.
    Invalid,
    /// It is required, and required companions are switched off.
    RequiredIsOff,
    /// A file of podgraft's declares it, too, and that one counts.
    DeclaredInFile,
    /// A required ClusterCompanion holds its name.
    HeldByRequired,
}

/// What else is known that decides about an object as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing stands in its way.
    Counts,
    /// It is required, and required companions are switched off.
    RequiredIsOff,
    /// A file declares it, too.
    DeclaredInFile,
    /// A required ClusterCompanion holds its name.
    HeldByRequired,
}

/// A status, but for the time of the last transition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) reason: Reason,
    message: String,
    hash: Option<String>,
    warnings: Vec<String>,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 5] =
        [Reason::InUse, Reason::Invalid, Reason::RequiredIsOff, Reason::DeclaredInFile, Reason::HeldByRequired];

    /// Its stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::InUse => "InUse",
            Reason::Invalid => "Invalid",
            Reason::RequiredIsOff => "RequiredIsOff",
            Reason::DeclaredInFile => "DeclaredInFile",
            Reason::HeldByRequired => "HeldByRequired",
        }
    }

    /// Why this object is ready, or is not.
    #[must_use]
    pub fn of(object: &Object, standing: Standing) -> Self {
        match standing {
            Standing::DeclaredInFile => Reason::DeclaredInFile,
            Standing::HeldByRequired => Reason::HeldByRequired,
            _ if !object.problems.is_empty() => Reason::Invalid,
            Standing::RequiredIsOff => Reason::RequiredIsOff,
            Standing::Counts => Reason::InUse,
        }
    }
}

impl Verdict {
    pub(super) fn new(object: &Object, standing: Standing) -> Self {
        let reason = Reason::of(object, standing);
        let hash = object.version.hash().filter(|_| standing == Standing::Counts);
        let warnings = object.warnings.iter().map(ToString::to_string);
        Verdict {
            reason,
            message: cut(message(reason, hash.is_some(), &object.problems), LONGEST_MESSAGE),
            hash: hash.map(str::to_owned),
            warnings: few(warnings),
        }
    }

    /// What is to be written over what stands in the object; `None` where that says the same.
    pub(super) fn patch(&self, object: &Object, now: impl FnOnce() -> Time) -> Option<Value> {
        let stands: Status = serde_json::from_value(object.status.clone()).unwrap_or_default();
        let ready = stands.conditions.iter().find(|condition| condition.type_ == READY);
        if ready.is_some_and(|ready| self.says(object, &stands, ready)) {
            return None;
        }
        let status = if self.reason == Reason::InUse { "True" } else { "False" };
        let since = ready.filter(|ready| ready.status == status).map(|ready| ready.last_transition_time.clone());
        let condition = Condition {
            type_: READY.to_owned(),
            status: status.to_owned(),
            reason: self.reason.as_str().to_owned(),
            message: self.message.clone(),
            observed_generation: Some(object.generation),
            last_transition_time: since.unwrap_or_else(now),
        };
        let others = stands.conditions.iter().filter(|condition| condition.type_ != READY);
        let conditions: Vec<_> = others.chain([&condition]).collect();
        Some(json!({
            // Somebody else may have been quicker: then this one is out of date, and comes to nothing.
            "metadata": {"resourceVersion": object.resource_version},
            "status": {
                "observedGeneration": object.generation,
                "hash": self.hash,
                "warnings": self.warnings,
                "conditions": conditions,
            },
        }))
    }

    /// Whether a status says the same.
    ///
    /// A replica that has just started knows no last good version of what is invalid, and the others do. They would
    /// write in turns for ever; so where one of them knows none, that stands: a Pod may well be refused.
    fn says(&self, object: &Object, stands: &Status, ready: &Condition) -> bool {
        let of_now = stands.observed_generation == Some(object.generation)
            && ready.observed_generation == Some(object.generation)
            && ready.reason == self.reason.as_str()
            && stands.warnings == self.warnings;
        let with_last_good = self.reason == Reason::Invalid && self.hash.is_some();
        let none_known = || cut(message(self.reason, false, &object.problems), LONGEST_MESSAGE);
        of_now
            && match (&stands.hash, with_last_good) {
                (hash, false) => *hash == self.hash && ready.message == self.message,
                (Some(_), true) => ready.message == self.message,
                (None, true) => ready.message == none_known(),
            }
    }
}

fn message(reason: Reason, in_use: bool, problems: &[Problem]) -> String {
    let mut said = match (reason, in_use) {
        (Reason::InUse, _) => "this version is in use",
        (Reason::Invalid, true) => "this version is invalid, and the last good one stays in use; mend",
        (Reason::Invalid, false) => "it is invalid, and no good version is in use; mend",
        (Reason::RequiredIsOff, _) => {
            "it is required, and not injected: required companions are switched off; switch them on in podgraft's \
             chart, or remove spec.required"
        }
        (Reason::DeclaredInFile, _) => {
            "not in use: podgraft reads a companion of this name from a file, and that one counts; remove one of them"
        }
        (Reason::HeldByRequired, _) => {
            "not in use: a required ClusterCompanion holds this name in all namespaces; choose another name"
        }
    }
    .to_owned();
    if !problems.is_empty() && reason != Reason::Invalid {
        said.push_str("; besides, it is invalid; mend");
    }
    for (i, problem) in problems.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(said, "{} {problem}", if i == 0 { ":" } else { ";" });
    }
    said
}

/// As many warnings as there may be; the last one says how many more there are.
fn few(warnings: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let count = warnings.len();
    let told = if count > MOST_WARNINGS { MOST_WARNINGS - 1 } else { count };
    let mut few: Vec<_> = warnings.take(told).map(|warning| cut(warning, LONGEST_WARNING)).collect();
    if told < count {
        few.push(format!("and {} more; `podgraft validate` tells all of them", count - told));
    }
    few
}

/// A text of at most so many characters, with an ellipsis where something was cut off.
fn cut(mut text: String, longest: usize) -> String {
    if let Some((at, _)) = text.char_indices().nth(longest) {
        let last = text[..at].char_indices().next_back().map_or(0, |(i, _)| i);
        text.truncate(last);
        text.push('…');
    }
    text
}
