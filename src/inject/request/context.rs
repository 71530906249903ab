//! Everything that one review looks at.

use super::pod_namespace::PodNamespace;
use super::requested::Requested;
use crate::inject::patch::status::Status;
use crate::inject::pod::Pod;
use crate::inject::snapshot::Snapshot;

/// Everything that one review looks at. None of it changes during the review.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct Context<'r, 'a> {
    pub(in crate::inject) pod: &'a Pod<'a>,
    pub(in crate::inject) namespace: PodNamespace<'a>,
    pub(in crate::inject) snapshot: &'a Snapshot,
    /// Whether an API server sent the Pod; otherwise it is the preview or the command line.
    pub(in crate::inject) online: bool,
    pub(in crate::inject) requested: &'r Requested<'a>,
    /// What the Pod's status annotation lists.
    pub(in crate::inject) status: &'r Status<'a>,
}
