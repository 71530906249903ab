//! The answer to a body that is not a review.

use std::fmt;

use super::record::{ReviewRecord, ReviewResult};
use super::response::{Answer, LONGEST_REFUSAL};
use crate::text::format_truncated;

/// HTTP 400 with the error, which is also recorded.
pub(super) fn unreadable(
    webhook: &'static str,
    error: &impl fmt::Display,
    observe: impl FnOnce(&ReviewRecord<'_>),
) -> Answer {
    // The error contains the names of the fields on the path, and those of a map can have any length.
    let complaint = &*format_truncated(LONGEST_REFUSAL, format_args!("{error}"));
    observe(&ReviewRecord {
        webhook,
        result: ReviewResult::Unreadable,
        uid: "",
        namespace: "",
        name: "",
        dry_run: false,
        owner_references: "",
        verdict: None,
        complaint,
    });
    Answer { status: 400, body: format!("podgraft: not a review: {complaint}\n").into_bytes() }
}
