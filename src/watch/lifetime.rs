//! How long one watch lasts, and when it is tried again after a failure.

use std::time::Duration;

use futures_util::Stream;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::utils::Backoff as WatchBackoff;
use kube::runtime::watcher;
use tokio::time::Instant;

use super::backoff::{Backoff, ResetAfter};

/// How long one watch request lasts, in seconds. A client then asks again from where the last one ended, which costs one
/// request. It also bounds how long a dead connection goes unnoticed, because an idle watch sends nothing until its end.
const SECONDS: u32 = 120;

/// The delays between attempts to watch. The shortest follows the first failure in a while: an API server that has just
/// started, or has just learned of a definition, sends a watch back to list again, and meanwhile no event arrives. The
/// longest is short as well: when the API server is back, a user who has just applied an object should not wait for long.
const DELAYS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(3)];
const QUIET_PERIOD: Duration = Duration::from_secs(60);

/// The configuration that every watch begins with; selectors and page sizes are added to it.
#[must_use]
pub fn config() -> watcher::Config {
    watcher::Config::default().timeout(SECONDS)
}

/// A watch that is tried again after each failure, for as long as the stream is polled.
pub fn retried<T: Send>(
    events: impl Stream<Item = watcher::Result<T>> + Send,
) -> impl Stream<Item = watcher::Result<T>> + Send {
    events.backoff(Retries(Backoff::new(DELAYS[0], DELAYS[1], ResetAfter::Quiet(QUIET_PERIOD))))
}

/// The client library resets its back-off with every event. That is ignored here: see [`ResetAfter`].
struct Retries(Backoff);

impl Iterator for Retries {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(self.0.fail(Instant::now()))
    }
}

impl WatchBackoff for Retries {
    fn reset(&mut self) {}
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_watch_waits_longer_after_each_failure_even_if_an_event_arrives_in_between() {
        let began = Instant::now();
        let failure = || Err::<u8, _>(watcher::Error::NoResourceVersion);
        let events = stream::iter([failure(), Ok(1), failure(), Ok(2), failure(), Ok(3)]);
        let mut events = std::pin::pin!(retried(events));
        let mut times = Vec::new();
        while let Some(event) = events.next().await {
            if event.is_ok() {
                times.push(began.elapsed().as_millis());
            }
        }
        // The first event after each failure arrives after its delay.
        assert_eq!(times, [100, 300, 700]);
    }
}
