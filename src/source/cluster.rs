//! Companions and Namespaces of a cluster: watched, and published as whole states.
//!
//! | file | what it does |
//! |---|---|
//! | `watch` | runs the watches, and publishes a state when something has changed |
//! | `list` | lists the same once, for commands |
//! | `health` | whether the watches work, and what the first state is still waiting for |
//! | `raw`, `namespace` | objects as the API server sends them |
//! | `object` | a companion as validation and compilation have made it, and the version of it that is used |
//! | `buffer`, `companion_buffer` | the objects of one kind, and the list that will replace them |
//! | `state` | all objects at one moment, and when the next state is due |
//! | `condition`, `message`, `applies_to`, `status` | what the `.status` of a companion should be |
//! | `writer` | writes it, once among all replicas |

mod applies_to;
mod buffer;
mod companion_buffer;
mod condition;
mod health;
mod list;
mod message;
mod namespace;
mod object;
mod raw;
mod state;
mod status;
#[cfg(test)]
pub(super) mod testing;
mod watch;
mod writer;

pub use condition::{Eligibility, ReadyReason};
pub use health::{WatchHealth, WatchReading, WatchedResource};
pub use list::{ListError, list};
#[cfg(test)]
pub(crate) use object::WatchedCompanion;
pub use state::ClusterState;
pub use status::{DesiredStatus, DesiredStatuses, LAST_INJECTED_INTERVAL};
pub use watch::{ClusterStates, watch};
pub use writer::write;
