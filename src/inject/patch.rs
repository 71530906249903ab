//! The patch: built from plans, recorded in the status annotation, and removed again by `uninject`.

pub(super) mod bounds;
pub(super) mod build;
pub(super) mod builder;
pub(super) mod changes;
pub(super) mod skipped;
pub(super) mod status;
pub(super) mod target;
pub(super) mod uninject;
