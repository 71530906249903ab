//! The present, as an argument.

use std::time::SystemTime;

use tokio::time::Instant;

/// A point in time by both clocks: the date, which certificates are valid by and which can be set back, and the monotonic
/// clock, which pauses are measured by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) date: SystemTime,
    pub(super) instant: Instant,
}
