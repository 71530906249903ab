//! The custom resources, and the one gate through which a companion enters.
//!
//! ```text
//! an object as JSON -> gate::admit -> inject::catalogue::Listed, every problem, every warning
//! ```
//!
//! Whoever has a companion in hand, from a cluster or from a file, sends it through [`gate::admit`]; nothing else makes
//! an [`inject::companion::Companion`](crate::inject::companion::Companion).

pub mod crds;
pub mod gate;
mod schema;
pub mod v1alpha1;

pub use crds::{crds, crds_yaml};
pub use gate::check_companion;
