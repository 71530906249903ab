//! One review as it is logged and counted.

use crate::inject::verdict::{Decision, Verdict};

/// One review as it is logged and counted. Of the Pod it contains only the name.
#[derive(Debug)]
pub struct ReviewRecord<'a> {
    /// `requested`, `opted-in`, `cluster-wide` or `preview`.
    pub webhook: &'static str,
    /// The result.
    pub result: ReviewResult,
    /// The request's uid; empty where it could not be read.
    pub uid: &'a str,
    /// The request's namespace.
    pub namespace: &'a str,
    /// The object's name, or its `generateName`.
    pub name: &'a str,
    /// Whether it is a dry run.
    pub dry_run: bool,
    /// `metadata.ownerReferences` of the Pod as JSON; empty where absent.
    pub owner_references: &'a str,
    /// The verdict, where there is one.
    pub verdict: Option<&'a Verdict<'a>>,
    /// Why the request could not be read, or has no verdict; empty otherwise.
    pub complaint: &'a str,
}

/// The result of a review. A closed set, because it is a label of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewResult {
    /// Admitted with a patch.
    Patched,
    /// Admitted without a patch.
    Unchanged,
    /// Denied.
    Denied,
    /// No verdict (HTTP 503): the failure policy of the webhook decides.
    Unavailable,
    /// Not an AdmissionReview (HTTP 400).
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

    /// The stable name.
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
