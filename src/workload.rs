//! Finds Pod templates in objects: in built-in kinds by the name of the kind, in all others by the shape of a template.

mod controller;
mod created;
mod elsewhere;
mod kinds;
mod object;
mod outside;
mod template;
mod text;
mod unmatched;

pub use controller::controller_fields;
pub use elsewhere::{misplaced, outside_of_templates};
pub use outside::{OutsideKey, outside_keys};
pub use template::{Workload, levels_above, workloads};
pub use text::templates_of;
pub use unmatched::unmatched;
