//! When the next round of work may begin.

use std::time::Duration;

use tokio::time::Instant;

use crate::watch::{Backoff, ResetAfter};

/// The pause after the first round that failed, and the longest one.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Rounds that write may begin once per interval in the long run, after a burst whose intervals add up to this. Replicas
/// that disagree, for example because a clock is wrong, would otherwise overwrite each other as fast as the API server
/// answers.
const WRITE_INTERVAL: Duration = Duration::from_secs(1);
const WRITE_BURST: Duration = Duration::from_secs(10);

/// Delays rounds after failures, and limits the rate of rounds that write.
#[derive(Debug)]
pub(super) struct Pacing {
    failures: Backoff,
    /// When the next round may write, as far as the rate is concerned; `None` for at once.
    due: Option<Instant>,
    /// The end of the intervals of all rounds that wrote, were they laid end to end.
    reserved_until: Option<Instant>,
}

impl Default for Pacing {
    fn default() -> Self {
        let failures = Backoff::new(SHORTEST_PAUSE, LONGEST_PAUSE, ResetAfter::Success);
        Pacing { failures, due: None, reserved_until: None }
    }
}

impl Pacing {
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.failures.until().or(self.due).is_none_or(|due| due <= now)
    }

    pub(super) fn last_round_failed(&self) -> bool {
        self.failures.until().is_some()
    }

    pub(super) fn succeed(&mut self, wrote: bool, now: Instant) {
        self.failures.reset();
        self.due = None;
        if wrote {
            let reserved_until = self.reserved_until.map_or(now, |until| until.max(now)) + WRITE_INTERVAL;
            self.due = reserved_until.checked_sub(WRITE_BURST);
            self.reserved_until = Some(reserved_until);
        }
    }

    /// Records that a round failed; returns the pause until the next one.
    pub(super) fn fail(&mut self, now: Instant) -> Duration {
        self.failures.fail(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_with_each_failure_until_a_round_succeeds() {
        let (mut pacing, now) = (Pacing::default(), Instant::now());
        assert!(pacing.is_due(now) && !pacing.last_round_failed());
        let pauses: Vec<u128> = (0..8).map(|_| pacing.fail(now).as_millis()).collect();
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        assert!(pacing.last_round_failed() && !pacing.is_due(now));
        let later = now + Duration::from_secs(30);
        assert!(pacing.is_due(later));
        pacing.succeed(false, later);
        assert!(!pacing.last_round_failed());
        assert_eq!(pacing.fail(later), SHORTEST_PAUSE);
    }

    #[test]
    fn rare_writes_are_immediate_and_endless_writes_happen_once_a_second() {
        let (mut pacing, mut now) = (Pacing::default(), Instant::now());
        let mut writes = 0;
        for _ in 0..6_000 {
            if pacing.is_due(now) {
                pacing.succeed(true, now);
                writes += 1;
            }
            now += Duration::from_millis(10);
        }
        assert_eq!(writes, 70, "a burst of ten, and one for each second of a minute");
        now += Duration::from_secs(60);
        for _ in 0..10 {
            assert!(pacing.is_due(now));
            pacing.succeed(true, now);
        }
    }
}
