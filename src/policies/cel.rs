//! Values and declared objects as CEL expressions.

pub(super) mod conform;
pub(super) mod literal;
