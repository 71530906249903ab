//! What all sources declare together, and the [`Snapshot`] that reviews use.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use ring::digest::{Context, SHA256};

use super::cluster::{ClusterState, DesiredStatus, Eligibility};
use super::declarations::{Declarations, NamespacesByName};
use super::key::CompanionKey;
use super::revision::Revision;
use crate::inject::companion::catalog::{Catalog, CatalogEntry};
use crate::inject::request::namespace::{Namespaces, Unlisted};
use crate::inject::snapshot::{Settings, Snapshot};

/// What all sources declare together at one moment.
#[derive(Debug, Clone, Default)]
pub struct Effective {
    /// The version of each companion that is used.
    pub companions: BTreeMap<CompanionKey, Revision>,
    namespaces: Arc<NamespacesByName>,
    files: Arc<Declarations>,
    cluster: Option<Arc<ClusterState>>,
}

impl Effective {
    /// Combines the sources. A companion in a file overrides that of the cluster with the same kind, namespace and name.
    /// Where there is a cluster, Namespaces come from there alone.
    #[must_use]
    pub fn new(files: Arc<Declarations>, cluster: Option<Arc<ClusterState>>) -> Self {
        let watched = cluster.iter().flat_map(|c| &c.objects).map(|(key, object)| (key, &object.version));
        let companions =
            watched.chain(&files.companions).map(|(key, version)| (key.clone(), version.clone())).collect();
        let namespaces = Arc::clone(cluster.as_ref().map_or(&files.namespaces, |cluster| &cluster.namespaces));
        Effective { companions, namespaces, files, cluster }
    }

    /// The form in which reviews use it.
    #[must_use]
    pub fn snapshot(&self, settings: Settings) -> Snapshot {
        let companions = self.companions.iter().map(|(key, version)| (key.namespace.clone(), version.listed.clone()));
        let namespaces = self.namespaces.values().map(|namespace| (**namespace).clone());
        let unlisted = if self.cluster.is_some() { Unlisted::Unknown } else { Unlisted::NameOnly };
        Snapshot { companions: Catalog::new(companions), namespaces: Namespaces::new(namespaces, unlisted), settings }
    }

    /// Whether reviews come out the same with the other one.
    #[must_use]
    pub fn same_behavior_as(&self, other: &Effective) -> bool {
        let same = |((key, version), (other_key, other)): ((&CompanionKey, &Revision), (&CompanionKey, &Revision))| {
            key == other_key && version.same_behavior_as(other)
        };
        Arc::ptr_eq(&self.namespaces, &other.namespaces)
            && self.companions.len() == other.companions.len()
            && self.companions.iter().zip(&other.companions).all(same)
    }

    /// The number of companions that can be injected, in their newest or in their last valid version, and the number of
    /// those without a valid version.
    #[must_use]
    pub fn valid_and_invalid(&self) -> (usize, usize) {
        let valid = self.companions.values().filter(|version| matches!(version.listed, CatalogEntry::Valid(_))).count();
        (valid, self.companions.len() - valid)
    }

    /// 48 bits that are the same where the same versions of the same companions are used.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut digest = Context::new(&SHA256);
        for (key, version) in &self.companions {
            digest.update(format!("{key}={}\n", version.hash().unwrap_or("invalid")).as_bytes());
        }
        digest.finish().as_ref()[..6].iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte))
    }

    /// The number of Namespaces.
    #[must_use]
    pub fn namespaces(&self) -> usize {
        self.namespaces.len()
    }

    /// Whether companions are watched in a cluster.
    #[must_use]
    pub fn has_cluster(&self) -> bool {
        self.cluster.is_some()
    }

    /// Whether a companion is required.
    #[must_use]
    pub fn has_required(&self) -> bool {
        self.companions.values().any(|version| version.listed.required())
    }

    /// What the status of each companion of the cluster should say; none where no cluster is watched.
    #[must_use]
    pub fn desired_statuses(&self, settings: &Settings) -> Vec<DesiredStatus> {
        let objects = self.cluster.iter().flat_map(|cluster| &cluster.objects);
        let desired = objects.map(|(key, object)| DesiredStatus {
            key: key.clone(),
            object: Arc::clone(object),
            eligibility: self.eligibility(key, settings),
        });
        desired.collect()
    }

    fn eligibility(&self, key: &CompanionKey, settings: &Settings) -> Eligibility {
        let required = self.companions.get(key).is_some_and(|version| version.listed.required());
        if self.is_in_file(key) {
            Eligibility::OverriddenByFile
        } else if self.is_shadowed_by_required(key) {
            Eligibility::ShadowedByRequired
        } else if required && !settings.required {
            Eligibility::RequiredDisabled
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
