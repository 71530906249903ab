//! What one reconciliation does with the policies of another installation.

use kube::runtime::reflector::store::{Writer, store};
use kube::runtime::watcher::Event;
use serde_json::{Value, json};

use super::*;
use crate::policies::objects::COMPANION;
use crate::policies::testing::version;
use crate::policies::versions::{CHANGING, VERSIONS, record};

/// The policy of an installation for new Pods.
fn policy(installation: &str, versions: &str, changing: &str) -> ValidatingAdmissionPolicy {
    let metadata = json!({
        "name": Rule::OnCreate.name_in(installation, "proxy"),
        "labels": {INSTALLATION: installation, COMPANION: "proxy"},
        "annotations": {VERSIONS: versions, CHANGING: changing},
    });
    serde_json::from_value(json!({"metadata": metadata})).unwrap()
}

/// The reconciler of the installation `podgraft`, in a cluster with these policies.
fn reconciler(policies: Vec<ValidatingAdmissionPolicy>) -> Reconciler {
    let (existing, mut writer): (_, Writer<ValidatingAdmissionPolicy>) = store();
    for policy in policies {
        writer.apply_watcher_event(&Event::Apply(policy));
    }
    Reconciler {
        installation: Installation { name: "podgraft".into(), namespace: None, excluded_namespaces: Vec::new() },
        pause: Duration::from_secs(5),
        started: Instant::now(),
        policies: existing,
        bindings: store().0,
        owners: store().0,
        changes: watch::channel(0).1,
        writes: watch::Sender::new(Vec::new()),
        memories: BTreeMap::new(),
        injected: InjectedCompanions::default(),
        again: None,
        state: watch::Sender::new(PolicyState::default()),
    }
}

#[test]
fn a_companion_that_only_another_installation_requires_is_injected() {
    let recorded = record(&[&version("proxy:v1", None)]);
    let mut reconciler = reconciler(vec![policy("second", &recorded, "false")]);
    let pinned = reconciler.reconcile(&BTreeMap::new());
    assert_eq!(pinned["proxy"].containers[0].image.to_string(), "proxy:v1");
}

#[test]
fn a_companion_of_which_only_the_hash_is_recorded_is_reported_until_the_policy_is_gone() {
    let recorded: Value = json!([{"hash": "0123", "metadata": {"name": "proxy"}}]);
    let mut starting = reconciler(vec![policy("second", &recorded.to_string(), "false")]);
    assert!(starting.reconcile(&BTreeMap::new()).is_empty());
    assert!(starting.memories["proxy"].lacks_version, "it is logged once");
    starting.policies = store().0;
    starting.reconcile(&BTreeMap::new());
    assert!(starting.memories.is_empty());
}

#[test]
fn a_wait_is_counted_and_names_the_installation() {
    let recorded = record(&[&version("proxy:v1", None)]);
    let known = BTreeMap::from([("proxy".into(), KnownCompanion::Required(version("proxy:v2", None)))]);
    let policies = |changing| vec![policy("podgraft", &recorded, "false"), policy("second", &recorded, changing)];
    let mut waiting = reconciler(policies("true"));
    waiting.reconcile(&known);
    assert_eq!(waiting.state.borrow().waiting, 1);
    assert_eq!(*waiting.memories["proxy"].waits_for, ["second".into()]);
    let mut settled = reconciler(policies("false"));
    settled.reconcile(&known);
    assert_eq!(settled.state.borrow().waiting, 0);
}
