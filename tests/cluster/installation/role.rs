//! What podgraft may do: enough, and no more. Each verb of its roles is removed once, and something breaks.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::{Cluster, OWN};
use crate::installation::companion_path;
use crate::required::make_required;
use crate::tests;
use crate::workload::{collection, companion, containers, pod, template};

tests![every_verb_of_the_roles_is_needed];

/// How long a step may take without a right: with all rights it takes a fraction of that.
const SHORT: Duration = Duration::from_secs(5);
/// How long it may take with all rights, on a machine that is busy.
const LONG: Duration = Duration::from_secs(60);

/// Everything that needs a right, in the order in which a fresh replica comes to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    BecomesReady,
    WritesAStatus,
    WritesANamespacedStatus,
    HeedsANamespacesNewLabel,
    ReportsASkippedCompanion,
    FillsAnEmptiedCaBundle,
    FillsAnEmptiedSecret,
    MakesADeletedSecretAgain,
    KeepsARequiredCompanionsPolicies,
    MendsAnEditedPolicyAndBinding,
    TakesPoliciesAway,
}

impl Step {
    const ALL: [Step; 11] = [
        Step::BecomesReady,
        Step::WritesAStatus,
        Step::WritesANamespacedStatus,
        Step::HeedsANamespacesNewLabel,
        Step::ReportsASkippedCompanion,
        Step::FillsAnEmptiedCaBundle,
        Step::FillsAnEmptiedSecret,
        Step::MakesADeletedSecretAgain,
        Step::KeepsARequiredCompanionsPolicies,
        Step::MendsAnEditedPolicyAndBinding,
        Step::TakesPoliciesAway,
    ];
}

/// One verb of one rule of a role.
#[derive(Debug)]
struct Grant {
    role: String,
    rule: usize,
    verb: String,
    /// What it allows, in words.
    what: String,
}

async fn every_verb_of_the_roles_is_needed(cluster: &Cluster) {
    cluster
        .install(&[
            "webhooks.clusterWide.enabled=true",
            "requiredCompanions.enabled=true",
            "extraArgs={--policy-pause=500ms}",
        ])
        .await;
    assert_eq!(broken_step(cluster, 0, LONG).await, None, "with all its rights");
    let mut idle = Vec::new();
    for (round, grant) in grants(cluster).await.into_iter().enumerate() {
        let role = cluster.get(&grant.role).await.expect("a role");
        take_away(cluster, &grant, &role).await;
        let broken = broken_step(cluster, round + 1, SHORT).await;
        give_back(cluster, &grant, &role).await;
        match broken {
            Some(step) => println!("    without {:<50} no replica {step:?}", grant.what),
            None => idle.push(grant.what),
        }
    }
    assert_eq!(broken_step(cluster, 1000, LONG).await, None, "with all its rights again");
    assert!(idle.is_empty(), "nothing breaks without {idle:#?}");
    // Rules that a test has written would be in conflict with those of other values.
    cluster.restore().await;
}

async fn grants(cluster: &Cluster) -> Vec<Grant> {
    let mut grants = Vec::new();
    let namespaced = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{OWN}/roles/podgraft");
    for path in ["/apis/rbac.authorization.k8s.io/v1/clusterroles/podgraft", &namespaced] {
        let role = cluster.get(path).await.expect("a role");
        for (rule, granted) in role["rules"].as_array().expect("rules").iter().enumerate() {
            // Without the uid, an event on podgraft's own Deployment is the same; `installation::missing` reads it.
            let resources = granted["resources"].as_array().expect("resources").iter();
            for resource in resources.filter(|resource| *resource != "deployments") {
                for verb in granted["verbs"].as_array().expect("verbs") {
                    let (resource, verb) = (resource.as_str().expect("a name"), verb.as_str().expect("a verb"));
                    let what = format!("{verb} {resource}");
                    grants.push(Grant { role: path.to_owned(), rule, verb: verb.to_owned(), what });
                }
            }
        }
    }
    grants
}

/// Takes one verb away from one resource: the others of its rule get a rule of their own.
async fn take_away(cluster: &Cluster, grant: &Grant, role: &Value) {
    let mut rules = role["rules"].clone();
    let list = rules.as_array_mut().expect("rules");
    let resource = grant.what.rsplit(' ').next().expect("a resource");
    let mut rest = list[grant.rule].clone();
    let without = |field: &Value, word: &str| -> Value {
        field.as_array().into_iter().flatten().filter(|v| *v != word).cloned().collect()
    };
    rest["resources"] = without(&rest["resources"], resource);
    let rule = &mut list[grant.rule];
    rule["resources"] = json!([resource]);
    rule["verbs"] = without(&rule["verbs"], &grant.verb);
    for rule in [rest, list[grant.rule].clone()] {
        list.push(rule);
    }
    list.remove(grant.rule);
    list.retain(|rule| ["resources", "verbs"].iter().all(|f| rule[f].as_array().is_some_and(|list| !list.is_empty())));
    cluster.merge(&grant.role, &json!({"rules": rules})).await.expect("a smaller role");
}

async fn give_back(cluster: &Cluster, grant: &Grant, role: &Value) {
    cluster.merge(&grant.role, &json!({"rules": role["rules"]})).await.expect("the whole role");
}

/// Restarts podgraft and goes through all steps; returns the first that does not succeed.
async fn broken_step(cluster: &Cluster, round: usize, patience: Duration) -> Option<Step> {
    let namespace = cluster.namespace(json!({"labels": {"podgraft.dev/inject": "enabled"}})).await;
    // All replicas at once: none is left with a watch from before.
    cluster.delete_now(&format!("/api/v1/namespaces/{OWN}/pods")).await;
    let name = format!("right-{round}");
    let mut broken = None;
    for step in Step::ALL {
        let slow = [Step::BecomesReady, Step::MakesADeletedSecretAgain].contains(&step);
        let patience = if slow { patience * 2 } else { patience };
        if tokio::time::timeout(patience, go(cluster, step, &name, &namespace)).await.is_err() {
            broken = Some(step);
            break;
        }
    }
    for left in [guard(&name), local(&name), companion(&name)] {
        cluster.delete(&companion_path(&left)).await;
    }
    broken
}

async fn go(cluster: &Cluster, step: Step, name: &str, namespace: &str) {
    match step {
        Step::BecomesReady => ready(cluster).await,
        Step::WritesAStatus => cluster.companion(&companion(name)).await,
        Step::WritesANamespacedStatus => cluster.companion(&local(name)).await,
        Step::HeedsANamespacesNewLabel => relabelled(cluster, name, namespace).await,
        Step::ReportsASkippedCompanion => skipped(cluster, namespace).await,
        Step::FillsAnEmptiedCaBundle => refilled(cluster).await,
        Step::FillsAnEmptiedSecret => {
            let none = json!({"data": {"tls.crt": "", "tls.key": "", "ca.crt": "", "ca.key": ""}});
            secret_again(cluster, Some(&none)).await;
        }
        Step::MakesADeletedSecretAgain => secret_again(cluster, None).await,
        Step::KeepsARequiredCompanionsPolicies => {
            cluster.companion(&guard(name)).await;
            for path in policies(name) {
                until(async || cluster.get(&path).await.status.is_success()).await;
            }
        }
        Step::MendsAnEditedPolicyAndBinding => {
            let [policy, binding] = policies(name);
            cluster.merge(&policy, &json!({"spec": {"failurePolicy": "Ignore"}})).await;
            until(async || cluster.get(&policy).await.body["spec"]["failurePolicy"] == "Fail").await;
            cluster.merge(&binding, &json!({"spec": {"validationActions": ["Audit"]}})).await;
            until(async || cluster.get(&binding).await.body["spec"]["validationActions"] == json!(["Deny"])).await;
            // By a label it is known; what has lost that is in the way of what is made in its place.
            for path in [&policy, &binding] {
                let label = |value: Value| json!({"metadata": {"labels": {"podgraft.dev/installation": value}}});
                cluster.merge(path, &label(Value::Null)).await;
                until(async || {
                    cluster.get(path).await.body["metadata"]["labels"]["podgraft.dev/installation"] == "podgraft"
                })
                .await;
            }
        }
        Step::TakesPoliciesAway => {
            cluster.delete(&companion_path(&guard(name))).await;
            for path in policies(name) {
                until(async || cluster.get(&path).await.status == 404).await;
            }
        }
    }
}

fn local(name: &str) -> Value {
    let mut local = companion(name);
    local["kind"] = "Companion".into();
    local["metadata"]["namespace"] = "default".into();
    local
}

/// A required companion that is for no Pod.
fn guard(name: &str) -> Value {
    let name = format!("{name}-guard");
    let mut guard = companion(&name);
    make_required(&mut guard, &name);
    guard
}

fn policies(name: &str) -> [String; 2] {
    ["validatingadmissionpolicies", "validatingadmissionpolicybindings"]
        .map(|kind| format!("/apis/admissionregistration.k8s.io/v1/{kind}/podgraft-required-{name}-guard"))
}

async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn ready(cluster: &Cluster) {
    let (pods, deployment) =
        (format!("/api/v1/namespaces/{OWN}/pods"), format!("/apis/apps/v1/namespaces/{OWN}/deployments/podgraft"));
    until(async || {
        let there = cluster.get(&pods).await.body["items"].as_array().map_or(0, Vec::len);
        there == 2 && cluster.get(&deployment).await.body["status"]["readyReplicas"] == 2
    })
    .await;
}

async fn relabelled(cluster: &Cluster, name: &str, namespace: &str) {
    let mut given = companion(name);
    given["spec"]["activation"] = "OptedInNamespaces".into();
    given["spec"]["namespaceSelector"] = json!({"matchLabels": {"namespace": name}});
    cluster.companion(&given).await;
    cluster
        .merge(&format!("/api/v1/namespaces/{namespace}"), &json!({"metadata": {"labels": {"namespace": name}}}))
        .await;
    let path = format!("{}?dryRun=All", collection("Pod", namespace));
    let object = pod("given", &template(Value::Null, Value::Null));
    until(async || containers(&cluster.create(&path, &object).await.body).contains(&name)).await;
}

/// The companion of the step before is skipped in a Pod that uses the node's network.
async fn skipped(cluster: &Cluster, namespace: &str) {
    let owner =
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "gone", "uid": "u-1", "controller": true});
    let mut object = pod("on-the-node", &template(Value::Null, Value::Null));
    object["metadata"]["ownerReferences"] = json!([owner]);
    object["spec"]["hostNetwork"] = true.into();
    cluster.create(&collection("Pod", namespace), &object).await.expect("a Pod on the node's network");
    let events = format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events");
    until(async || {
        let events = cluster.get(&events).await.body["items"].take();
        events.as_array().is_some_and(|events| events.iter().any(|event| event["reason"] == "HostNetwork"))
    })
    .await;
}

async fn refilled(cluster: &Cluster) {
    let base = "/apis/admissionregistration.k8s.io/v1";
    let remove = json!([{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]);
    for path in ["mutatingwebhookconfigurations/podgraft-requested", "validatingwebhookconfigurations/podgraft-preview"]
    {
        let path = format!("{base}/{path}");
        cluster.json_patch(&path, &remove).await;
        until(async || cluster.get(&path).await.body["webhooks"][0]["clientConfig"]["caBundle"].is_string()).await;
    }
}

async fn secret_again(cluster: &Cluster, without: Option<&Value>) {
    let path = format!("/api/v1/namespaces/{OWN}/secrets/podgraft-certificate");
    match without {
        Some(patch) => cluster.merge(&path, patch).await.expect("an empty Secret"),
        None => cluster.delete(&path).await.expect("deleting the Secret"),
    };
    until(async || cluster.get(&path).await.body["data"]["tls.key"].as_str().is_some_and(|key| !key.is_empty())).await;
}
