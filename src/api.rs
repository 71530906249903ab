//! The custom resources, their validation and their compilation.
//!
//! ```text
//! JSON -> object (conforms to the schema) -> validate (all rules) -> compile -> CatalogEntry, problems, warnings
//! ```
//!
//! [`check_companion`] is the only way to an [`inject::companion::Companion`](crate::inject::companion::Companion): objects
//! from a cluster and from files both pass it. `validate` and `compile` do not depend on each other; what both need is in
//! `slots`, `derived` and `parameter_type`.

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
pub(crate) mod testing;
pub mod v1alpha1;
mod validate;

pub use check::{Checked, check_companion, invalid};
pub use compile::selector;
pub use crds::CRDS_YAML;
pub use crds::generate::{crd_yaml, crds};
pub use preview::{Advice, advise};
pub use report::Problem;
pub use schema::generate::schema_files;
#[cfg(test)]
pub(crate) use size::LARGEST;
pub(crate) use size::{MAX as MOST_VALUES, values};
pub use size::{bytes, too_dense, too_large};
