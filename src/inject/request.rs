//! What a review is about: the namespace of a Pod, what both of them request, and the context of both.

pub(super) mod context;
pub mod namespace;
pub(super) mod offers;
pub(super) mod pod_namespace;
pub(super) mod requested;
pub(super) mod selection;
