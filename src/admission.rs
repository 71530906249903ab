//! AdmissionReview bytes to our words and back. The only place that says admit or deny.

use crate::inject::verdict::Verdict;
use crate::inject::world::{Entry, World};

/// What goes back to the API server.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body: an AdmissionReview where the status is 200, else a sentence of plain text.
    pub body: Vec<u8>,
}

/// One review as it is logged and counted. Holds nothing of the Pod but its name.
#[derive(Debug)]
pub struct Record<'a> {
    /// `requested`, `opted-in`, `cluster-wide` or `preview`.
    pub entry: &'static str,
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

/// Answers a review of a Pod. Pure: same inputs, same bytes. `observe` is called once, before it returns.
#[must_use]
pub fn review(_body: &[u8], entry: Entry, _world: &World, observe: impl FnOnce(&Record<'_>)) -> Answer {
    let record = Record {
        entry: entry.as_str(),
        result: ReviewResult::Unavailable,
        uid: "",
        namespace: "",
        name: "",
        dry_run: false,
        verdict: None,
        complaint: "not built yet",
    };
    observe(&record);
    Answer { status: 503, body: b"not built yet\n".to_vec() }
}

/// Answers what would be said of the Pods of a workload. Pure as [`review`] is.
#[must_use]
pub fn preview(_body: &[u8], _world: &World, observe: impl FnOnce(&Record<'_>)) -> Answer {
    let record = Record {
        entry: "preview",
        result: ReviewResult::Unavailable,
        uid: "",
        namespace: "",
        name: "",
        dry_run: false,
        verdict: None,
        complaint: "not built yet",
    };
    observe(&record);
    Answer { status: 503, body: b"not built yet\n".to_vec() }
}
