use serde_json::json;

use super::*;
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::request::namespace::Namespace;
use crate::source::cluster::testing::{object, raw, required, with_status};
use crate::source::cluster::{ReadyReason, WatchedCompanion};

fn key(namespace: Option<&str>, name: &str) -> CompanionKey {
    CompanionKey { namespace: namespace.map(Box::from), name: name.into() }
}

fn declarations(objects: &[(CompanionKey, Arc<WatchedCompanion>)], namespaces: &[&str]) -> Declarations {
    let namespaces = namespaces.iter().map(|name| (Box::from(*name), Arc::new(Namespace::name_only(name))));
    Declarations {
        companions: objects.iter().map(|(key, object)| (key.clone(), object.version.clone())).collect(),
        namespaces: namespaces.collect(),
    }
}

fn state(objects: &[(CompanionKey, Arc<WatchedCompanion>)], namespaces: &[&str]) -> Arc<ClusterState> {
    let declarations = declarations(objects, namespaces);
    Arc::new(ClusterState::new(objects.iter().cloned(), declarations.namespaces))
}

fn image(snapshot: &Snapshot, namespace: &str, name: &str) -> Option<String> {
    match snapshot.companions.resolve(namespace, name)? {
        CatalogEntry::Valid(companion) => Some(companion.containers[0].image.to_string()),
        CatalogEntry::Invalid(_) => None,
    }
}

#[test]
fn a_companion_in_a_file_overrides_that_of_the_cluster() {
    let files = declarations(&[(key(None, "a"), object(raw("a", 1, "file:1"), None))], &[]);
    let cluster = [("a", "cluster:1"), ("b", "cluster:1")];
    let cluster = cluster.map(|(name, image)| (key(None, name), object(raw(name, 1, image), None)));
    let effective = Effective::new(Arc::new(files), Some(state(&cluster, &["shop"])));
    let snapshot = effective.snapshot(Settings::default());
    assert_eq!(image(&snapshot, "shop", "a").as_deref(), Some("file:1"));
    assert_eq!(image(&snapshot, "shop", "b").as_deref(), Some("cluster:1"));
    assert!(effective.is_in_file(&key(None, "a")) && !effective.is_in_file(&key(None, "b")));
    assert!(!effective.is_in_file(&key(Some("shop"), "a")));
    assert_eq!(effective.valid_and_invalid(), (2, 0));
}

#[test]
fn namespaces_come_from_the_cluster_where_there_is_one() {
    let files = Arc::new(declarations(&[], &["of-a-file"]));
    let alone = Effective::new(Arc::clone(&files), None).snapshot(Settings::default());
    assert!(alone.namespaces.listed("of-a-file").is_some());
    assert_eq!(alone.namespaces.unlisted(), Unlisted::NameOnly);
    let both = Effective::new(files, Some(state(&[], &["shop"]))).snapshot(Settings::default());
    assert!(both.namespaces.listed("of-a-file").is_none() && both.namespaces.listed("shop").is_some());
    assert_eq!(both.namespaces.unlisted(), Unlisted::Unknown);
}

#[test]
fn the_same_versions_have_the_same_fingerprint() {
    let valid = object(raw("a", 1, "i:1"), None);
    let fingerprint = |object: &Arc<WatchedCompanion>, namespace: Option<&str>| {
        let objects = [(key(namespace, "a"), Arc::clone(object))];
        Effective::new(Arc::default(), Some(state(&objects, &[]))).fingerprint()
    };
    let written = object(with_status(raw("a", 1, "i:1"), "11", json!({"hash": "x"})), None);
    assert_eq!(fingerprint(&valid, None), fingerprint(&written, None));
    // A replica that has just started knows no last valid version.
    let (kept, lost) = (object(raw("a", 2, ""), Some(&valid)), object(raw("a", 2, ""), None));
    assert_eq!(fingerprint(&valid, None), fingerprint(&kept, None));
    for other in [
        fingerprint(&lost, None),
        fingerprint(&object(raw("a", 2, "i:2"), Some(&valid)), None),
        fingerprint(&valid, Some("shop")),
        Effective::default().fingerprint(),
    ] {
        assert_ne!(other, fingerprint(&valid, None));
    }
    assert!(fingerprint(&valid, None) < 1 << 48, "a sample of Prometheus has 53 bits");
}

#[test]
fn a_required_companion_shadows_its_name_in_all_namespaces() {
    let required_one = (key(None, "guard"), object(required(raw("guard", 1, "i:1")), None));
    let other = (key(None, "free"), object(raw("free", 1, "i:1"), None));
    let effective = Effective::new(Arc::default(), Some(state(&[required_one, other], &[])));
    assert!(effective.is_shadowed_by_required(&key(Some("shop"), "guard")));
    assert!(
        !effective.is_shadowed_by_required(&key(None, "guard"))
            && !effective.is_shadowed_by_required(&key(Some("shop"), "free"))
    );
}

#[test]
fn a_status_does_not_change_the_behavior() {
    let first = object(raw("a", 1, "i:1"), None);
    let written = object(with_status(raw("a", 1, "i:1"), "11", json!({"hash": "x"})), Some(&first));
    let invalid = |generation| object(raw("b", generation, ""), None);
    let namespaces = state(&[], &["shop"]).namespaces.clone();
    let followed = |a: &Arc<WatchedCompanion>, b: Arc<WatchedCompanion>| {
        let objects = [(key(None, "a"), Arc::clone(a)), (key(None, "b"), b)];
        Some(Arc::new(ClusterState::new(objects, namespaces.clone())))
    };
    let now = Effective::new(Arc::default(), followed(&first, invalid(1)));
    let changes = |to: Option<Arc<ClusterState>>| now.clone().follow(Arc::default(), to);
    let of_status = changes(followed(&written, invalid(2)));
    assert!(!of_status.behavior && of_status.keys().len() == 2);
    assert!(changes(followed(&object(raw("a", 2, "i:2"), Some(&first)), invalid(1))).behavior);
    assert!(changes(Some(state(&[], &["shop"]))).behavior, "both companions were deleted");
    assert!(changes(None).behavior);
}

#[test]
fn a_companion_is_eligible_unless_something_else_takes_its_place() {
    let in_file = declarations(&[(key(None, "file"), object(raw("file", 1, "i:1"), None))], &[]);
    let cluster = [
        (key(None, "file"), object(raw("file", 1, "i:2"), None)),
        (key(None, "free"), object(raw("free", 1, "i:1"), None)),
        (key(None, "guard"), object(required(raw("guard", 1, "i:1")), None)),
        (key(Some("shop"), "guard"), object(raw("guard", 1, ""), None)),
    ];
    let effective = Effective::new(Arc::new(in_file), Some(state(&cluster, &[])));
    let reasons = |settings: &Settings| {
        cluster.each_ref().map(|(key, _)| effective.desired_status(key, settings).unwrap().reason())
    };
    let [overridden, shadowed] = [ReadyReason::OverriddenByFile, ReadyReason::ShadowedByRequired];
    let enabled = Settings { required: true, ..Settings::default() };
    assert_eq!(reasons(&enabled), [overridden, ReadyReason::Active, ReadyReason::Active, shadowed]);
    let disabled = Settings { required: false, ..Settings::default() };
    assert_eq!(reasons(&disabled), [overridden, ReadyReason::Active, ReadyReason::RequiredDisabled, shadowed]);
}

#[test]
fn a_companion_is_not_ready_while_a_webhook_configuration_that_it_needs_does_not_exist() {
    use crate::webhook::{Configuration, ConfigurationSet};
    let activated = |name: &str, activation: &str| {
        let mut raw = raw(name, 1, "i:1");
        raw.object["spec"]["activation"] = activation.into();
        object(raw, None)
    };
    let cluster = [
        (key(None, "asked"), activated("asked", "OnRequest")),
        (key(None, "shared"), activated("shared", "OptedInNamespaces")),
        (key(None, "wide"), activated("wide", "ClusterWide")),
        (key(None, "guard"), object(required(raw("guard", 1, "i:1")), None)),
    ];
    let effective = Effective::new(Arc::default(), Some(state(&cluster, &[])));
    let not_ready = |missing: &[Configuration]| {
        let settings = Settings { missing: ConfigurationSet::of(missing), ..Settings::default() };
        let reasons = cluster.each_ref().map(|(key, _)| effective.desired_status(key, &settings).unwrap().reason());
        reasons.map(|reason| reason == ReadyReason::WebhookMissing)
    };
    assert_eq!(not_ready(&[]), [false; 4]);
    assert_eq!(not_ready(&[Configuration::Requested]), [true; 4]);
    assert_eq!(not_ready(&[Configuration::OptedIn]), [false, true, true, true]);
    assert_eq!(not_ready(&[Configuration::ClusterWide]), [false, false, true, true]);
    assert_eq!(not_ready(&[Configuration::OptedOut]), [false, false, false, true]);
    assert_eq!(not_ready(&[Configuration::Preview]), [false; 4]);
}

#[test]
fn injections_are_taken_once_and_the_first_names_are_those_of_cluster_companions() {
    let cluster = ["b", "a", "c"].map(|name| (key(None, name), object(raw(name, 1, "i:1"), None)));
    let effective = Effective::new(Arc::default(), Some(state(&cluster, &[])));
    for _ in 0..3 {
        effective.catalog.resolve("shop", "b").unwrap().valid().unwrap().injections.increment();
    }
    assert_eq!(effective.take_injections_of([key(None, "a")].iter()).count(), 0, "the counter of b is not visited");
    assert_eq!(effective.take_injections(), [(key(None, "b"), 3)]);
    assert_eq!(effective.take_injections(), []);
    assert_eq!(effective.first_names(2).into_iter().collect::<Vec<_>>(), ["a", "b"]);
}
