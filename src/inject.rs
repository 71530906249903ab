//! The pure room: a Pod, its namespace and the companions in; a verdict out. No I/O, no async, no clock.
//!
//! ```text
//! Pod, Namespace -> ask -> choose -> plan (against claims) -> weave (into a draft) -> verdict
//! ```

pub mod companion;
pub mod keys;
pub(crate) mod names;
mod patch;
mod plan;
pub mod pod;
pub mod request;
mod review;
pub mod snapshot;
pub mod verdict;

use patch::build;
pub use patch::uninject::{Removal, removal, uninject};
use verdict::effect;
use verdict::reason;

use pod::Pod;
use snapshot::{Snapshot, Webhook};
use verdict::Verdict;

/// What is to be reviewed.
#[derive(Debug)]
pub struct Request<'a> {
    /// The Pod, or the Pod of a template.
    pub pod: Pod<'a>,
    /// `request.namespace`, never the object's.
    pub namespace: &'a str,
    /// The webhook that called; `None` offline and in the preview, where it follows from the namespace and the Pod.
    pub webhook: Option<Webhook>,
    /// `userInfo.username`; empty offline.
    pub requester: &'a str,
}

/// Decides, and writes the patch.
#[must_use]
pub fn review<'a>(request: &'a Request<'a>, snapshot: &'a Snapshot) -> Verdict<'a> {
    review::review(request, snapshot, build::build)
}

/// Decides like [`review`], for those who only tell what would happen: no patch is written, and nothing of its size is
/// held. What would be patched is admitted.
#[must_use]
pub fn judge<'a>(request: &'a Request<'a>, snapshot: &'a Snapshot) -> Verdict<'a> {
    review::review(request, snapshot, |_, _, _, _| None)
}

/// The verdict on what is not the creation of a Pod: it is admitted as it is.
#[must_use]
pub fn not_a_pod<'a>() -> Verdict<'a> {
    review::left_alone(reason::Reason::NotAPod, verdict::Effect::Warn)
}

/// The table of trouble: what an outcome leads to, by how the companion was asked for and what it says of conflicts.
#[must_use]
pub fn effect(
    reason: &reason::Reason,
    via: verdict::Via,
    on_conflict: Option<companion::OnConflict>,
) -> verdict::Effect {
    effect::effect(reason, via, on_conflict)
}
