//! Which version of a required companion is injected, and which versions its policy accepts. An API server must never
//! require a version that some replica does not inject yet, so each change takes two steps. No I/O: time is an argument.
//!
//! | change | first | after a pause |
//! |---|---|---|
//! | a companion becomes required | it is injected | its policy is created |
//! | it changes | the policy accepts both versions | the new one is injected; after another pause the policy applies to all Pods that it selects |
//! | it is no longer required | its policy is deleted | it is injected no more |
//!
//! The policies of other installations apply to the same Pods. A version is injected only when all of them accept it, and no
//! installation begins with the next change before all have completed the one before it. A change that another installation
//! has not joined is injected nowhere, so a newer version replaces it.
//!
//! Every replica decides for itself, from the existing policy, so that it does not matter which replica writes. None goes
//! back to a version that is older than the newest accepted one: then this replica has not received the newest yet.

mod memory;
mod replace;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

pub(super) use self::memory::RolloutMemory;
use super::others::OtherPolicies;
use super::versions::{ExistingPolicy, Version};
use crate::inject::companion::catalog::CatalogEntry;

/// What this replica knows of a companion.
#[derive(Debug, Clone)]
pub enum KnownCompanion {
    /// It is required, and this is its newest version.
    Required(Version),
    /// Its newest version is invalid, and this replica knows no valid one.
    Invalid,
    /// It was deleted, or is not required.
    NotRequired,
}

impl KnownCompanion {
    /// What policies need to know of a ClusterCompanion; `None` where that is nothing. `object` is the whole object of a
    /// valid required companion.
    #[must_use]
    pub fn new(listed: &CatalogEntry, object: Option<&Arc<Value>>) -> Option<Self> {
        match (listed, object) {
            (CatalogEntry::Valid(companion), Some(object)) if companion.required => {
                Some(KnownCompanion::Required(Version::new(Arc::clone(companion), Arc::clone(object))))
            }
            (CatalogEntry::Invalid(_), _) => Some(KnownCompanion::Invalid),
            _ => None,
        }
    }
}

/// The policies of a companion, and when they are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct PolicyView<'p> {
    /// The policy of this installation.
    pub existing: Option<&'p ExistingPolicy>,
    /// Those of other installations.
    pub others: OtherPolicies<'p>,
    /// The time since the start of this replica.
    pub now: Duration,
    /// How long each step waits.
    pub pause: Duration,
}

/// What to do for a companion.
#[derive(Debug, Default)]
pub(super) struct Rollout {
    /// The version to inject; `None` where policies do not decide about that.
    pub inject: Option<Version>,
    /// What happens to the policy.
    pub policy: PolicyAction,
    /// When to decide again, although nothing has changed.
    pub again: Option<Duration>,
}

/// What happens to a policy.
#[derive(Debug, Default)]
pub(super) enum PolicyAction {
    /// It stays as it is.
    #[default]
    Leave,
    /// It is made to accept these versions, newest first.
    Accept {
        /// The newest version, and the one before it.
        versions: Vec<Version>,
        /// Whether replicas still change to the newest version.
        changing: bool,
    },
    /// It is deleted.
    Delete,
}

/// Decides for one companion.
pub(super) fn rollout(known: &KnownCompanion, observed: PolicyView<'_>, memory: &mut RolloutMemory) -> Rollout {
    memory.waits_for.clear();
    if !matches!(known, KnownCompanion::NotRequired) {
        memory.obsolete = None;
    }
    match (known, observed.existing) {
        (KnownCompanion::NotRequired, _) => observed.remove(memory),
        (KnownCompanion::Required(version), None) => observed.introduce(version, memory),
        (KnownCompanion::Required(version), Some(existing)) => observed.follow(version, existing, memory),
        (KnownCompanion::Invalid, None) => Rollout { inject: observed.without_policy(memory), ..Rollout::default() },
        (KnownCompanion::Invalid, Some(existing)) => match newest(existing).or_else(|| memory.injected()) {
            Some(version) => observed.follow(&version, existing, memory),
            None => Rollout::default(),
        },
    }
}

impl PolicyView<'_> {
    /// It is not required. The policy is deleted first, after a pause: this replica may only not have received it yet.
    fn remove(&self, memory: &mut RolloutMemory) -> Rollout {
        if let Some(existing) = self.existing {
            memory.absent = None;
            let known = || self.others.injectable_of(existing).or_else(|| newest(existing));
            let inject = memory.injected().or_else(known);
            if let Some(version) = &inject {
                memory.inject(version, self.now);
            }
            let due = *memory.obsolete.get_or_insert(self.now) + self.pause;
            if self.now < due {
                return Rollout { inject, policy: PolicyAction::Leave, again: Some(due) };
            }
            return Rollout { inject, policy: PolicyAction::Delete, again: None };
        }
        memory.obsolete = None;
        if !self.others.is_empty() {
            // Another installation requires it still, or has yet to delete its policy.
            memory.absent = None;
            return Rollout { inject: self.without_policy(memory), ..Rollout::default() };
        }
        let until = *memory.absent.get_or_insert(self.now) + self.pause;
        if memory.injected.is_none() || self.now >= until {
            *memory = RolloutMemory::default();
            return Rollout::default();
        }
        Rollout { inject: memory.injected(), policy: PolicyAction::Leave, again: Some(until) }
    }

    /// The version to inject while only other installations have policies. They record it, so that a replica without memory
    /// injects what those policies require, and so that all replicas follow when it changes there.
    fn without_policy(&self, memory: &mut RolloutMemory) -> Option<Version> {
        let inject = self.others.injectable().or_else(|| memory.injected())?;
        memory.inject(&inject, self.now);
        Some(inject)
    }

    /// There is no policy, or it was deleted: it is created when the companion was injected for a pause. It accepts what
    /// another installation accepts, where one has a policy: each version can be in new Pods.
    fn introduce(&self, version: &Version, memory: &mut RolloutMemory) -> Rollout {
        memory.accepted = None;
        let model = self.others.model();
        let followed: Vec<Version> = model.into_iter().flat_map(ExistingPolicy::known_versions).collect();
        let changing = model.is_some_and(|model| model.changing);
        let versions = if followed.is_empty() { vec![version.clone()] } else { followed };
        // While it changes, the previous version is the one that all API servers and replicas have.
        let inject = versions.get(usize::from(changing)).unwrap_or(&versions[0]).clone();
        let absent = *memory.absent.get_or_insert(self.now);
        let due = memory.inject(&inject, self.now).max(absent) + self.pause;
        if self.now < due {
            return Rollout { inject: Some(inject), policy: PolicyAction::Leave, again: Some(due) };
        }
        Rollout { inject: Some(inject), policy: PolicyAction::Accept { versions, changing }, again: None }
    }

    /// There is a policy.
    fn follow(&self, version: &Version, existing: &ExistingPolicy, memory: &mut RolloutMemory) -> Rollout {
        memory.absent = None;
        let Some(first) = existing.accepted.first() else {
            // The versions that it accepts are unknown.
            let inject = memory.injected().unwrap_or_else(|| version.clone());
            memory.inject(&inject, self.now);
            return Rollout { inject: Some(inject), policy: accept([version], false), again: None };
        };
        if *first.hash == *version.hash() {
            return self.complete(version, existing, memory);
        }
        match memory.recall(first) {
            // This replica has not received the newest version yet, or an earlier change is not complete yet.
            Some(newest) if existing.changing || version.is_older_than(first) => {
                self.replace_or_complete(version, &newest, existing, memory)
            }
            Some(newest) => {
                let Some(next) = self.others.next(first, version) else {
                    memory.waits_for = self.others.behind(first);
                    return self.complete(&newest, existing, memory);
                };
                memory.inject(&newest, self.now);
                let policy = accept([&next, &newest], true);
                Rollout { inject: Some(newest), policy, again: None }
            }
            // No replica can inject the version that is accepted now, so the policy changes without a pause.
            None => {
                let inject = memory.injected().unwrap_or_else(|| version.clone());
                memory.inject(&inject, self.now);
                Rollout { inject: Some(inject), policy: accept([version], false), again: None }
            }
        }
    }

    /// The policy accepts the newest version. A pause after all others accept it as well it is injected, and after another
    /// pause its selectors apply.
    fn complete(&self, newest: &Version, existing: &ExistingPolicy, memory: &mut RolloutMemory) -> Rollout {
        let is_accepted = self.others.accept(newest.hash());
        let due = is_accepted.then(|| memory.accepted(newest.hash(), self.now) + self.pause);
        if due.is_none() {
            memory.accepted = None;
        }
        let previous = existing.accepted.get(1).and_then(|accepted| memory.recall(accepted));
        let previous = previous.as_ref();
        let both = |changing| match previous {
            Some(previous) => accept([newest, previous], changing),
            None => accept([newest], changing),
        };
        let is_injected = memory.injected.as_ref().is_some_and(|(version, _)| version.hash() == newest.hash());
        let waits = existing.changing && !is_injected && due.is_none_or(|due| self.now < due);
        if let Some(previous) = previous.filter(|_| waits) {
            memory.waits_for = self.others.not_accepting(newest.hash());
            memory.inject(previous, self.now);
            return Rollout { inject: Some(previous.clone()), policy: both(true), again: due };
        }
        let settled = memory.inject(newest, self.now) + self.pause;
        let changing = existing.changing && self.now < settled;
        Rollout { inject: Some(newest.clone()), policy: both(changing), again: changing.then_some(settled) }
    }
}

fn newest(existing: &ExistingPolicy) -> Option<Version> {
    existing.accepted.first().and_then(|accepted| accepted.version.clone())
}

fn accept<const N: usize>(versions: [&Version; N], changing: bool) -> PolicyAction {
    PolicyAction::Accept { versions: versions.into_iter().cloned().collect(), changing }
}
