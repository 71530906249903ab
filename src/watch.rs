//! Watching objects of the cluster, whatever they are: how a watch is set up, kept alive and reported on. This room knows
//! nothing of companions, certificates or policies.

pub mod backoff;
pub mod error;
pub mod lifetime;
pub mod reflector;

pub use backoff::{Backoff, ResetAfter};
