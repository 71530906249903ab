//! What the statuses of all companions of a cluster should say, kept up to date with each change.

use std::collections::HashSet;

use super::cluster::{DesiredStatus, DesiredStatuses, ReadyReason};
use super::effective::{Effective, SourceChanges};
use super::key::CompanionKey;
use crate::inject::snapshot::Settings;
use crate::shared_map::SharedMap;

/// The statuses of all companions. A clone shares its memory.
#[derive(Debug, Clone, Default)]
pub struct Statuses {
    desired: DesiredStatuses,
    /// The namespaces with a Companion of a name: a required ClusterCompanion of that name shadows all of them.
    namespaces: SharedMap<Box<str>, SharedMap<Box<str>, ()>>,
    counts: [usize; ReadyReason::ALL.len()],
}

impl Statuses {
    /// The desired status of each companion; none where no cluster is watched.
    #[must_use]
    pub fn desired(&self) -> &DesiredStatuses {
        &self.desired
    }

    /// How many companions have this reason.
    #[must_use]
    pub fn count(&self, reason: ReadyReason) -> usize {
        self.counts[reason as usize]
    }

    /// Follows changes.
    pub fn follow(&mut self, effective: &Effective, changes: &SourceChanges, settings: &Settings) {
        let mut keys: HashSet<CompanionKey> = changes.keys().into_iter().collect();
        for name in changes.requiredness() {
            let namespaces = self.namespaces.get(name).into_iter().flat_map(SharedMap::keys);
            keys.extend(namespaces.map(|n| CompanionKey { namespace: Some(n.clone()), name: name.into() }));
        }
        for key in keys {
            self.replace(&key, effective.desired_status(&key, settings));
        }
    }

    fn replace(&mut self, key: &CompanionKey, now: Option<DesiredStatus>) {
        let before = self.desired.get(key);
        if let Some(before) = before {
            self.counts[before.reason() as usize] -= 1;
        }
        if before.is_some() != now.is_some() {
            self.record_namespace(key, now.is_some());
        }
        match now {
            None => _ = self.desired.remove(key),
            Some(now) => {
                self.counts[now.reason() as usize] += 1;
                self.desired.insert(key.clone(), now);
            }
        }
    }

    fn record_namespace(&mut self, key: &CompanionKey, exists: bool) {
        let Some(namespace) = &key.namespace else { return };
        let mut namespaces = self.namespaces.get(&key.name).cloned().unwrap_or_default();
        if exists {
            namespaces.insert(namespace.clone(), ());
        } else {
            namespaces.remove(namespace);
        }
        if namespaces.is_empty() {
            self.namespaces.remove(&key.name);
        } else {
            self.namespaces.insert(key.name.clone(), namespaces);
        }
    }
}
