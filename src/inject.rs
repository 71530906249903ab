//! The pure room: a Pod, its namespace and the companions in; a verdict out. No I/O, no async, no clock.

pub mod catalogue;
pub mod companion;
pub mod keys;
pub mod namespace;
pub mod parameter;
pub mod pod;
pub mod quantity;
pub mod reason;
pub mod selector;
pub mod template;
pub mod verdict;
pub mod world;

use pod::Pod;
use verdict::Verdict;
use world::{Entry, World};

/// What is to be reviewed.
#[derive(Debug)]
pub struct Request<'a> {
    /// The Pod, or the Pod of a template.
    pub pod: Pod<'a>,
    /// `request.namespace`, never the object's.
    pub namespace: &'a str,
    /// The entry that called; `None` offline and in the preview, where it follows from the namespace and the Pod.
    pub entry: Option<Entry>,
    /// `userInfo.username`; empty offline.
    pub requester: &'a str,
}

/// Decides, and writes the patch.
#[must_use]
pub fn review<'a>(request: &'a Request<'a>, world: &'a World) -> Verdict<'a> {
    stand_in::review(request, world)
}

/// Takes out of a Pod what its status says was put in.
///
/// # Errors
/// Why the status cannot be obeyed.
pub fn uninject(pod: &mut serde_json::Value) -> Result<bool, String> {
    stand_in::uninject(pod)
}

mod stand_in;
