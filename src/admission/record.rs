//! One review as it is logged and counted.

use crate::inject::verdict::{Decision, Verdict};

/// One review as it is logged and counted. Holds nothing of the Pod but its name.
#[derive(Debug)]
pub struct ReviewRecord<'a> {
    /// `requested`, `opted-in`, `cluster-wide` or `preview`.
    pub webhook: &'static str,
    /// What came of it.
    pub result: ReviewResult,
    /// The request's uid; empty where it could not be read.
    pub uid: &'a str,
    /// The request's namespace.
    pub namespace: &'a str,
    /// The object's name, or its `generateName`.
    pub name: &'a str,
    /// Whether it is a dry run.
    pub dry_run: bool,
    /// The verdict, where there is one.
    pub verdict: Option<&'a Verdict<'a>>,
    /// Why the request could not be read, or has no verdict; empty otherwise.
    pub complaint: &'a str,
}

/// What came of a review: a closed set, for it labels metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewResult {
    /// Admitted with a patch.
    Patched,
    /// Admitted as it is.
    Unchanged,
    /// Refused.
    Denied,
    /// No verdict (503): the failure policy decides.
    Unavailable,
    /// Not a review (400).
    Unreadable,
}

impl ReviewResult {
    pub(super) fn of(decision: &Decision) -> Self {
        match decision {
            Decision::Admit => ReviewResult::Unchanged,
            Decision::Patch(_) => ReviewResult::Patched,
            Decision::Deny => ReviewResult::Denied,
            Decision::Unavailable => ReviewResult::Unavailable,
        }
    }

    /// Its stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ReviewResult::Patched => "patched",
            ReviewResult::Unchanged => "unchanged",
            ReviewResult::Denied => "denied",
            ReviewResult::Unavailable => "unavailable",
            ReviewResult::Unreadable => "unreadable",
        }
    }
}
