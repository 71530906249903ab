//! Counts the work of a review in builds with debug assertions, so that tests can compare it with the size of the input. A
//! release build has neither the counter nor the calls.

#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(debug_assertions)]
static STEPS: AtomicUsize = AtomicUsize::new(0);

/// Counts steps: list items that were visited, comparisons, and bytes that were read or written.
#[inline(always)]
#[allow(clippy::inline_always)] // A release build contains nothing of it.
pub(crate) fn step(count: usize) {
    #[cfg(debug_assertions)]
    STEPS.fetch_add(count, Ordering::Relaxed);
    #[cfg(not(debug_assertions))]
    let _ = count;
}

/// The steps of all threads since the process started.
#[cfg(debug_assertions)]
#[must_use]
pub fn steps() -> usize {
    STEPS.load(Ordering::Relaxed)
}
