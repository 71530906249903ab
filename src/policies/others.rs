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

    /// The installations that do not accept a version.
    pub(super) fn not_accepting(self, hash: &str) -> Vec<Box<str>> {
        self.installations(|policy| !policy.accepts(hash))
    }

    /// The installations that have not completed the change to a version.
    pub(super) fn behind(self, newest: &Accepted) -> Vec<Box<str>> {
        self.installations(|policy| !policy.is_settled_at(&newest.hash))
    }

    fn installations(self, is_meant: impl Fn(&ExistingPolicy) -> bool) -> Vec<Box<str>> {
        self.0.iter().filter(|policy| is_meant(policy)).map(|policy| policy.installation.clone()).collect()
    }

    /// The policy that an installation follows which has none yet: one that changes, else any.
    pub(super) fn model(self) -> Option<&'p ExistingPolicy> {
        self.0.iter().find(|policy| policy.changing).or_else(|| self.0.first())
    }

    /// The version that an installation without a policy injects.
    pub(super) fn injectable(self) -> Option<Version> {
        self.injectable_of(self.model()?)
    }

    /// The version of a policy that is injected by a replica without memory. While it changes, that is the previous one, because
    /// API servers and replicas may not accept the newest one yet.
    pub(super) fn injectable_of(self, policy: &ExistingPolicy) -> Option<Version> {
        let mut versions: Vec<Version> =
            policy.known_versions().filter(|version| self.accept(version.hash())).collect();
        if policy.changing { versions.pop() } else { versions.into_iter().next() }
    }

    /// The version that comes after the newest accepted one: one that another installation has begun with, else the newest
    /// version that is known here. `None` while another installation has not completed the change before it.
    pub(super) fn next(self, accepted: &Accepted, known: &Version) -> Option<Version> {
        let newest = || self.0.iter().filter_map(|policy| policy.accepted.first());
        if newest().any(|other| *other.hash == *known.hash()) {
            return Some(known.clone());
        }
        let ahead = self.0.iter().filter(|policy| is_ahead(policy, accepted));
        let ahead = ahead.filter_map(|policy| policy.accepted.first()?.version.as_ref());
        if let Some(ahead) = ahead.max_by(|a, b| a.generation.cmp(&b.generation)) {
            return Some(ahead.clone());
        }
        self.0.iter().all(|policy| policy.is_settled_at(&accepted.hash)).then(|| known.clone())
    }
}

/// Whether another installation has begun with a version that comes after an accepted one. Files have no generations: there,
/// a change away from the accepted version comes after it, and of two versions to which installations have changed separately,
/// the greater hash does, so that one of them follows the other.
fn is_ahead(policy: &ExistingPolicy, accepted: &Accepted) -> bool {
    let is_later = |newest: &&Accepted| newest.hash != accepted.hash && !newest.is_older_than(accepted);
    let Some(newest) = policy.accepted.first().filter(is_later) else { return false };
    let is_change_away = || policy.accepted.get(1).is_some_and(|previous| previous.hash == accepted.hash);
    accepted.is_older_than(newest) || if policy.changing { is_change_away() } else { newest.hash > accepted.hash }
}
