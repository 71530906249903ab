//! What a review is about: the namespace of a Pod, what both of them request, and the context of both.

pub(super) mod context;
pub mod namespace;
pub(super) mod offers;
pub(super) mod pod_namespace;
pub(super) mod requested;
pub(super) mod selection;

use super::pod::Pod;
use super::snapshot::Webhook;

/// A Pod to review.
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
