//! How often a keeper does anything.

use std::time::Duration;

use tokio::time::Instant;

/// The pauses after calls that failed: the first, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(30)];
/// How far rounds in which something was written are apart: whoever does not agree, be it for a clock that is wrong, must
/// not be answered as quickly as the API server can write.
const REST: Duration = Duration::from_secs(1);

/// When there is a next round after one that failed, or that wrote.
#[derive(Debug, Default)]
pub(super) struct Retry {
    at: Option<Instant>,
    /// How long was waited after the last failure; nothing where the last round was none.
    pause: Option<Duration>,
}

impl Retry {
    pub(super) fn is_due(&self) -> bool {
        self.at.is_none_or(|at| at <= Instant::now())
    }

    pub(super) fn failed(&self) -> bool {
        self.pause.is_some()
    }

    pub(super) fn rest() -> Self {
        Retry { at: Some(Instant::now() + REST), pause: None }
    }

    /// Each time twice as long as the time before.
    pub(super) fn postpone(&mut self) -> Duration {
        let pause = self.pause.map_or(PAUSES[0], |pause| (pause * 2).min(PAUSES[1]));
        *self = Retry { at: Some(Instant::now() + pause), pause: Some(pause) };
        pause
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_failures_it_waits_ever_longer_and_after_a_write_for_a_moment() {
        let mut retry = Retry::default();
        assert!(retry.is_due() && !retry.failed());
        let pauses: Vec<u128> = (0..8).map(|_| retry.postpone().as_millis()).collect();
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        assert!(retry.failed() && !retry.is_due());
        advance(Duration::from_secs(30)).await;
        assert!(retry.is_due());
        retry = Retry::rest();
        assert!(!retry.is_due() && !retry.failed());
        advance(REST).await;
        assert!(retry.is_due());
        assert_eq!(retry.postpone(), PAUSES[0]);
    }
}
