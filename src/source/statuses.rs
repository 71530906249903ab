//! What the statuses of all companions of a cluster should say, kept up to date with each change.

use std::collections::{HashMap, HashSet};

use k8s_openapi::jiff::Timestamp;

use super::cluster::{DesiredStatus, DesiredStatuses, LAST_INJECTED_INTERVAL, ReadyReason};
use super::effective::{Effective, SourceChanges};
use super::key::CompanionKey;
use crate::inject::snapshot::Settings;
use crate::shared_map::SharedMap;
use crate::webhook::ConfigurationSet;

/// The statuses of all companions. A clone shares its memory.
#[derive(Debug, Clone, Default)]
pub struct Statuses {
    desired: DesiredStatuses,
    /// The namespaces with a Companion of a name: a required ClusterCompanion of that name shadows all of them.
    namespaces: SharedMap<Box<str>, SharedMap<Box<str>, ()>>,
    counts: [usize; ReadyReason::ALL.len()],
    /// How many companions lack webhook configurations, by the set of those that they lack.
    missing: HashMap<ConfigurationSet, usize>,
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

    /// Computes all of them again, because the settings have changed.
    pub fn reassess(&mut self, effective: &Effective, settings: &Settings) {
        for key in self.desired.keys().cloned().collect::<Vec<_>>() {
            self.replace(&key, effective.desired_status(&key, settings));
        }
    }

    /// Records that companions were injected, as often as statuses have to say so.
    pub fn record_injections<'k>(&mut self, keys: impl Iterator<Item = &'k CompanionKey>, now: Timestamp) {
        for key in keys {
            let is_due = |last: Timestamp| now.duration_since(last) >= LAST_INJECTED_INTERVAL;
            let due = self.desired.get(key).filter(|status| status.last_injected.is_none_or(is_due));
            if let Some(status) = due.cloned() {
                self.desired.insert(key.clone(), DesiredStatus { last_injected: Some(now), ..status });
            }
        }
    }

    /// The webhook configurations that a companion needs and that do not exist.
    #[must_use]
    pub fn missing_webhooks(&self) -> ConfigurationSet {
        self.missing.keys().fold(ConfigurationSet::default(), |all, missing| all.union(*missing))
    }

    fn replace(&mut self, key: &CompanionKey, mut now: Option<DesiredStatus>) {
        let before = self.desired.get(key).cloned();
        if let Some((before, now)) = before.as_ref().zip(now.as_mut()) {
            now.last_injected = before.last_injected;
        }
        if let Some(before) = &before {
            self.forget(before);
        }
        if before.is_some() != now.is_some() {
            self.record_namespace(key, now.is_some());
        }
        match now {
            None => _ = self.desired.remove(key),
            Some(now) => {
                self.count_one(&now);
                self.desired.insert(key.clone(), now);
            }
        }
    }

    fn count_one(&mut self, status: &DesiredStatus) {
        let reason = status.reason();
        self.counts[reason as usize] += 1;
        if reason == ReadyReason::WebhookMissing {
            *self.missing.entry(status.eligibility.missing_webhooks()).or_default() += 1;
        }
    }

    fn forget(&mut self, status: &DesiredStatus) {
        let reason = status.reason();
        self.counts[reason as usize] -= 1;
        let missing = status.eligibility.missing_webhooks();
        if reason == ReadyReason::WebhookMissing
            && let Some(count) = self.missing.get_mut(&missing)
        {
            *count -= 1;
            if *count == 0 {
                self.missing.remove(&missing);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::cluster::testing::{object, raw};
    use crate::source::cluster::{ClusterState, Eligibility};
    use crate::webhook::Configuration;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn injections_and_missing_configurations_change_the_statuses_that_they_concern() {
        let key = |name: &str| CompanionKey { namespace: None, name: name.into() };
        let objects = ["a", "b"].map(|name| (key(name), object(raw(name, 1, "i:1"), None)));
        let state = Arc::new(ClusterState::new(objects, SharedMap::default()));
        let (mut effective, mut statuses) = (Effective::default(), Statuses::default());
        let changes = effective.follow(Arc::default(), Some(state));
        statuses.follow(&effective, &changes, &Settings::default());
        let injected =
            |statuses: &Statuses| ["a", "b"].map(|name| statuses.desired().get(&key(name)).unwrap().last_injected);
        for (at, expected) in [(1000, 1000), (1299, 1000), (1300, 1300)] {
            statuses.record_injections([key("a"), key("gone")].iter(), second(at));
            assert_eq!(injected(&statuses), [Some(second(expected)), None], "{at}");
        }
        assert!(statuses.missing_webhooks().is_empty());
        let missing = ConfigurationSet::of(&[Configuration::Requested]);
        statuses.reassess(&effective, &Settings { missing, ..Settings::default() });
        assert_eq!((statuses.missing_webhooks(), statuses.count(ReadyReason::WebhookMissing)), (missing, 2));
        assert_eq!(injected(&statuses), [Some(second(1300)), None], "it is still known");
        let all = ConfigurationSet::of(&[Configuration::Requested, Configuration::OptedIn]);
        let one = effective.desired_status(&key("a"), &Settings { missing: all, ..Settings::default() });
        statuses
            .replace(&key("a"), one.map(|one| DesiredStatus { eligibility: Eligibility::WebhookMissing(all), ..one }));
        assert_eq!(statuses.missing_webhooks(), all, "what one of them lacks is added");
        statuses.replace(&key("a"), None);
        assert_eq!(statuses.missing_webhooks(), missing, "and what no companion lacks any more is removed");
        statuses.replace(&key("a"), effective.desired_status(&key("a"), &Settings::default()));
        statuses.reassess(&effective, &Settings::default());
        assert!(statuses.missing_webhooks().is_empty());
        assert_eq!((statuses.count(ReadyReason::Active), statuses.count(ReadyReason::WebhookMissing)), (2, 0));
    }
}
