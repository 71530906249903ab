//! How often a keeper does anything.

use std::time::Duration;

use tokio::time::Instant;

/// The pauses after calls that failed: the first, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(30)];
/// How far rounds in which something was written are apart in the long run: whoever does not agree, be it for a clock that
/// is wrong, must not be answered as quickly as the API server can write. And how much may be written before that counts.
const REST: Duration = Duration::from_secs(1);
const AHEAD: Duration = Duration::from_secs(10);

/// When there is a next round after one that failed, or after many that wrote.
#[derive(Debug, Default)]
pub(super) struct Retry {
    at: Option<Instant>,
    /// How long was waited after the last failure; nothing where the last round was none.
    pause: Option<Duration>,
    /// Until when it would have rested had it rested after each round that wrote.
    rested: Option<Instant>,
}

impl Retry {
    pub(super) fn is_due(&self) -> bool {
        self.at.is_none_or(|at| at <= Instant::now())
    }

    pub(super) fn failed(&self) -> bool {
        self.pause.is_some()
    }

    pub(super) fn succeed(&mut self, wrote: bool) {
        (self.at, self.pause) = (None, None);
        if wrote {
            let now = Instant::now();
            let rested = self.rested.map_or(now, |rested| rested.max(now)) + REST;
            self.at = rested.checked_sub(AHEAD);
            self.rested = Some(rested);
        }
    }

    /// Each time twice as long as the time before.
    pub(super) fn postpone(&mut self) -> Duration {
        let pause = self.pause.map_or(PAUSES[0], |pause| (pause * 2).min(PAUSES[1]));
        (self.at, self.pause) = (Some(Instant::now() + pause), Some(pause));
        pause
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_failures_it_waits_ever_longer() {
        let mut retry = Retry::default();
        assert!(retry.is_due() && !retry.failed());
        let pauses: Vec<u128> = (0..8).map(|_| retry.postpone().as_millis()).collect();
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        assert!(retry.failed() && !retry.is_due());
        advance(Duration::from_secs(30)).await;
        assert!(retry.is_due());
        retry.succeed(false);
        assert!(!retry.failed());
        assert_eq!(retry.postpone(), PAUSES[0]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_rare_is_written_at_once_and_what_has_no_end_once_a_second() {
        let mut retry = Retry::default();
        let mut writes = 0;
        for _ in 0..6_000 {
            if retry.is_due() {
                retry.succeed(true);
                writes += 1;
            }
            advance(Duration::from_millis(10)).await;
        }
        assert_eq!(writes, 70, "ten at once, and one for each second of a minute");
        advance(Duration::from_secs(60)).await;
        for _ in 0..10 {
            assert!(retry.is_due());
            retry.succeed(true);
        }
    }
}
