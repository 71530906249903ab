//! Watching objects of the cluster, whatever they are: how a watch is set up, kept alive and reported on, and the back-off
//! of everything that is tried again. This room knows nothing of companions, certificates or policies.

pub mod backoff;
pub mod error;
pub mod lifetime;
pub mod reflector;

pub use backoff::{Backoff, ResetAfter};
