//! What a replica remembers between its decisions about one companion.

use std::time::Duration;

use crate::policies::versions::{Accepted, Version};

/// What this replica remembers of a companion. Times are durations since its start.
#[derive(Debug, Default)]
pub(in crate::policies) struct RolloutMemory {
    /// The injected version, and since when.
    pub(super) injected: Option<(Version, Duration)>,
    /// The hash of the newest version that the policy accepts, and since when this replica has seen it.
    pub(super) accepted: Option<(Box<str>, Duration)>,
    /// Since when there is no policy.
    pub(super) absent: Option<Duration>,
    /// Since when it is not required although a policy exists.
    pub(super) obsolete: Option<Duration>,
    /// The newest version that the policy accepts and another installation does not, and since when.
    pub(super) unaccepted: Option<(Box<str>, Duration)>,
    /// The installations without which the newest version is not injected.
    pub(in crate::policies) waits_for: Vec<Box<str>>,
    /// Whether other installations require a companion of which no version is known: Pods without it are denied.
    pub(in crate::policies) lacks_version: bool,
}

impl RolloutMemory {
    pub(super) fn injected(&self) -> Option<Version> {
        self.injected.as_ref().map(|(version, _)| version.clone())
    }

    /// A version that a policy accepts, where this replica knows it.
    pub(super) fn recall(&self, accepted: &Accepted) -> Option<Version> {
        let injected = self.injected.as_ref().map(|(version, _)| version);
        accepted.version.as_ref().or(injected.filter(|v| *v.hash() == *accepted.hash)).cloned()
    }

    /// Records the injected version; returns since when it is injected.
    pub(super) fn inject(&mut self, version: &Version, now: Duration) -> Duration {
        match &self.injected {
            Some((injected, since)) if injected.hash() == version.hash() => *since,
            _ => {
                self.injected = Some((version.clone(), now));
                now
            }
        }
    }

    /// Records the newest accepted version; returns since when it is accepted.
    pub(super) fn accepted(&mut self, hash: &str, now: Duration) -> Duration {
        since(&mut self.accepted, hash, now)
    }

    /// Records a version that another installation does not accept; returns since when that is so.
    pub(super) fn unaccepted(&mut self, hash: &str, now: Duration) -> Duration {
        since(&mut self.unaccepted, hash, now)
    }
}

/// Records a hash, unless it is recorded already; returns since when it is.
fn since(recorded: &mut Option<(Box<str>, Duration)>, hash: &str, now: Duration) -> Duration {
    match recorded {
        Some((recorded, since)) if **recorded == *hash => *since,
        _ => {
            *recorded = Some((hash.into(), now));
            now
        }
    }
}
