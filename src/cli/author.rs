//! Commands for people who write manifests.

mod edit;
pub(super) mod explain;
pub(super) mod function;
pub(super) mod inject;
pub(super) mod migrate;
pub(super) mod policies;
pub(super) mod uninject;
pub(super) mod validate;
