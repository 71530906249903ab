//! A change that is abandoned before all installations have joined it.
//!
//! An installation that is down joins no change, and when it runs again, it may never learn of a version that was replaced or
//! reverted meanwhile. An installation that waited until it accepts that version would wait forever.

use std::time::Duration;

use super::{PolicyView, Rollout, RolloutMemory, accept};
use crate::policies::versions::{ExistingPolicy, Version};

impl PolicyView<'_> {
    /// The policy does not accept `version`. It replaces the newest accepted one, or the change to that one is completed first.
    pub(super) fn replace_or_complete(
        &self,
        version: &Version,
        newest: &Version,
        existing: &ExistingPolicy,
        memory: &mut RolloutMemory,
    ) -> Rollout {
        let due = self.replaced_at(version, existing, memory);
        if due.is_some_and(|due| self.now >= due)
            && let Some(previous) = existing.accepted.get(1).and_then(|previous| memory.recall(previous))
        {
            return self.replace(version, &previous, memory);
        }
        let completed = self.complete(newest, existing, memory);
        Rollout { again: completed.again.into_iter().chain(due).min(), ..completed }
    }

    /// When a version may replace the newest accepted one. No replica injects that one while another installation does not
    /// accept it, and a pause passes first, so that replicas with different versions do not write in turn without end.
    fn replaced_at(
        &self,
        version: &Version,
        existing: &ExistingPolicy,
        memory: &mut RolloutMemory,
    ) -> Option<Duration> {
        let first = existing.accepted.first().filter(|first| {
            let is_injected = memory.injected.as_ref().is_some_and(|(injected, _)| *injected.hash() == *first.hash);
            existing.changing && !is_injected && !version.is_older_than(first) && !self.others.accept(&first.hash)
        });
        let Some(first) = first else {
            memory.unaccepted = None;
            return None;
        };
        Some(memory.unaccepted(&first.hash, self.now) + self.pause)
    }

    /// Begins the change to a version instead, or ends the change where it leads back to the version before.
    fn replace(&self, version: &Version, previous: &Version, memory: &mut RolloutMemory) -> Rollout {
        memory.inject(previous, self.now);
        if version.hash() == previous.hash() {
            return Rollout { inject: Some(version.clone()), policy: accept([version], false), again: None };
        }
        memory.waits_for = self.others.not_accepting(version.hash());
        Rollout { inject: Some(previous.clone()), policy: accept([version, previous], true), again: None }
    }
}
