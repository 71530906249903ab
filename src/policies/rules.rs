//! What the policies check, as CEL validations: of a Pod that is created, and of a Pod that is updated.

pub(super) mod container;
pub(super) mod on_create;
pub(super) mod on_update;
pub(super) mod parameter;
pub(super) mod required;
pub(super) mod selects;
