//! What is known out of all sources, and the one place that makes a [`World`] of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ring::digest::{Context, SHA256};

use super::cluster::ClusterState;
use super::key::CompanionKey;
use super::revision::Revision;
use crate::inject::companion::catalog::{Catalog, CatalogEntry};
use crate::inject::request::namespace::{Namespace, Namespaces, Unlisted};
use crate::inject::snapshot::{Settings, Snapshot};

/// Namespaces by name.
pub type ByName = BTreeMap<Box<str>, Arc<Namespace>>;

/// What one set of manifests declares.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// The companions.
    pub companions: BTreeMap<CompanionKey, Revision>,
    /// The Namespaces.
    pub namespaces: Arc<ByName>,
}

/// What is known out of all sources at one moment.
#[derive(Debug, Clone, Default)]
pub struct Effective {
    /// The version of each companion that is used.
    pub companions: BTreeMap<CompanionKey, Revision>,
    namespaces: Arc<ByName>,
    files: Arc<Declared>,
    cluster: Option<Arc<ClusterState>>,
}

impl Effective {
    /// Puts the sources together. A file's companion takes the place of the cluster's with the same kind, namespace and
    /// name. Where there is a cluster, Namespaces are what it says.
    #[must_use]
    pub fn new(files: Arc<Declared>, cluster: Option<Arc<ClusterState>>) -> Self {
        let watched = cluster.iter().flat_map(|c| &c.objects).map(|(key, object)| (key, &object.version));
        let companions =
            watched.chain(&files.companions).map(|(key, version)| (key.clone(), version.clone())).collect();
        let namespaces = Arc::clone(cluster.as_ref().map_or(&files.namespaces, |cluster| &cluster.namespaces));
        Effective { companions, namespaces, files, cluster }
    }

    /// Everything as a review needs it.
    #[must_use]
    pub fn snapshot(&self, settings: Settings) -> Snapshot {
        let companions = self.companions.iter().map(|(key, version)| (key.namespace.clone(), version.listed.clone()));
        let namespaces = self.namespaces.values().map(|namespace| (**namespace).clone());
        let unlisted = if self.cluster.is_some() { Unlisted::Unknown } else { Unlisted::NameOnly };
        Snapshot { companions: Catalog::new(companions), namespaces: Namespaces::new(namespaces, unlisted), settings }
    }

    /// Whether a snapshot of the other one would be the same.
    #[must_use]
    pub fn same_behavior_as(&self, other: &Effective) -> bool {
        let same = |((key, version), (other_key, other)): ((&CompanionKey, &Revision), (&CompanionKey, &Revision))| {
            key == other_key && version.same_behavior_as(other)
        };
        Arc::ptr_eq(&self.namespaces, &other.namespaces)
            && self.companions.len() == other.companions.len()
            && self.companions.iter().zip(&other.companions).all(same)
    }

    /// How many companions can be injected, at their newest or at their last good version, and how many have no good
    /// version.
    #[must_use]
    pub fn valid_and_invalid(&self) -> (usize, usize) {
        let good = self.companions.values().filter(|version| matches!(version.listed, CatalogEntry::Valid(_))).count();
        (good, self.companions.len() - good)
    }

    /// 48 bits that are the same where the same companions are used in the same versions.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut digest = Context::new(&SHA256);
        for (key, version) in &self.companions {
            digest.update(format!("{key}={}\n", version.hash().unwrap_or("broken")).as_bytes());
        }
        digest.finish().as_ref()[..6].iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte))
    }

    /// How many Namespaces are known.
    #[must_use]
    pub fn namespaces(&self) -> usize {
        self.namespaces.len()
    }

    /// What stands in the cluster, where one is watched.
    #[must_use]
    pub fn cluster(&self) -> Option<&ClusterState> {
        self.cluster.as_deref()
    }

    /// Whether a file declares this companion.
    #[must_use]
    pub fn in_a_file(&self, key: &CompanionKey) -> bool {
        self.files.companions.contains_key(key)
    }

    /// Whether a required ClusterCompanion holds this Companion's name.
    #[must_use]
    pub fn is_shadowed_by_required(&self, key: &CompanionKey) -> bool {
        let cluster_wide = CompanionKey { namespace: None, name: key.name.clone() };
        key.namespace.is_some() && self.companions.get(&cluster_wide).is_some_and(|held| held.listed.required())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::cluster::WatchedCompanion;
    use crate::source::cluster::testing::{object, raw, required, with_status};

    fn key(namespace: Option<&str>, name: &str) -> CompanionKey {
        CompanionKey { namespace: namespace.map(Box::from), name: name.into() }
    }

    fn parts(objects: &[(CompanionKey, Arc<WatchedCompanion>)], namespaces: &[&str]) -> Declared {
        let namespaces = namespaces.iter().map(|name| (Box::from(*name), Arc::new(Namespace::name_only(name))));
        Declared {
            companions: objects.iter().map(|(key, object)| (key.clone(), object.version.clone())).collect(),
            namespaces: Arc::new(namespaces.collect()),
        }
    }

    fn snapshot(objects: &[(CompanionKey, Arc<WatchedCompanion>)], namespaces: &[&str]) -> Arc<ClusterState> {
        let parts = parts(objects, namespaces);
        Arc::new(ClusterState { objects: objects.iter().cloned().collect(), namespaces: parts.namespaces })
    }

    fn image(snapshot: &Snapshot, namespace: &str, name: &str) -> Option<String> {
        match snapshot.companions.resolve(namespace, name)? {
            CatalogEntry::Valid(companion) => Some(companion.containers[0].image.to_string()),
            CatalogEntry::Invalid(_) => None,
        }
    }

    #[test]
    fn a_files_companion_takes_the_place_of_the_clusters() {
        let files = parts(&[(key(None, "a"), object(raw("a", 1, "file:1"), None))], &[]);
        let cluster = [("a", "cluster:1"), ("b", "cluster:1")];
        let cluster = cluster.map(|(name, image)| (key(None, name), object(raw(name, 1, image), None)));
        let known = Effective::new(Arc::new(files), Some(snapshot(&cluster, &["shop"])));
        let snapshot = known.snapshot(Settings::default());
        assert_eq!(image(&snapshot, "shop", "a").as_deref(), Some("file:1"));
        assert_eq!(image(&snapshot, "shop", "b").as_deref(), Some("cluster:1"));
        assert!(known.in_a_file(&key(None, "a")) && !known.in_a_file(&key(None, "b")));
        assert!(!known.in_a_file(&key(Some("shop"), "a")));
        assert_eq!(known.valid_and_invalid(), (2, 0));
    }

    #[test]
    fn namespaces_are_what_the_cluster_says_where_there_is_one() {
        let files = Arc::new(parts(&[], &["of-a-file"]));
        let alone = Effective::new(Arc::clone(&files), None).snapshot(Settings::default());
        assert!(alone.namespaces.listed("of-a-file").is_some());
        assert_eq!(alone.namespaces.unlisted(), Unlisted::NameOnly);
        let both = Effective::new(files, Some(snapshot(&[], &["shop"]))).snapshot(Settings::default());
        assert!(both.namespaces.listed("of-a-file").is_none() && both.namespaces.listed("shop").is_some());
        assert_eq!(both.namespaces.unlisted(), Unlisted::Unknown);
    }

    #[test]
    fn who_uses_the_same_versions_has_the_same_fingerprint() {
        let good = object(raw("a", 1, "i:1"), None);
        let fingerprint = |object: &Arc<WatchedCompanion>, namespace: Option<&str>| {
            let objects = [(key(namespace, "a"), Arc::clone(object))];
            Effective::new(Arc::default(), Some(snapshot(&objects, &[]))).fingerprint()
        };
        let told = object(with_status(raw("a", 1, "i:1"), "11", json!({"hash": "x"})), None);
        assert_eq!(fingerprint(&good, None), fingerprint(&told, None));
        // Who has just started knows no last good version.
        let (kept, lost) = (object(raw("a", 2, ""), Some(&good)), object(raw("a", 2, ""), None));
        assert_eq!(fingerprint(&good, None), fingerprint(&kept, None));
        for other in [
            fingerprint(&lost, None),
            fingerprint(&object(raw("a", 2, "i:2"), Some(&good)), None),
            fingerprint(&good, Some("shop")),
            Effective::default().fingerprint(),
        ] {
            assert_ne!(other, fingerprint(&good, None));
        }
        assert!(fingerprint(&good, None) < 1 << 48, "Prometheus keeps 53 bits");
    }

    #[test]
    fn a_required_one_holds_its_name_in_all_namespaces() {
        let held = (key(None, "guard"), object(required(raw("guard", 1, "i:1")), None));
        let free = (key(None, "free"), object(raw("free", 1, "i:1"), None));
        let known = Effective::new(Arc::default(), Some(snapshot(&[held, free], &[])));
        assert!(known.is_shadowed_by_required(&key(Some("shop"), "guard")));
        assert!(
            !known.is_shadowed_by_required(&key(None, "guard"))
                && !known.is_shadowed_by_required(&key(Some("shop"), "free"))
        );
    }

    #[test]
    fn nothing_is_made_anew_for_a_status() {
        let first = object(raw("a", 1, "i:1"), None);
        let told = object(with_status(raw("a", 1, "i:1"), "11", json!({"hash": "x"})), Some(&first));
        let broken = |generation| object(raw("b", generation, ""), None);
        let namespaces = snapshot(&[], &["shop"]).namespaces.clone();
        let known = |a: &Arc<WatchedCompanion>, b: Arc<WatchedCompanion>| {
            let objects = [(key(None, "a"), Arc::clone(a)), (key(None, "b"), b)].into();
            let snapshot = ClusterState { objects, namespaces: Arc::clone(&namespaces) };
            Effective::new(Arc::default(), Some(Arc::new(snapshot)))
        };
        let now = known(&first, broken(1));
        assert!(now.same_behavior_as(&known(&told, broken(2))));
        assert!(!now.same_behavior_as(&known(&object(raw("a", 2, "i:2"), Some(&first)), broken(1))));
        assert!(!now.same_behavior_as(&Effective::default()));
    }
}
