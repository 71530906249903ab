//! Companions that are not offered to a namespace are not revealed there, and Pods that a required companion selects are
//! denied where the companion is invalid.

use podgraft::internals::api;
use podgraft::internals::inject::companion::catalog::{Catalog, CatalogEntry};
use podgraft::internals::inject::request::namespace::{Namespaces, Unlisted};
use podgraft::internals::inject::snapshot::{Settings, Snapshot};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::support::generate::{NAMESPACE, scene};
use crate::support::{ask, documents, namespace};

/// A snapshot of manifests, companions with errors included.
fn snapshot_of_all(manifests: &[Value]) -> Snapshot {
    let (namespaces, companions): (Vec<&Value>, Vec<&Value>) = manifests.iter().partition(|m| m["kind"] == "Namespace");
    let companions = companions.into_iter().map(|manifest| {
        let gated = api::check_companion(manifest);
        (gated.namespace, gated.listed.unwrap())
    });
    Snapshot {
        companions: Catalog::new(companions),
        namespaces: Namespaces::new(namespaces.into_iter().map(namespace), Unlisted::NameOnly),
        settings: Settings::default(),
        stale: None,
    }
}

/// The ways in which a companion is not offered to the namespace of the Pod.
fn hide(companion: &mut Value, way: usize) {
    match way {
        0 => companion["spec"]["namespaceSelector"] = json!({"matchLabels": {"team": "payments"}}),
        1 => {
            companion["kind"] = json!("Companion");
            companion["metadata"]["namespace"] = json!("elsewhere");
        }
        2 => {
            // Invalid, and readable enough to see that it is for others.
            companion["spec"]["namespaceSelector"] = json!({"matchLabels": {"team": "payments"}});
            companion["spec"]["containers"][0]["image"] = json!(7);
        }
        _ => {
            // Its selector is unreadable. A required companion would deny the Pods that it might select.
            companion["spec"]["namespaceSelector"] =
                json!({"matchExpressions": [{"key": "a..b/c", "operator": "Exists"}]});
            companion["spec"].as_object_mut().unwrap().shift_remove("required");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_companion_that_is_not_offered_answers_as_one_that_does_not_exist(
        scene in scene(), at in any::<Index>(), way in 0..4_usize, injected in any::<bool>()
    ) {
        let companions: Vec<usize> =
            (0..scene.manifests.len()).filter(|i| scene.manifests[*i]["kind"] != "Namespace").collect();
        let at = companions[at.index(companions.len())];
        // Also a Pod that has it already, from a time when it was offered.
        let visible = snapshot_of_all(&scene.manifests);
        let pod = if injected { ask(&scene.pod, NAMESPACE, &visible).apply(&scene.pod) } else { scene.pod.clone() };
        let (mut hidden, mut absent) = (scene.manifests.clone(), scene.manifests.clone());
        hide(&mut hidden[at], way);
        absent.remove(at);
        let (hidden, absent) = (snapshot_of_all(&hidden), snapshot_of_all(&absent));
        prop_assert_eq!(ask(&pod, NAMESPACE, &hidden).body, ask(&pod, NAMESPACE, &absent).body);
    }
}

fn pod(labels: Value, annotations: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "labels": labels, "annotations": annotations},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]},
    })
}

#[test]
fn a_name_of_a_companion_that_is_not_offered_is_never_suggested() {
    let snapshot = snapshot_of_all(&documents(
        "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {name: payments-ledger}\nspec: {pattern: Sidecar, namespaceSelector: {matchLabels: {team: payments}}, containers: [{name: ledger, image: \"ledger:1\"}], parameters: [{name: account, type: String, env: ACCOUNT}]}",
    ));
    let answer = |name: &str| {
        let parameter = format!("podgraft.dev/{name}.account");
        let reply = ask(&pod(json!({}), json!({"podgraft.dev/companions": name, parameter: "x"})), "shop", &snapshot);
        reply.body.to_string().replace(name, "NAME")
    };
    assert_eq!(answer("payments-ledger"), answer("payments-ledgers"));
    assert_eq!(answer("payments-ledger"), answer("payment-ledger"));
}

/// A status can be forged, and what it lists must not be answered for.
#[test]
fn a_status_that_lists_a_companion_which_is_not_offered_reveals_nothing() {
    let snapshot = snapshot_of_all(&documents(
        "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {name: hidden}\nspec: {pattern: Sidecar, namespaceSelector: {matchLabels: {team: payments}}, containers: [{name: hidden, image: \"hidden:1\"}]}\n---\napiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {name: mine}\nspec: {pattern: Sidecar, containers: [{name: mine, image: \"mine:1\"}], sharedVolumes: [{name: www, companion: {mountPath: /in}, app: {mountPath: /www}}]}",
    ));
    let answer = |name: &str| {
        let status = json!({name: {"containers": ["app"]}}).to_string();
        let mut pod = pod(json!({}), json!({"podgraft.dev/companions": "mine", "podgraft.dev/status": status}));
        pod["spec"]["volumes"] = json!([{"name": format!("{name}-no-token"), "emptyDir": {}}]);
        let mounts = json!([{"name": format!("{name}-no-token"), "mountPath": "/www"}]);
        pod["spec"]["containers"][0]["volumeMounts"] = mounts;
        let reply = ask(&pod, "shop", &snapshot);
        (reply.allowed, reply.audit.to_string(), reply.body.to_string().contains("private"))
    };
    assert_eq!(answer("hidden"), answer("absent"));
    assert!(answer("hidden").0);
}

#[test]
fn an_invalid_required_companion_denies_the_pods_that_its_readable_selectors_select() {
    let required = |selectors: &str, activation: &str| {
        snapshot_of_all(&documents(&format!(
            "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {{name: must-run}}\nspec: {{pattern: Sidecar, activation: {activation}, required: true, {selectors}, containers: [{{name: must-run, image: \"must-run:1\"}}]}}"
        )))
    };
    let labels = |value: &str| json!({"audit": value});
    let unreadable = "{key: \"Audit..Team/skip\", operator: DoesNotExist}";
    for (selectors, activation, selected) in [
        (
            format!("podSelector: {{matchLabels: {{audit: full}}, matchExpressions: [{unreadable}]}}"),
            "ClusterWide",
            [true, false],
        ),
        (
            format!("podSelector: {{matchExpressions: [{unreadable}, {{key: audit, operator: In, values: [full]}}]}}"),
            "ClusterWide",
            [true, false],
        ),
        (format!("podSelector: {{matchExpressions: [{unreadable}]}}"), "ClusterWide", [true, true]),
        ("podSelector: {matchLabels: 1}".to_owned(), "ClusterWide", [true, true]),
        ("podSelector: [audit]".to_owned(), "ClusterWide", [true, true]),
        ("namespaceSelector: {matchLabels: {\"a b\": x}}".to_owned(), "ClusterWide", [true, true]),
        (
            format!("namespaceSelector: {{matchLabels: {{team: other}}, matchExpressions: [{unreadable}]}}"),
            "ClusterWide",
            [false, false],
        ),
        ("podSelector: {matchLabels: {audit: full}}".to_owned(), "Always", [true, false]),
    ] {
        let snapshot = required(&selectors, activation);
        assert!(snapshot.companions.entries().all(|listed| matches!(listed, CatalogEntry::Invalid(_))), "{selectors}");
        let denied = ["full", "none"].map(|value| {
            let reply = ask(&pod(labels(value), json!({})), "shop", &snapshot);
            reply.audit["must-run"] == "CompanionInvalid" && !reply.allowed
        });
        assert_eq!(denied, selected, "{selectors}");
    }
}
