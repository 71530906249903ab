//! How often something is done for callers that are not authenticated.
//!
//! The crate `governor` has limits for each key and its own clocks. Here one limit counts for all callers, and the caller passes the
//! time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(1);

/// A limit for each second.
#[derive(Debug)]
pub(super) struct RateLimit {
    most: u32,
    window: Mutex<Window>,
}

/// The second that is counted.
#[derive(Debug, Default)]
struct Window {
    began: Option<Instant>,
    count: u32,
}

impl RateLimit {
    pub(super) fn new(most: u32) -> Self {
        RateLimit { most, window: Mutex::default() }
    }

    /// Counts one more at a time; `false` if there were too many in that second.
    pub(super) fn admits(&self, now: Instant) -> bool {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        // A preview that began earlier can be counted later: its second is that of the others.
        if window.began.is_none_or(|began| now.saturating_duration_since(began) >= WINDOW) {
            *window = Window { began: Some(now), count: 0 };
        }
        window.count = window.count.saturating_add(1);
        window.count <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_admits_the_same_number_and_time_that_goes_back_admits_no_more() {
        let (limit, start) = (RateLimit::new(2), Instant::now());
        let admitted = [0, 1, 2, 999, 1000, 1500, 1999, 500, 2000, 0, 2001]
            .map(|millis| limit.admits(start + Duration::from_millis(millis)));
        assert_eq!(admitted, [true, true, false, false, true, true, false, false, true, true, false]);
    }
}
