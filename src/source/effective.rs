//! What all sources declare together, and the [`Snapshot`] that reviews use.
//!
//! A change of one companion costs hardly more among 10 000 of them than among a few: the sources report what differs from
//! the state that was followed last, only that is assessed again, and everything that is derived from it shares memory with
//! what was derived before.

mod changes;
#[cfg(test)]
mod laws;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cluster::{ClusterState, DesiredStatus, Eligibility};
use super::declarations::Declarations;
use super::key::CompanionKey;
use super::revision::Revision;
use crate::inject::companion::catalog::Catalog;
use crate::inject::request::namespace::{Namespace, Namespaces, NamespacesByName, Unlisted};
use crate::inject::snapshot::{Settings, Snapshot};
use crate::shared_map::SharedMap;

pub use changes::SourceChanges;
use tally::Tally;

/// What all sources declare together at one moment. A clone shares its memory.
#[derive(Debug, Clone, Default)]
pub struct Effective {
    files: Arc<Declarations>,
    cluster: Option<Arc<ClusterState>>,
    /// The versions of ClusterCompanions that policies require instead of the declared ones.
    pinned: Arc<BTreeMap<Box<str>, Revision>>,
    /// The version of each companion that is used.
    companions: SharedMap<CompanionKey, Revision>,
    catalog: Catalog,
    tally: Tally,
}

impl Effective {
    /// Combines the sources. A companion in a file overrides that of the cluster with the same kind, namespace and name.
    /// Where there is a cluster, Namespaces come from there alone.
    #[must_use]
    pub fn new(files: Arc<Declarations>, cluster: Option<Arc<ClusterState>>) -> Self {
        let mut effective = Effective::default();
        effective.follow(files, cluster);
        effective
    }

    /// Follows the sources to a new state, with the result of [`Effective::new`] and of the same pinned versions. Returns what
    /// has changed.
    pub fn follow(&mut self, files: Arc<Declarations>, cluster: Option<Arc<ClusterState>>) -> SourceChanges {
        let mut changes = SourceChanges::default();
        let none = ClusterState::default();
        let [before, now] = [&self.cluster, &cluster].map(|state| state.as_deref().unwrap_or(&none));
        now.for_each_change_since(before, |key| changes.add(key));
        files.companions.for_each_change_since(&self.files.companions, |key, before, now| {
            if before.zip(now).is_none_or(|(before, now)| !before.is_same_as(now)) {
                changes.add(key);
            }
        });
        let namespaces = self.declared_namespaces().clone();
        changes.behavior |= self.cluster.is_some() != cluster.is_some();
        (self.files, self.cluster) = (files, cluster);
        changes.behavior |= differ(&namespaces, self.declared_namespaces());
        for key in changes.keys() {
            self.assess(&key, &mut changes);
        }
        changes
    }

    /// Uses these versions of ClusterCompanions, by name, instead of the declared ones, and no others. Adds to what has changed.
    pub fn pin(&mut self, versions: BTreeMap<Box<str>, Revision>, changes: &mut SourceChanges) {
        let before = std::mem::replace(&mut self.pinned, Arc::new(versions));
        let is_pinned = |name: &str, version: &Revision, pinned: &BTreeMap<Box<str>, Revision>| {
            pinned.get(name).is_some_and(|other| other.is_same_as(version))
        };
        let ended = before.iter().filter(|(name, version)| !is_pinned(name, version, &self.pinned));
        let begun = self.pinned.iter().filter(|(name, version)| !is_pinned(name, version, &before));
        let names: Vec<Box<str>> = ended.chain(begun).map(|(name, _)| name.clone()).collect();
        for name in names {
            let key = CompanionKey { namespace: None, name };
            changes.add(&key);
            self.assess(&key, changes);
        }
    }

    /// The form in which reviews use it.
    #[must_use]
    pub fn snapshot(&self, settings: Settings) -> Snapshot {
        let unlisted = if self.cluster.is_some() { Unlisted::Unknown } else { Unlisted::NameOnly };
        let namespaces = Namespaces::sharing(self.declared_namespaces().clone(), unlisted);
        Snapshot { companions: self.catalog.clone(), namespaces, settings, stale: None }
    }

    /// The version of a companion that the sources declare, which is not always the one that is used.
    #[must_use]
    pub fn declared(&self, key: &CompanionKey) -> Option<&Revision> {
        let in_file = self.files.companions.get(key);
        in_file.or_else(|| self.cluster.as_ref()?.get(key).map(|object| &object.version))
    }

    /// The number of companions that can be injected, in their newest or in their last valid version, and the number of
    /// those without a valid version.
    #[must_use]
    pub fn valid_and_invalid(&self) -> (usize, usize) {
        (self.tally.valid, self.companions.len() - self.tally.valid)
    }

    /// 48 bits that are the same where the same versions of the same companions are used.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.tally.fingerprint
    }

    /// The number of Namespaces.
    #[must_use]
    pub fn namespaces(&self) -> usize {
        self.declared_namespaces().len()
    }

    /// Whether companions are watched in a cluster.
    #[must_use]
    pub fn has_cluster(&self) -> bool {
        self.cluster.is_some()
    }

    /// Whether a companion is required.
    #[must_use]
    pub fn has_required(&self) -> bool {
        self.tally.required > 0
    }

    /// The companions that were injected since the last call, and how often.
    #[must_use]
    pub fn take_injections(&self) -> Vec<(CompanionKey, u64)> {
        self.take_injections_of(self.companions.keys()).collect()
    }

    /// The same of some companions.
    pub fn take_injections_of<'k>(
        &self,
        keys: impl Iterator<Item = &'k CompanionKey>,
    ) -> impl Iterator<Item = (CompanionKey, u64)> {
        let valid = keys.filter_map(|key| Some((key, self.companions.get(key)?.listed.valid()?)));
        let counts = valid.map(|(key, companion)| (key, companion.injections.take()));
        counts.filter(|(_, count)| *count > 0).map(|(key, count)| (key.clone(), count))
    }

    /// The first names of ClusterCompanions, in the order of names, at most so many.
    #[must_use]
    pub fn first_names(&self, most: usize) -> BTreeSet<&str> {
        let mut first = BTreeSet::new();
        for key in self.companions.keys().filter(|key| key.namespace.is_none()) {
            first.insert(&*key.name);
            if first.len() > most {
                first.pop_last();
            }
        }
        first
    }

    /// What the status of a companion should say; `None` where the cluster has no such companion.
    #[must_use]
    pub fn desired_status(&self, key: &CompanionKey, settings: &Settings) -> Option<DesiredStatus> {
        let object = self.cluster.as_ref()?.get(key)?;
        Some(DesiredStatus {
            key: key.clone(),
            object: Arc::clone(object),
            eligibility: self.eligibility(key, settings),
            installation: Arc::clone(&settings.installation),
            last_injected: None,
        })
    }

    fn declared_namespaces(&self) -> &NamespacesByName {
        self.cluster.as_ref().map_or(&self.files.namespaces, |cluster| &cluster.namespaces)
    }

    /// Uses the version of a companion that has to be used now, and records whether that makes a difference.
    fn assess(&mut self, key: &CompanionKey, changes: &mut SourceChanges) {
        let pinned = self.pinned.get(&key.name).filter(|_| key.namespace.is_none());
        let (before, now) = (self.companions.get(key).cloned(), pinned.or_else(|| self.declared(key)).cloned());
        let is_same = match (&before, &now) {
            (Some(before), Some(now)) => before.is_same_as(now),
            (before, now) => before.is_none() && now.is_none(),
        };
        if is_same {
            return;
        }
        changes.record(key, before.as_ref(), now.as_ref());
        self.tally.replace(key, before.as_ref(), now.as_ref());
        match now {
            None => {
                self.catalog.remove(key.namespace.as_deref(), &key.name);
                self.companions.remove(key);
            }
            Some(now) => {
                if before.is_none_or(|before| !before.same_behavior_as(&now)) {
                    self.catalog.insert(key.namespace.as_deref(), now.listed.clone());
                }
                self.companions.insert(key.clone(), now);
            }
        }
    }

    fn eligibility(&self, key: &CompanionKey, settings: &Settings) -> Eligibility {
        let version = self.companions.get(key);
        let required = version.is_some_and(|version| version.listed.required());
        let webhooks = version.map(|version| version.listed.webhooks()).unwrap_or_default();
        let missing = webhooks.intersection(settings.missing);
        if self.is_in_file(key) {
            Eligibility::OverriddenByFile
        } else if self.is_shadowed_by_required(key) {
            Eligibility::ShadowedByRequired
        } else if required && !settings.required {
            Eligibility::RequiredDisabled
        } else if !missing.is_empty() {
            Eligibility::WebhookMissing(missing)
        } else {
            Eligibility::Eligible
        }
    }

    fn is_in_file(&self, key: &CompanionKey) -> bool {
        self.files.companions.contains_key(key)
    }

    /// Whether a required ClusterCompanion has the name of this Companion.
    fn is_shadowed_by_required(&self, key: &CompanionKey) -> bool {
        let cluster_wide = CompanionKey { namespace: None, name: key.name.clone() };
        key.namespace.is_some() && self.companions.get(&cluster_wide).is_some_and(|held| held.listed.required())
    }
}

/// Whether some Namespace is in one of two maps only, or has changed.
fn differ(before: &NamespacesByName, now: &NamespacesByName) -> bool {
    let mut differ = false;
    now.for_each_change_since(before, |_, before: Option<&Arc<Namespace>>, now| {
        differ |= before.zip(now).is_none_or(|(before, now)| !Arc::ptr_eq(before, now));
    });
    differ
}
