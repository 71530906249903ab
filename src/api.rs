//! The custom resources, and the one gate through which a companion enters.
//!
//! ```text
//! an object as JSON -> validate::admit -> inject::catalogue::Listed, every problem, every warning
//! ```
//!
//! Whoever has a companion in hand, from a cluster or from a file, sends it through [`validate::admit`]; nothing else makes
//! an [`inject::companion::Companion`](crate::inject::companion::Companion).

mod compile;
pub mod crds;
mod object;
mod path;
mod report;
mod schema;
mod slots;
pub mod v1alpha1;
pub mod validate;

pub use crds::{crds, crds_yaml};
pub use validate::check_companion;
