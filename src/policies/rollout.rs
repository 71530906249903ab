//! Which version of a required companion is injected, and what its policy accepts: so that no API server ever asks for
//! what nobody injects, whichever of the two it hears of first. No I/O.
//!
//! | what happens | first | then, a pause later |
//! |---|---|---|
//! | a companion becomes required | it is injected | its policy is made |
//! | it changes | the policy accepts both versions | the new one is injected; and then what only the old one selected is no longer asked |
//! | it is no longer required | its policy goes | it is injected no more |
//!
//! Every replica decides for itself, from what stands in the cluster: it does not matter which of them writes. None goes
//! back behind the version that a policy accepts already, for then it is this replica that has not heard of the newest.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::versions::{Accepted, ExistingPolicy, Version};
use crate::inject::companion::catalog::CatalogEntry;

/// What is known of a companion now.
#[derive(Debug, Clone)]
pub enum KnownCompanion {
    /// It is required, and this is its newest version.
    Required(Version),
    /// Its newest version is invalid, and no good one is known here.
    Broken,
    /// It is gone, or not required.
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
            (CatalogEntry::Invalid(_), _) => Some(KnownCompanion::Broken),
            _ => None,
        }
    }
}

/// What this replica remembers of a companion. Times are since its start.
#[derive(Debug, Default)]
pub(super) struct RolloutMemory {
    /// What is injected, and since when.
    injected: Option<(Version, Duration)>,
    /// The newest version that the policy accepts, and since when that was seen.
    accepted: Option<(Box<str>, Duration)>,
    /// Since when there is no policy.
    absent: Option<Duration>,
    /// Since when it is not required, though a policy stands.
    unwanted: Option<Duration>,
}

/// What is to be done for a companion.
#[derive(Debug, Default)]
pub(super) struct Rollout {
    /// The version to inject; `None` where what is known counts, as of any other companion.
    pub inject: Option<Version>,
    /// What is to become of the policy.
    pub policy: Policy,
    /// When to look again, though nothing happens.
    pub again: Option<Duration>,
}

/// What is to become of a policy.
#[derive(Debug, Default)]
pub(super) enum Policy {
    /// What is there stays, whatever it says.
    #[default]
    Leave,
    /// It accepts these versions, newest first.
    Accept {
        /// The newest version, and the one before it.
        versions: Vec<Version>,
        /// Whether injection is still on its way to the newest.
        changing: bool,
    },
    /// It goes.
    Delete,
}

/// Decides for one companion.
pub(super) fn rollout(
    known: &KnownCompanion,
    standing: Option<&ExistingPolicy>,
    memory: &mut RolloutMemory,
    now: Duration,
    pause: Duration,
) -> Rollout {
    let step = Step { standing, now, pause };
    if !matches!(known, KnownCompanion::NotRequired) {
        memory.unwanted = None;
    }
    match (known, standing) {
        (KnownCompanion::NotRequired, _) => step.remove(memory),
        (KnownCompanion::Required(version), None) => step.introduce(version, memory),
        (KnownCompanion::Required(version), Some(standing)) => step.follow(version, standing, memory),
        (KnownCompanion::Broken, None) => Rollout { inject: memory.injected(), ..Rollout::default() },
        (KnownCompanion::Broken, Some(standing)) => match newest(standing).or_else(|| memory.injected()) {
            Some(version) => step.follow(&version, standing, memory),
            None => Rollout::default(),
        },
    }
}

struct Step<'s> {
    standing: Option<&'s ExistingPolicy>,
    now: Duration,
    pause: Duration,
}

impl Step<'_> {
    /// It is not required: the policy goes first, unless it is this replica that has not heard of it yet.
    fn remove(&self, memory: &mut RolloutMemory) -> Rollout {
        if let Some(standing) = self.standing {
            memory.absent = None;
            let inject = memory.injected().or_else(|| newest(standing));
            if let Some(version) = &inject {
                memory.inject(version, self.now);
            }
            let due = *memory.unwanted.get_or_insert(self.now) + self.pause;
            if self.now < due {
                return Rollout { inject, policy: Policy::Leave, again: Some(due) };
            }
            return Rollout { inject, policy: Policy::Delete, again: None };
        }
        memory.unwanted = None;
        let until = *memory.absent.get_or_insert(self.now) + self.pause;
        if memory.injected.is_none() || self.now >= until {
            *memory = RolloutMemory::default();
            return Rollout::default();
        }
        Rollout { inject: memory.injected(), policy: Policy::Leave, again: Some(until) }
    }

    /// There is no policy yet, or somebody took it away: it comes when the companion was injected for a while.
    fn introduce(&self, version: &Version, memory: &mut RolloutMemory) -> Rollout {
        memory.accepted = None;
        let injected = memory.inject(version, self.now);
        let absent = *memory.absent.get_or_insert(self.now);
        let due = injected.max(absent) + self.pause;
        let inject = Some(version.clone());
        if self.now < due {
            return Rollout { inject, policy: Policy::Leave, again: Some(due) };
        }
        Rollout { inject, policy: Policy::Accept { versions: vec![version.clone()], changing: false }, again: None }
    }

    /// There is a policy.
    fn follow(&self, version: &Version, standing: &ExistingPolicy, memory: &mut RolloutMemory) -> Rollout {
        memory.absent = None;
        let Some(first) = standing.accepted.first() else {
            // Nobody knows what it accepts.
            let inject = memory.injected().unwrap_or_else(|| version.clone());
            memory.inject(&inject, self.now);
            return Rollout { inject: Some(inject), policy: accept([version], false), again: None };
        };
        if *first.hash == *version.hash() {
            return self.complete(version, standing, memory);
        }
        match memory.recall(first) {
            // This replica has not heard of the newest version yet, or another change is not over yet.
            Some(newest) if standing.changing || version.is_older_than(first) => {
                self.complete(&newest, standing, memory)
            }
            Some(newest) => {
                memory.inject(&newest, self.now);
                let policy = accept([version, &newest], true);
                Rollout { inject: Some(newest), policy, again: None }
            }
            // What is accepted now cannot be injected by anybody: the sooner this is over, the better.
            None => {
                let inject = memory.injected().unwrap_or_else(|| version.clone());
                memory.inject(&inject, self.now);
                Rollout { inject: Some(inject), policy: accept([version], false), again: None }
            }
        }
    }

    /// The policy accepts the newest version: injection follows, and then the selectors do.
    fn complete(&self, newest: &Version, standing: &ExistingPolicy, memory: &mut RolloutMemory) -> Rollout {
        let accepted = memory.accepted(newest.hash(), self.now);
        let previous = standing.accepted.get(1).and_then(|accepted| memory.recall(accepted));
        let previous = previous.as_ref();
        let both = |changing| match previous {
            Some(previous) => accept([newest, previous], changing),
            None => accept([newest], changing),
        };
        let is_injected = memory.injected.as_ref().is_some_and(|(version, _)| version.hash() == newest.hash());
        let waits = standing.changing && !is_injected && self.now < accepted + self.pause;
        if let Some(previous) = previous.filter(|_| waits) {
            memory.inject(previous, self.now);
            let again = Some(accepted + self.pause);
            return Rollout { inject: Some(previous.clone()), policy: both(true), again };
        }
        let settled = memory.inject(newest, self.now) + self.pause;
        let changing = standing.changing && self.now < settled;
        Rollout { inject: Some(newest.clone()), policy: both(changing), again: changing.then_some(settled) }
    }
}

impl RolloutMemory {
    fn injected(&self) -> Option<Version> {
        self.injected.as_ref().map(|(version, _)| version.clone())
    }

    /// A version that a policy accepts, if it is known.
    fn recall(&self, accepted: &Accepted) -> Option<Version> {
        let injected = self.injected.as_ref().map(|(version, _)| version);
        accepted.version.as_ref().or(injected.filter(|v| *v.hash() == *accepted.hash)).cloned()
    }

    /// Takes note of what is injected from now on; returns since when it is.
    fn inject(&mut self, version: &Version, now: Duration) -> Duration {
        match &self.injected {
            Some((injected, since)) if injected.hash() == version.hash() => *since,
            _ => {
                self.injected = Some((version.clone(), now));
                now
            }
        }
    }

    /// Takes note of the newest version that is accepted; returns since when it is.
    fn accepted(&mut self, hash: &str, now: Duration) -> Duration {
        match &self.accepted {
            Some((accepted, since)) if **accepted == *hash => *since,
            _ => {
                self.accepted = Some((hash.into(), now));
                now
            }
        }
    }
}

fn newest(standing: &ExistingPolicy) -> Option<Version> {
    standing.accepted.first().and_then(|accepted| accepted.version.clone())
}

fn accept<const N: usize>(versions: [&Version; N], changing: bool) -> Policy {
    Policy::Accept { versions: versions.into_iter().cloned().collect(), changing }
}
