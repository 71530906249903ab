//! Which names certificates are issued for, and how long certificates are valid.

use std::time::{Duration, SystemTime};

/// What rotation is governed by. All replicas of an installation have the same flags, and so the same policy.
#[derive(Debug, Clone)]
pub(super) struct RotationPolicy {
    /// DNS names of the Service. Each pair is valid for all of them.
    pub(super) names: Vec<String>,
    pub(super) pair_lifetime: Duration,
    pub(super) ca_lifetime: Duration,
    /// How long a CA is in every `caBundle` before it signs. API servers load a changed configuration some time after it
    /// was stored, and none of them reports when it has.
    pub(super) ca_pause: Duration,
}

impl RotationPolicy {
    /// Whether a CA that has been in every `caBundle` since a point in time can be relied on. If the clock was set back to
    /// before that point, it cannot.
    pub(super) fn pause_is_over(&self, since: SystemTime, now: SystemTime) -> bool {
        now.duration_since(since).is_ok_and(|elapsed| elapsed >= self.ca_pause)
    }
}

/// The policy of the tests: a pair is valid for 30 s and a CA for 90 s, and a CA is trusted for 5 s before it signs.
#[cfg(test)]
pub(super) fn of_seconds() -> RotationPolicy {
    let seconds = Duration::from_secs;
    RotationPolicy {
        names: vec!["podgraft.ns.svc".into()],
        pair_lifetime: seconds(30),
        ca_lifetime: seconds(90),
        ca_pause: seconds(5),
    }
}
