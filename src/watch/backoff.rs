//! Exponential back-off: the only place in which a delay is doubled.

use std::time::Duration;

use tokio::time::Instant;

/// The delays before something that failed, or that must not happen too often, is done again.
///
/// The first delay is the shortest one. Each further one is twice as long, up to the longest, until the series is over:
/// then the next delay is the shortest one again.
#[derive(Debug, Clone)]
pub struct Backoff {
    shortest: Duration,
    longest: Duration,
    reset_after: ResetAfter,
    last: Option<Delay>,
}

/// When a series of failures is over. A success in between may not be enough: a list can succeed each time, and the watch
/// that follows it fail each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetAfter {
    /// Only when the caller calls [`Backoff::reset`].
    Success,
    /// When there was no failure for this long after the end of the last delay.
    Quiet(Duration),
    /// When there was no failure for so many times the last delay after its end.
    QuietDelays(u32),
}

#[derive(Debug, Clone, Copy)]
struct Delay {
    since: Instant,
    length: Duration,
}

impl Backoff {
    /// A back-off that has not seen a failure yet.
    #[must_use]
    pub const fn new(shortest: Duration, longest: Duration, reset_after: ResetAfter) -> Self {
        Backoff { shortest, longest, reset_after, last: None }
    }

    /// Records a failure at `now`; returns how long to wait from then on.
    pub fn fail(&mut self, now: Instant) -> Duration {
        let length = match self.last.filter(|last| now <= self.end_of_series(*last).unwrap_or(now)) {
            Some(last) => (last.length * 2).min(self.longest),
            None => self.shortest,
        };
        self.last = Some(Delay { since: now, length });
        length
    }

    /// Ends the series: the next delay is the shortest one.
    pub fn reset(&mut self) {
        self.last = None;
    }

    /// When the last delay ends; `None` where there was no failure since the last reset.
    #[must_use]
    pub fn until(&self) -> Option<Instant> {
        self.last.map(|last| last.since + last.length)
    }

    /// Whether the series has failures, but not so many that the longest delay was reached.
    #[must_use]
    pub fn is_growing(&self) -> bool {
        self.last.is_some_and(|last| last.length < self.longest)
    }

    /// `None` where time alone does not end the series.
    fn end_of_series(&self, last: Delay) -> Option<Instant> {
        let quiet = match self.reset_after {
            ResetAfter::Success => return None,
            ResetAfter::Quiet(quiet) => quiet,
            ResetAfter::QuietDelays(count) => last.length * count,
        };
        Some(last.since + last.length + quiet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The delays, in milliseconds, of failures that are so many milliseconds apart.
    fn delays(mut backoff: Backoff, apart: &[u64]) -> Vec<u128> {
        let mut now = Instant::now();
        let mut delays = vec![backoff.fail(now).as_millis()];
        for gap in apart {
            now += Duration::from_millis(*gap);
            delays.push(backoff.fail(now).as_millis());
            assert_eq!(
                backoff.until(),
                Some(now + Duration::from_millis(u64::try_from(delays[delays.len() - 1]).unwrap()))
            );
        }
        delays
    }

    #[test]
    fn a_delay_doubles_up_to_the_longest_and_is_short_again_after_the_quiet_period() {
        let milliseconds = Duration::from_millis;
        let backoff = |shortest, longest, reset| Backoff::new(milliseconds(shortest), milliseconds(longest), reset);
        let minute = ResetAfter::Quiet(Duration::from_secs(60));
        let table: [(&str, Backoff, &[u64], &[u128]); 6] = [
            (
                "doubles, and stays at the longest",
                backoff(100, 3000, minute),
                &[9, 9, 9, 9, 9, 9],
                &[100, 200, 400, 800, 1600, 3000, 3000],
            ),
            ("is not reset within the quiet period", backoff(100, 3000, minute), &[60_100], &[100, 200]),
            ("is reset after it", backoff(100, 3000, minute), &[60_101, 9], &[100, 100, 200]),
            (
                "is not reset within three delays",
                backoff(1000, 60_000, ResetAfter::QuietDelays(3)),
                &[4000, 8000],
                &[1000, 2000, 4000],
            ),
            (
                "is reset after three delays",
                backoff(1000, 60_000, ResetAfter::QuietDelays(3)),
                &[4000, 8001],
                &[1000, 2000, 1000],
            ),
            (
                "is never reset by time",
                backoff(500, 30_000, ResetAfter::Success),
                &[1 << 40, 1 << 40],
                &[500, 1000, 2000],
            ),
        ];
        for (name, backoff, apart, expected) in table {
            assert_eq!(delays(backoff, apart), expected, "{name}");
        }
    }

    #[test]
    fn a_reset_ends_the_series() {
        let second = Duration::from_secs(1);
        let mut backoff = Backoff::new(second, 4 * second, ResetAfter::Success);
        assert!(!backoff.is_growing() && backoff.until().is_none());
        let grows = [1, 2, 4].map(|seconds| {
            assert_eq!(backoff.fail(Instant::now()).as_secs(), seconds);
            backoff.is_growing()
        });
        assert_eq!(grows, [true, true, false]);
        backoff.reset();
        assert!(backoff.until().is_none());
        assert_eq!(backoff.fail(Instant::now()), second);
    }
}
