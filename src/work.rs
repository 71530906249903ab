//! Counts the work of a review where assertions are on, so that tests can hold it against the size of what came in. A release
//! build has neither the counter nor the calls.

#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(debug_assertions)]
static STEPS: AtomicUsize = AtomicUsize::new(0);

/// Counts steps: items of a list that were looked at, comparisons, and bytes that were read or written.
#[inline(always)]
#[allow(clippy::inline_always)] // nothing is left of it in a release build
pub(crate) fn step(count: usize) {
    #[cfg(debug_assertions)]
    STEPS.fetch_add(count, Ordering::Relaxed);
    #[cfg(not(debug_assertions))]
    let _ = count;
}

/// How many steps this process has made since it started: those of all its threads.
#[cfg(debug_assertions)]
#[must_use]
pub fn steps() -> usize {
    STEPS.load(Ordering::Relaxed)
}
