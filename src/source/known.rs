//! What is known out of all sources, and the one place that makes a [`World`] of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cluster::Snapshot;
use super::history::Version;
use super::key::Key;
use crate::inject::catalogue::{Catalogue, Listed};
use crate::inject::namespace::{Namespace, Namespaces, Unlisted};
use crate::inject::world::{Settings, World};

/// Namespaces by name.
pub type ByName = BTreeMap<Box<str>, Arc<Namespace>>;

/// What one set of manifests declares.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// The companions.
    pub companions: BTreeMap<Key, Version>,
    /// The Namespaces.
    pub namespaces: Arc<ByName>,
}

/// What is known out of all sources at one moment.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The version of each companion that is used.
    pub companions: BTreeMap<Key, Version>,
    namespaces: Arc<ByName>,
    files: Arc<Parts>,
    cluster: Option<Arc<Snapshot>>,
}

impl Known {
    /// Puts the sources together. A file's companion takes the place of the cluster's with the same kind, namespace and
    /// name. Where there is a cluster, Namespaces are what it says.
    #[must_use]
    pub fn new(files: Arc<Parts>, cluster: Option<Arc<Snapshot>>) -> Self {
        let watched = cluster.iter().flat_map(|c| &c.objects).map(|(key, object)| (key, &object.version));
        let companions =
            watched.chain(&files.companions).map(|(key, version)| (key.clone(), version.clone())).collect();
        let namespaces = Arc::clone(cluster.as_ref().map_or(&files.namespaces, |cluster| &cluster.namespaces));
        Known { companions, namespaces, files, cluster }
    }

    /// Everything as a review needs it.
    #[must_use]
    pub fn world(&self, settings: Settings) -> World {
        let companions = self.companions.iter().map(|(key, version)| (key.namespace.clone(), version.listed.clone()));
        let namespaces = self.namespaces.values().map(|namespace| (**namespace).clone());
        let unlisted = if self.cluster.is_some() { Unlisted::Unknown } else { Unlisted::NameOnly };
        World { companions: Catalogue::new(companions), namespaces: Namespaces::new(namespaces, unlisted), settings }
    }

    /// Whether a world of the other one would be the same.
    #[must_use]
    pub fn is_as(&self, other: &Known) -> bool {
        let same = |((key, version), (other_key, other)): ((&Key, &Version), (&Key, &Version))| {
            key == other_key && version.is(other)
        };
        Arc::ptr_eq(&self.namespaces, &other.namespaces)
            && self.companions.len() == other.companions.len()
            && self.companions.iter().zip(&other.companions).all(same)
    }

    /// How many companions can be injected, at their newest or at their last good version, and how many have no good
    /// version.
    #[must_use]
    pub fn good_and_broken(&self) -> (usize, usize) {
        let good = self.companions.values().filter(|version| matches!(version.listed, Listed::Good(_))).count();
        (good, self.companions.len() - good)
    }

    /// How many Namespaces are known.
    #[must_use]
    pub fn namespaces(&self) -> usize {
        self.namespaces.len()
    }

    /// What stands in the cluster, where one is watched.
    #[must_use]
    pub fn cluster(&self) -> Option<&Snapshot> {
        self.cluster.as_deref()
    }

    /// Whether a file declares this companion.
    #[must_use]
    pub fn in_a_file(&self, key: &Key) -> bool {
        self.files.companions.contains_key(key)
    }

    /// Whether a required ClusterCompanion holds this Companion's name.
    #[must_use]
    pub fn is_held(&self, key: &Key) -> bool {
        let cluster_wide = Key { namespace: None, name: key.name.clone() };
        key.namespace.is_some() && self.companions.get(&cluster_wide).is_some_and(|held| held.listed.required())
    }
}
