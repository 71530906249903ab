//! What a Pod and its namespace request.

pub mod namespace;
pub(super) mod pod_namespace;
pub(super) mod requested;
