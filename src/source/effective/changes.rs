//! What has changed from one moment to the next.

use std::collections::HashSet;

use crate::source::key::CompanionKey;
use crate::source::revision::Revision;

/// What has changed of all companions and Namespaces.
#[derive(Debug, Default)]
pub struct SourceChanges {
    /// Whether reviews can come out differently.
    pub behavior: bool,
    keys: HashSet<CompanionKey>,
    /// The ClusterCompanions that have become required, or are no longer.
    requiredness: HashSet<Box<str>>,
}

impl SourceChanges {
    /// The companions whose version, object or source has changed, in no particular order.
    #[must_use]
    pub fn keys(&self) -> Vec<CompanionKey> {
        self.keys.iter().cloned().collect()
    }

    /// The names of the ClusterCompanions that have become required, or are no longer.
    pub fn requiredness(&self) -> impl Iterator<Item = &str> {
        self.requiredness.iter().map(|name| &**name)
    }

    /// Adds a companion.
    pub(super) fn add(&mut self, key: &CompanionKey) {
        if !self.keys.contains(key) {
            self.keys.insert(key.clone());
        }
    }

    /// Records that another version of a companion is used.
    pub(super) fn record(&mut self, key: &CompanionKey, before: Option<&Revision>, now: Option<&Revision>) {
        self.behavior |= before.zip(now).is_none_or(|(before, now)| !before.same_behavior_as(now));
        let is_required = |version: Option<&Revision>| version.is_some_and(|version| version.listed.required());
        if key.namespace.is_none() && is_required(before) != is_required(now) {
            self.requiredness.insert(key.name.clone());
        }
    }
}
