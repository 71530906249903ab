//! What the log says of certificates. Never a key.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::rotation::Event;

/// How far complaints about watches are apart: where the API server is away, all of them fail, again and again.
const COMPLAINT: Duration = Duration::from_secs(60);

/// Watches that fail, and when that was said last.
#[derive(Debug, Default)]
pub(super) struct WatchFailureLog {
    names: BTreeSet<String>,
    said: Option<Instant>,
}

impl WatchFailureLog {
    /// Takes in that a watch failed. Returns the names of all that failed since it was said last, if it is time to say so.
    pub(super) fn complain(&mut self, name: String, now: Instant) -> Option<String> {
        self.names.insert(name);
        if self.said.is_some_and(|said| now.duration_since(said) < COMPLAINT) {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.names).into_iter().collect::<Vec<_>>().join(", "))
    }
}

impl Event {
    /// Says that it was done, and to which Secret.
    pub(super) fn log(&self, secret: &str) {
        match self {
            Event::CaCreated(ca) => {
                let valid_seconds = seconds_until(ca.expires());
                tracing::info!(secret, ca = ca.serial(), valid_seconds, "made a certificate authority");
            }
            Event::NextCaAdded(ca) => {
                let valid_seconds = seconds_until(ca.expires());
                let message = "made the next certificate authority; it signs once it is trusted everywhere";
                tracing::info!(secret, ca = ca.serial(), valid_seconds, "{message}");
            }
            Event::CaPromoted(ca) => {
                tracing::info!(secret, ca = ca.serial(), "the next certificate authority signs from now on");
            }
            Event::CaExpired(ca) => {
                tracing::info!(secret, ca = ca.serial(), "a certificate authority has expired; it is trusted no more");
            }
            Event::Issued(expires) => {
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
    fn watches_that_fail_are_told_of_in_one_line_a_minute() {
        let (mut deaf, start) = (WatchFailureLog::default(), Instant::now());
        let mut complain = |name: &str, second| deaf.complain(name.into(), start + Duration::from_secs(second));
        assert_eq!(complain("b", 0).as_deref(), Some("b"));
        assert_eq!(complain("c", 0), None);
        assert_eq!(complain("a", 30), None);
        assert_eq!(complain("c", 59), None);
        assert_eq!(complain("b", 60).as_deref(), Some("a, b, c"));
        assert_eq!(complain("a", 61), None);
        assert_eq!(complain("a", 300).as_deref(), Some("a"));
    }
}
