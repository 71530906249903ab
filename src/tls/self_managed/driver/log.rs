//! What is logged of certificates. It never contains a key.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::tls::self_managed::rotate::Event;

/// The shortest time between two warnings about watches. While the API server is unavailable, every watch fails repeatedly.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// The watches that have failed since the last warning.
#[derive(Debug, Default)]
pub(super) struct WatchFailureLog {
    names: BTreeSet<String>,
    last_warning: Option<Instant>,
}

impl WatchFailureLog {
    /// Records that the watch of an object failed. Returns the names of all that failed since the last warning, if another
    /// warning is due.
    pub(super) fn record(&mut self, name: String, now: Instant) -> Option<String> {
        self.names.insert(name);
        if self.last_warning.is_some_and(|last| now.duration_since(last) < WARNING_INTERVAL) {
            return None;
        }
        self.last_warning = Some(now);
        Some(std::mem::take(&mut self.names).into_iter().collect::<Vec<_>>().join(", "))
    }
}

impl Event {
    /// Logs the event of a Secret.
    pub(super) fn log(&self, secret: &str) {
        match self {
            Event::CaCreated(ca) => {
                let valid_seconds = seconds_until(ca.expires());
                tracing::info!(secret, ca = ca.serial(), valid_seconds, "created a CA");
            }
            Event::NextCaAdded(ca) => {
                let valid_seconds = seconds_until(ca.expires());
                let message = "created the next CA; it signs once it is trusted everywhere";
                tracing::info!(secret, ca = ca.serial(), valid_seconds, "{message}");
            }
            Event::CaPromoted(ca) => {
                tracing::info!(secret, ca = ca.serial(), "the next CA signs from now on");
            }
            Event::CaExpired(ca) => {
                tracing::info!(secret, ca = ca.serial(), "a CA has expired and is no longer trusted");
            }
            Event::PairIssued(expires) => {
                tracing::info!(secret, valid_seconds = seconds_until(*expires), "issued a certificate");
            }
        }
    }
}

pub(super) fn seconds_until(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::now()).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_watches_are_logged_in_one_line_a_minute() {
        let (mut failures, start) = (WatchFailureLog::default(), Instant::now());
        let mut record = |name: &str, second| failures.record(name.into(), start + Duration::from_secs(second));
        assert_eq!(record("b", 0).as_deref(), Some("b"));
        assert_eq!(record("c", 0), None);
        assert_eq!(record("a", 30), None);
        assert_eq!(record("c", 59), None);
        assert_eq!(record("b", 60).as_deref(), Some("a, b, c"));
        assert_eq!(record("a", 61), None);
        assert_eq!(record("a", 300).as_deref(), Some("a"));
    }
}
