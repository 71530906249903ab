//! What podgraft may do: enough, and no more. Each verb of its roles is taken away once, and something breaks.

use std::time::Duration;

use futures_util::FutureExt as _;
use serde_json::{Value, json};

use crate::cluster::{Cluster, OWN};
use crate::installation::companion_path;
use crate::tests;
use crate::workload::{collection, companion, containers, pod, template};

tests![every_verb_of_the_roles_is_used_and_without_it_something_breaks];

/// How long a step may take that takes a fraction of it with all rights.
const SHORT: Duration = Duration::from_secs(5);

/// Everything that needs a right, in the order in which a fresh replica comes to it.
const STEPS: [&str; 7] = [
    "replicas become ready",
    "a companion's status is written",
    "a companion of a namespace gets its status too",
    "a Namespace's new label is heeded",
    "an emptied caBundle is filled",
    "an emptied Secret is filled",
    "a deleted Secret is made again",
];

/// One verb of one rule of a role.
#[derive(Debug)]
struct Grant {
    role: String,
    rule: usize,
    verb: String,
    /// What it allows, in words.
    what: String,
}

async fn every_verb_of_the_roles_is_used_and_without_it_something_breaks(cluster: &Cluster) {
    assert_eq!(broken_step(cluster, 0).await, None, "with all its rights");
    let mut idle = Vec::new();
    for (round, grant) in grants(cluster).await.into_iter().enumerate() {
        let role = cluster.get(&grant.role).await.expect("a role");
        take_away(cluster, &grant, &role).await;
        let broken = broken_step(cluster, round + 1).await;
        give_back(cluster, &grant, &role).await;
        match broken {
            Some(step) => println!("    without {:<70} {step}: broken", grant.what),
            None => idle.push(grant.what),
        }
    }
    assert_eq!(broken_step(cluster, 1000).await, None, "with all its rights again");
    assert!(idle.is_empty(), "nothing breaks without {idle:#?}");
}

async fn grants(cluster: &Cluster) -> Vec<Grant> {
    let mut grants = Vec::new();
    let namespaced = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{OWN}/roles/podgraft");
    for path in ["/apis/rbac.authorization.k8s.io/v1/clusterroles/podgraft", &namespaced] {
        let role = cluster.get(path).await.expect("a role");
        for (rule, granted) in role["rules"].as_array().expect("rules").iter().enumerate() {
            for resource in granted["resources"].as_array().expect("resources") {
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

/// Starts podgraft anew and goes through all steps; the first that does not succeed.
async fn broken_step(cluster: &Cluster, round: usize) -> Option<&'static str> {
    // All replicas at once: none is left with a watch from before.
    let pods = format!("/api/v1/namespaces/{OWN}/pods");
    cluster.delete_now(&pods).await;
    for (index, step) in STEPS.iter().enumerate() {
        let done = tokio::time::timeout(if index == 0 { SHORT * 2 } else { SHORT }, go(cluster, index, round));
        if done.map(|done| done.is_err()).await {
            return Some(step);
        }
    }
    None
}

async fn go(cluster: &Cluster, step: usize, round: usize) {
    let name = format!("right-{round}");
    match step {
        0 => ready(cluster).await,
        1 => cluster.companion(&companion(&name)).await,
        2 => {
            let mut local = companion(&name);
            local["kind"] = "Companion".into();
            local["metadata"]["namespace"] = "default".into();
            cluster.companion(&local).await;
            for made in [local, companion(&name)] {
                cluster.delete(&companion_path(&made)).await;
            }
        }
        3 => relabelled(cluster, &name).await,
        4 => refilled(cluster).await,
        5 => {
            let none = json!({"data": {"tls.crt": "", "tls.key": "", "ca.crt": "", "ca.key": ""}});
            secret_again(cluster, Some(&none)).await;
        }
        _ => secret_again(cluster, None).await,
    }
}

async fn ready(cluster: &Cluster) {
    let deployment = format!("/apis/apps/v1/namespaces/{OWN}/deployments/podgraft");
    loop {
        let pods = cluster.get(&format!("/api/v1/namespaces/{OWN}/pods")).await.body;
        let there = pods["items"].as_array().map_or(0, Vec::len);
        if there == 2 && cluster.get(&deployment).await.body["status"]["readyReplicas"] == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn relabelled(cluster: &Cluster, town: &str) {
    let mut given = companion(town);
    given["spec"]["activation"] = "OptedInNamespaces".into();
    given["spec"]["namespaceSelector"] = json!({"matchLabels": {"town": town}});
    let object = json!({"metadata": {"name": town, "labels": {"podgraft.dev/inject": "enabled"}}});
    cluster.companion(&given).await;
    cluster.create("/api/v1/namespaces", &object).await;
    cluster.merge(&format!("/api/v1/namespaces/{town}"), &json!({"metadata": {"labels": {"town": town}}})).await;
    let path = format!("{}?dryRun=All", collection("Pod", town));
    let object = pod("given", &template(Value::Null, Value::Null));
    while !containers(&cluster.create(&path, &object).await.body).contains(&town) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    cluster.delete(&companion_path(&given)).await.expect("deleting it");
}

async fn refilled(cluster: &Cluster) {
    let base = "/apis/admissionregistration.k8s.io/v1";
    let remove = json!([{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]);
    for path in ["mutatingwebhookconfigurations/podgraft-requested", "validatingwebhookconfigurations/podgraft-preview"]
    {
        let path = format!("{base}/{path}");
        cluster.json_patch(&path, &remove).await;
        while cluster.get(&path).await.body["webhooks"][0]["clientConfig"]["caBundle"].is_null() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn secret_again(cluster: &Cluster, without: Option<&Value>) {
    let path = format!("/api/v1/namespaces/{OWN}/secrets/podgraft-certificate");
    match without {
        Some(patch) => cluster.merge(&path, patch).await.expect("an empty Secret"),
        None => cluster.delete(&path).await.expect("deleting the Secret"),
    };
    while cluster.get(&path).await.body["data"]["tls.key"].as_str().unwrap_or_default().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
