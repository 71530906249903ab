//! Rules about text that know nothing of Kubernetes: bounds on its length, characters that change how a line is read, and
//! suggestions for misspelled names.

pub mod characters;
pub(crate) mod suggest;
mod truncate;

pub use truncate::{format_truncated, truncate};
