use serde_json::json;

use super::*;
use crate::api::testing::container;
use crate::inject::companion::catalog::Catalog;
use crate::inject::request::namespace::{Namespace, Namespaces, Unlisted};
use crate::inject::snapshot::Settings;
use crate::webhook::{Configuration, ConfigurationSet};

/// A companion that has no warning of its own: a Companion where a namespace is given, and invalid without an image.
fn companion(namespace: Option<&str>, image: &str, change: impl Fn(&mut Value)) -> Value {
    let mut container = container("tick", image);
    if image.is_empty() {
        container.as_object_mut().unwrap().remove("image");
    }
    let kind = if namespace.is_some() { "Companion" } else { "ClusterCompanion" };
    let mut object = json!({
        "apiVersion": "podgraft.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": "tick", "namespace": namespace},
        "spec": {"pattern": "Sidecar", "containers": [container]},
    });
    change(&mut object["spec"]);
    object
}

fn required(spec: &mut Value) {
    spec["activation"] = "ClusterWide".into();
    spec["required"] = true.into();
}

/// The warnings where a companion is applied to a cluster that has others.
fn warnings(applied: &Value, others: &[Value], settings: Settings) -> Vec<String> {
    let entries = others.iter().map(check_companion).map(|checked| (checked.namespace, checked.listed.unwrap()));
    let shop = Namespace::new("shop", [("env", "prod")], []);
    let snapshot = Snapshot {
        companions: Catalog::new(entries),
        namespaces: Namespaces::new([shop], Unlisted::Unknown),
        settings,
        stale: None,
    };
    advise(&applied.to_string(), "shop", &snapshot).warnings
}

#[track_caller]
fn expect(applied: &Value, others: &[Value], settings: Settings, starts: &[&str]) {
    let found = warnings(applied, others, settings);
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}\nexpected: {start}");
    }
}

#[test]
fn a_change_names_the_version_that_new_pods_get() {
    let [one, two] = ["i:1", "i:2"].map(|image| companion(None, image, |_| {}));
    let described = companion(None, "i:1", |spec| spec["description"] = "other words".into());
    expect(&one, &[], Settings::default(), &[]);
    expect(&described, std::slice::from_ref(&one), Settings::default(), &[]);
    let checked = check_companion(&two);
    let hash = &checked.listed.as_ref().unwrap().valid().unwrap().hash[..8];
    let new = format!("podgraft: new Pods get version {hash}; existing Pods keep theirs until they are recreated (");
    expect(&two, std::slice::from_ref(&one), Settings::default(), &[&new]);
}

#[test]
fn an_invalid_companion_names_the_version_that_stays() {
    let [valid, invalid] = ["i:1", ""].map(|image| companion(None, image, |_| {}));
    let problem = "podgraft: this version will not be used: spec.containers[0].image: ";
    let none = "podgraft: spec is invalid and no earlier valid version exists; Pods that request";
    expect(&invalid, &[], Settings::default(), &[none, problem]);
    expect(&invalid, std::slice::from_ref(&invalid), Settings::default(), &[none, problem]);
    let last = "podgraft: spec is invalid; the last valid version ";
    expect(&invalid, &[valid], Settings::default(), &[last, problem]);
}

#[test]
fn a_companion_says_which_cluster_companion_it_replaces_if_that_is_offered_to_its_namespace() {
    let of_shop = companion(Some("shop"), "i:1", |_| {});
    let offered = companion(None, "i:2", |spec| {
        spec["namespaceSelector"] = json!({"matchLabels": {"env": "prod"}});
    });
    let hidden = companion(None, "i:2", |spec| {
        spec["namespaceSelector"] = json!({"matchLabels": {"env": "test"}});
    });
    let replaces = "podgraft: in namespace shop this Companion replaces ClusterCompanion tick completely";
    expect(&of_shop, std::slice::from_ref(&offered), Settings::default(), &[replaces]);
    expect(&of_shop, &[hidden], Settings::default(), &[]);
    expect(&of_shop, &[offered.clone(), of_shop.clone()], Settings::default(), &[]);
    expect(&companion(Some("unknown"), "i:1", |_| {}), &[offered], Settings::default(), &[]);
    let shadowed = "podgraft: shadowed by a required ClusterCompanion with the same name; choose another name";
    expect(&of_shop, &[companion(None, "i:2", required)], Settings::default(), &[shadowed]);
}

#[test]
fn a_companion_that_no_pod_will_get_says_why() {
    let guard = companion(None, "i:1", required);
    let disabled = Settings { required: false, ..Settings::default() };
    expect(&guard, &[], disabled, &["podgraft: required companions are disabled, so this companion is not injected"]);
    let without = || Settings {
        missing: ConfigurationSet::of(&[Configuration::ClusterWide]),
        installation: "grafter".into(),
        ..Settings::default()
    };
    let missing = "podgraft: webhook configuration grafter-cluster-wide does not exist: the Pods that would be sent to \
                   podgraft are created without this companion; set webhooks.clusterWide.enabled in podgraft's chart";
    let wide = companion(None, "i:1", |spec| spec["activation"] = "ClusterWide".into());
    expect(&wide, &[], without(), &[missing]);
    expect(&companion(None, "i:1", |_| {}), &[], without(), &[]);
}
