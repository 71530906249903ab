//! How often a companion was injected.

use std::sync::atomic::{AtomicU64, Ordering};

/// The number of injections since the count was taken last. It is a part of the companion, so that a review that has found
/// the companion counts without looking anything up in a map of counters; no review reads it.
#[derive(Debug, Default)]
pub struct Injections(AtomicU64);

impl Injections {
    /// Counts one injection.
    pub fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The count, which begins at zero again.
    #[must_use]
    pub fn take(&self) -> u64 {
        // Most companions were not injected in the last seconds; reading leaves their memory to the review threads.
        if self.0.load(Ordering::Relaxed) == 0 { 0 } else { self.0.swap(0, Ordering::Relaxed) }
    }
}
