//! Where companions and Namespaces come from.
//!
//! ```text
//! files      -> Manifests    -> Declarations \
//!                                             Effective -> Snapshot (what reviews use), Statuses
//! API server -> StateBuilder -> ClusterState /
//! ```

pub mod cluster;
pub mod declarations;
pub mod effective;
pub mod files;
pub mod key;
pub mod limits;
mod metrics;
pub mod revision;
pub mod statuses;
mod usage;

pub use metrics::Metrics;
