//! What a review changes in a Pod.

pub(in crate::inject) use super::skipped::SkippedAnnotation;
use crate::inject::plan::Plan;
use crate::inject::pod::Container;

/// What a review changes in a Pod.
#[derive(Debug)]
pub(in crate::inject) struct Changes<'c, 'a> {
    /// In the order of injection.
    pub(in crate::inject) plans: &'c [Plan<'a>],
    /// The native sidecars that get `restartPolicy: Always` back.
    pub(in crate::inject) restored: &'c [&'a Container<'a>],
    /// What becomes of the annotation of skipped companions.
    pub(in crate::inject) skipped: &'c SkippedAnnotation,
    /// An upper bound of the size of the patch, in bytes.
    pub(in crate::inject) most: usize,
}
