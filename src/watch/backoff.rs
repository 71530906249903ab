//! How long is waited before a watch that failed is tried again.

use std::time::Duration;

use kube::runtime::utils;
use tokio::time::Instant;

/// After the first failure in a while: an API server that has just started, or has just got a definition, sends a watch
/// away to list anew, and meanwhile nothing is heard.
const SHORTEST: Duration = Duration::from_millis(100);
/// At most: when the API server is back, who has just applied something should not have to wait for long.
const LONGEST: Duration = Duration::from_secs(3);
/// How long there must be no failure before the shortest wait is enough again. That something was heard is not enough: a
/// list may succeed each time, and the watch after it fail.
const QUIET_PERIOD: Duration = Duration::from_secs(60);

/// Each wait is twice as long as the one before.
#[derive(Debug, Default)]
pub struct Backoff {
    last: Option<(Instant, Duration)>,
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let now = Instant::now();
        let wait = match self.last {
            Some((at, wait)) if now < at + wait + QUIET_PERIOD => (wait * 2).min(LONGEST),
            _ => SHORTEST,
        };
        self.last = Some((now, wait));
        Some(wait)
    }
}

impl utils::Backoff for Backoff {
    fn reset(&mut self) {}
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use kube::runtime::utils::Backoff as _;

    use super::*;

    fn milliseconds(waits: &mut Backoff) -> u128 {
        waits.next().unwrap_or_default().as_millis()
    }

    #[tokio::test(start_paused = true)]
    async fn waits_are_short_at_first_then_longer_and_short_again_after_a_minute_of_peace() {
        let mut waits = Backoff::default();
        let mut all = Vec::new();
        for _ in 0..7 {
            let wait = milliseconds(&mut waits);
            all.push(wait);
            // What succeeds in between, and fails soon after, does not count.
            waits.reset();
            advance(Duration::from_secs(10)).await;
        }
        assert_eq!(all, [100, 200, 400, 800, 1600, 3000, 3000]);
        advance(Duration::from_secs(64)).await;
        assert_eq!(milliseconds(&mut waits), 100);
    }
}
