//! The policies that other installations maintain for the same required companion. Every Pod must satisfy the policies of all
//! installations, so no installation injects a version that one of them does not accept.

use super::versions::{Accepted, ExistingPolicy, Version};

/// What the policies of other installations accept for one companion.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OtherPolicies<'p>(&'p [ExistingPolicy]);

impl<'p> OtherPolicies<'p> {
    pub(super) fn new(policies: &'p [ExistingPolicy]) -> Self {
        OtherPolicies(policies)
    }

    /// Whether there is none.
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Whether each of them accepts a version.
    pub(super) fn accept(self, hash: &str) -> bool {
        self.0.iter().all(|policy| policy.accepts(hash))
    }

    /// The policy that an installation follows which has none yet: one that changes, else any.
    pub(super) fn model(self) -> Option<&'p ExistingPolicy> {
        self.0.iter().find(|policy| policy.changing).or_else(|| self.0.first())
    }

    /// The version that comes after the newest accepted one: one that another installation has begun with, else the newest
    /// version that is known here. `None` while another installation has not completed the change before it.
    pub(super) fn next(self, accepted: &Accepted, known: &Version) -> Option<Version> {
        let newest = || self.0.iter().filter_map(|policy| policy.accepted.first());
        if newest().any(|other| *other.hash == *known.hash()) {
            return Some(known.clone());
        }
        let ahead = newest().filter(|other| accepted.is_older_than(other)).filter_map(|other| other.version.as_ref());
        if let Some(ahead) = ahead.max_by(|a, b| a.generation.cmp(&b.generation)) {
            return Some(ahead.clone());
        }
        let is_settled = |policy: &ExistingPolicy| {
            !policy.changing && policy.accepted.first().is_some_and(|newest| newest.hash == accepted.hash)
        };
        self.0.iter().all(is_settled).then(|| known.clone())
    }
}
