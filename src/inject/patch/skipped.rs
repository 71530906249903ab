//! The annotation of a Pod that lists skipped companions.

/// What becomes of the annotation in a review.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::inject) enum SkippedAnnotation {
    /// The Pod keeps what it has.
    Unchanged,
    /// The Pod gets the annotation with this text.
    Written(String),
    /// The Pod has one that does not apply to it.
    Removed,
}
