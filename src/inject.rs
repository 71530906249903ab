//! The pure room: a Pod, its namespace and the companions in; a verdict out. No I/O, no async, no clock.
//!
//! ```text
//! Pod, Namespace -> requested -> candidates -> assembly (plans, reservations) -> patch -> verdict
//! ```

pub mod companion;
pub mod container_list;
pub mod keys;
pub mod label_value;
pub mod names;
mod patch;
mod plan;
pub mod pod;
pub mod pod_companions;
pub mod protocol;
pub mod request;
mod review;
pub mod snapshot;
pub mod verdict;

use patch::build;
pub use patch::uninject::{Removal, removal, uninject};
pub use request::Request;
pub use verdict::effect::effect;

use snapshot::Snapshot;
use verdict::Verdict;
use verdict::reason::Remark;

/// Decides what to do with a Pod, and writes the patch.
#[must_use]
pub fn review<'a>(request: &'a Request<'a>, snapshot: &'a Snapshot) -> Verdict<'a> {
    review::review(request, snapshot, build::build)
}

/// Decides like [`review`] for callers that only report the findings. No patch is written: a Pod that would be patched is
/// admitted.
#[must_use]
pub fn judge<'a>(request: &'a Request<'a>, snapshot: &'a Snapshot) -> Verdict<'a> {
    review::review(request, snapshot, |_, _, _| None)
}

/// The verdict on a request that does not create a Pod: it is admitted unchanged.
#[must_use]
pub fn not_a_pod<'a>() -> Verdict<'a> {
    Verdict::unchanged(Remark::NotAPod)
}
