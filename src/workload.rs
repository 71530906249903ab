//! Finds Pod templates in objects: in built-in kinds by the name of the kind, in all others by the shape of a template.

mod controller;
mod created;
mod elsewhere;
mod impact;
mod kinds;
mod listed;
mod object;
mod outside;
mod template;
mod text;
mod unmatched;
mod unregistered;

pub use controller::controller_fields;
pub use created::created_pods;
pub use elsewhere::{misplaced, outside_of_templates};
pub use impact::{Impact, ImpactCounts, impact};
pub use listed::{WORKLOADS, WorkloadKind};
pub use outside::{OutsideKey, outside_keys};
pub use template::{Workload, levels_above, workloads};
pub use unmatched::unmatched;
pub use unregistered::missing_configuration;
