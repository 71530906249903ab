//! Events (`events.k8s.io/v1`): on the controllers of Pods for companions that were skipped, and on podgraft's own Deployment.
//!
//! ```text
//! ReviewRecord -> EventQueue (bounded) -> EventWriter -> API server
//! what is wrong with this replica -------'
//! ```
//!
//! This is not `kube::runtime::events::Recorder`: its cache has no bound, it needs the right to patch events, and the names
//! that it makes are invalid where the name of the object is long. Here the name of an event is a digest of what the event
//! is about and of the period of ten minutes, so that of all replicas the first one creates it, and the others are answered
//! that it exists.

mod controller;
mod metrics;
mod occurrence;
mod queue;
mod recent;
mod writer;

pub use metrics::Metrics;
pub use occurrence::{EventType, Occurrence};
pub use queue::EventQueue;
pub use writer::{EventWriter, Reporter};
