//! Following changes one by one gives the same result as combining all sources at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::inject::companion::catalog::CatalogEntry;
use crate::source::cluster::testing::{object, raw, required};
use crate::source::cluster::{ReadyReason, WatchedCompanion};
use crate::source::statuses::Statuses;

const NAMESPACES: [Option<&str>; 3] = [None, Some("shop"), Some("team")];
const NAMES: [&str; 3] = ["a", "b", "c"];
const VARIANTS: usize = 6;

/// A change of a source.
#[derive(Debug, Clone)]
enum Step {
    Cluster(CompanionKey, Option<usize>),
    File(CompanionKey, Option<usize>),
    Pin(&'static str, Option<usize>),
    Namespace(&'static str, bool),
    /// Everything is listed again, so that the states share no memory.
    List,
}

/// All versions of all companions, each compiled once.
static POOL: LazyLock<BTreeMap<(CompanionKey, usize), Arc<WatchedCompanion>>> = LazyLock::new(|| {
    let variants = |key: CompanionKey| (0..VARIANTS).map(move |variant| (key.clone(), variant));
    keys()
        .into_iter()
        .flat_map(variants)
        .map(|(key, variant)| ((key.clone(), variant), version(&key, variant)))
        .collect()
});

fn keys() -> Vec<CompanionKey> {
    let key =
        |namespace: Option<&str>, name: &str| CompanionKey { namespace: namespace.map(Box::from), name: name.into() };
    NAMESPACES.iter().flat_map(|namespace| NAMES.map(|name| key(*namespace, name))).collect()
}

fn version(key: &CompanionKey, variant: usize) -> Arc<WatchedCompanion> {
    let mut raw = raw(&key.name, 1, ["i:1", "i:2", "", "i:3", "i:4", "i:5"][variant]);
    match variant {
        3 if key.namespace.is_none() => raw = required(raw),
        4 => {
            raw.object["spec"]["activation"] = "ClusterWide".into();
            raw.object["spec"]["podSelector"] = json!({"matchLabels": {"app": "web"}});
        }
        5 => raw.object["spec"]["activation"] = "OptedInNamespaces".into(),
        _ => {}
    }
    if let Some(namespace) = &key.namespace {
        raw.object["kind"] = "Companion".into();
        raw.object["metadata"]["namespace"] = (**namespace).into();
    }
    object(raw, None)
}

fn step() -> impl Strategy<Value = Step> {
    let key = || prop::sample::select(keys());
    let variant = || prop::option::weighted(0.7, 0..VARIANTS);
    prop_oneof![
        6 => (key(), variant()).prop_map(|(key, variant)| Step::Cluster(key, variant)),
        3 => (key(), variant()).prop_map(|(key, variant)| Step::File(key, variant)),
        1 => (prop::sample::select(&NAMES), variant()).prop_map(|(name, variant)| Step::Pin(name, variant)),
        1 => (prop::sample::select(&["shop", "team"]), any::<bool>()).prop_map(|(name, exists)| Step::Namespace(name, exists)),
        1 => Just(Step::List),
    ]
}

/// The sources, and what they declare without any sharing.
#[derive(Default)]
struct Sources {
    cluster: ClusterState,
    files: Declarations,
    pinned: BTreeMap<Box<str>, Revision>,
}

impl Sources {
    fn apply(&mut self, step: Step) {
        let of_pool = |key: &CompanionKey, variant| Arc::clone(&POOL[&(key.clone(), variant)]);
        match step {
            Step::Cluster(key, variant) => {
                let object = variant.map(|variant| of_pool(&key, variant));
                self.cluster.replace(&key, object);
            }
            Step::File(key, Some(variant)) => {
                let version = of_pool(&key, variant).version.clone();
                self.files.companions.insert(key, version);
            }
            Step::File(key, None) => _ = self.files.companions.remove(&key),
            Step::Pin(name, variant) => {
                let key = CompanionKey { namespace: None, name: name.into() };
                match variant {
                    Some(variant) => _ = self.pinned.insert(name.into(), of_pool(&key, variant).version.clone()),
                    None => _ = self.pinned.remove(name),
                }
            }
            Step::Namespace(name, true) => {
                self.cluster.namespaces.insert(name.into(), Arc::new(Namespace::name_only(name)));
            }
            Step::Namespace(name, false) => _ = self.cluster.namespaces.remove(name),
            Step::List => {
                let objects: Vec<_> = self.cluster.iter().map(|(k, o)| (k.clone(), Arc::clone(o))).collect();
                let namespaces =
                    self.cluster.namespaces.iter().map(|(name, n)| (name.clone(), Arc::clone(n))).collect();
                self.cluster = ClusterState::new(objects, namespaces);
            }
        }
    }

    fn version(&self, key: &CompanionKey) -> Option<&Revision> {
        let pinned = self.pinned.get(&key.name).filter(|_| key.namespace.is_none());
        let declared = || self.cluster.get(key).map(|object| &object.version);
        pinned.or_else(|| self.files.companions.get(key)).or_else(declared)
    }
}

/// What reviews find: by name, and automatic for a Pod.
fn found(catalog: &Catalog) -> Vec<String> {
    let mut found = Vec::new();
    for namespace in NAMESPACES.into_iter().flatten() {
        let resolved = NAMES.map(|name| catalog.resolve(namespace, name).map(describe));
        let labels = [(crate::inject::keys::NAMESPACE_NAME, namespace)];
        let automatic: BTreeSet<_> = catalog
            .automatic(namespace, [("app", "web")].into_iter(), ["app"].into_iter(), labels.into_iter())
            .map(describe)
            .collect();
        let names: BTreeSet<_> = catalog.names(namespace).collect();
        found.push(format!("{resolved:?} {automatic:?} {names:?}"));
    }
    found
}

/// An entry, with its address.
fn describe(entry: &CatalogEntry) -> String {
    match entry {
        CatalogEntry::Valid(companion) => format!("{} {:?}", companion.name, Arc::as_ptr(companion)),
        CatalogEntry::Invalid(invalid) => format!("{} {}", invalid.name, invalid.required),
    }
}

fn check(followed: &Effective, statuses: &Statuses, sources: &Sources, settings: &Settings) {
    let versions: Vec<_> =
        keys().into_iter().filter_map(|key| Some((key.clone(), sources.version(&key)?.clone()))).collect();
    let entries = versions.iter().map(|(key, version)| (key.namespace.clone(), version.listed.clone()));
    assert_eq!(found(&followed.catalog), found(&Catalog::new(entries)));
    assert_eq!((followed.catalog.len(), followed.companions.len()), (versions.len(), versions.len()));
    let mut tally = Tally::default();
    versions.iter().rev().for_each(|(key, version)| tally.replace(key, None, Some(version)));
    assert_eq!(followed.tally, tally);
    assert_eq!(followed.namespaces(), sources.cluster.namespaces.len());
    let mut counts = [0; ReadyReason::ALL.len()];
    for key in keys() {
        let (kept, now) = (statuses.desired().get(&key), followed.desired_status(&key, settings));
        assert_eq!(kept.map(DesiredStatus::reason), now.as_ref().map(DesiredStatus::reason), "{key}");
        assert_eq!(kept.map(|s| Arc::as_ptr(&s.object)), now.as_ref().map(|s| Arc::as_ptr(&s.object)), "{key}");
        if let Some(status) = &now {
            counts[status.reason() as usize] += 1;
        }
    }
    assert_eq!(ReadyReason::ALL.map(|reason| statuses.count(reason)), counts);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn changes_that_are_followed_one_by_one_lead_to_what_all_sources_declare_together(
        steps in prop::collection::vec(step(), 1..40), required: bool,
    ) {
        let settings = Settings { required, ..Settings::default() };
        let (mut sources, mut followed, mut statuses) = (Sources::default(), Effective::default(), Statuses::default());
        for step in steps {
            sources.apply(step);
            let before = (found(&followed.catalog), followed.namespaces(), followed.has_cluster());
            let cluster = Some(Arc::new(sources.cluster.clone()));
            let mut changes = followed.follow(Arc::new(sources.files.clone()), cluster);
            followed.pin(sources.pinned.clone(), &mut changes);
            statuses.follow(&followed, &changes, &settings);
            check(&followed, &statuses, &sources, &settings);
            let now = (found(&followed.catalog), followed.namespaces(), followed.has_cluster());
            prop_assert!(changes.behavior || before == now, "a snapshot would be missed");
        }
    }
}
