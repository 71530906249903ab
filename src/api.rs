//! The custom resources, and the one gate through which a companion enters.
//!
//! ```text
//! an object as JSON -> validate::admit -> inject::catalogue::Listed, every problem, every warning
//! ```
//!
//! Whoever has a companion in hand, from a cluster or from a file, sends it through [`validate::admit`]; nothing else makes
//! an [`inject::companion::Companion`](crate::inject::companion::Companion).

mod check;
mod compile;
pub mod crds;
mod derived;
mod message;
mod object;
mod parameter_type;
mod path;
mod preview;
mod report;
mod schema;
mod size;
mod slots;
#[cfg(test)]
mod testing;
pub mod v1alpha1;
mod validate;

pub use check::{Checked, check_companion, invalid};
pub use crds::{crds, crds_yaml};
pub use preview::advise;
pub use report::Problem;
pub use size::{LARGEST, bytes, too_dense, too_large};
