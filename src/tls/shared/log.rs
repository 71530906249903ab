//! What the log says of certificates. Never a key.

use std::time::SystemTime;

use super::rotation::Did;

impl Did {
    /// Says that it was done, and to which Secret.
    pub(super) fn log(&self, secret: &str) {
        match self {
            Did::Founded(ca) => {
                let valid_seconds = seconds_until(ca.expires());
                tracing::info!(secret, ca = ca.serial(), valid_seconds, "made a certificate authority");
            }
            Did::Announced(ca) => {
                let valid_seconds = seconds_until(ca.expires());
                let message = "made the next certificate authority; it signs once it is trusted everywhere";
                tracing::info!(secret, ca = ca.serial(), valid_seconds, "{message}");
            }
            Did::Promoted(ca) => {
                tracing::info!(secret, ca = ca.serial(), "the next certificate authority signs from now on");
            }
            Did::Forgot(ca) => {
                tracing::info!(secret, ca = ca.serial(), "a certificate authority has expired; it is trusted no more");
            }
            Did::Issued(expires) => {
                tracing::info!(secret, valid_seconds = seconds_until(*expires), "issued a certificate");
            }
        }
    }
}

pub(super) fn seconds_until(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::now()).unwrap_or_default().as_secs()
}
