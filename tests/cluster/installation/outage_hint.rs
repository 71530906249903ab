//! The policy that reports an outage, and API servers that keep an old copy of what it reads.

use serde_json::{Value, json};

use crate::cluster::{Cluster, OWN, printed};
use crate::tests;
use crate::workload::{collection, companion, template, workload};

tests![no_outage_is_reported_after_hints_were_off_during_one_and_are_on_again];

const OUTAGE: &str = "podgraft: no replica of podgraft is ready";

/// The API server stops watching PodDisruptionBudgets while no policy reads them, and does not start again
/// (kubernetes/kubernetes#130887).
async fn no_outage_is_reported_after_hints_were_off_during_one_and_are_on_again(cluster: &Cluster) {
    cluster.install(&[]).await;
    cluster.companion(&companion("steady")).await;
    let namespace = cluster.namespace(json!({})).await;
    printed(cluster.kubectl(["--namespace", OWN, "scale", "deployment", "podgraft", "--replicas=0"]));
    reports(cluster, &namespace, true).await;
    // No replica of this one starts either.
    cluster.upgrade_without_waiting(&["hints.enabled=false", "extraArgs={--no-such-flag}"]);
    reports(cluster, &namespace, false).await;
    cluster.install(&[]).await;
    reports(cluster, &namespace, false).await;
    cluster.restart_apiserver();
    cluster.trusted().await;
    printed(cluster.kubectl(["--namespace", OWN, "scale", "deployment", "podgraft", "--replicas=0"]));
    reports(cluster, &namespace, true).await;
    cluster.install(&[]).await;
    reports(cluster, &namespace, false).await;
}

/// Waits until an API server reports an outage, or none several times in a row: it follows policies with a delay.
async fn reports(cluster: &Cluster, namespace: &str, expected: bool) {
    let path = format!("{}?dryRun=All", collection("Deployment", namespace));
    let requests = template(Value::Null, json!({"podgraft.dev/companions": "steady"}));
    let mut times = 0;
    cluster
        .eventually(if expected { "a warning of an outage" } else { "no warning of an outage" }, async || {
            let created = cluster.create(&path, &workload("Deployment", "web", &requests)).await;
            let is_reported = created.warnings.iter().any(|warning| warning.contains(OUTAGE));
            times = if is_reported == expected { times + 1 } else { 0 };
            (times == 5).then_some(())
        })
        .await;
}
