//! A webhook configuration that was deleted is reported everywhere, until an upgrade restores it.

use serde_json::{Value, json};

use crate::cluster::{Cluster, OWN, printed};
use crate::tests;
use crate::workload::{collection, companion, template, workload};

tests![a_deleted_webhook_configuration_is_reported_until_an_upgrade_restores_it];

const REQUESTED: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/podgraft-requested";

async fn a_deleted_webhook_configuration_is_reported_until_an_upgrade_restores_it(cluster: &Cluster) {
    cluster.install(&["webhooks.clusterWide.enabled=true"]).await;
    cluster.companion(&companion("orphan")).await;
    let namespace = cluster.namespace(json!({})).await;
    cluster.delete(REQUESTED).await;
    let row = || printed(cluster.kubectl(["get", "clustercompanions", "orphan", "--output", "wide"]));
    let ready = async |expected: &[&str]| {
        let is_there = |row: &str| expected.iter().all(|word| row.contains(word));
        cluster.eventually("the condition", async || is_there(&row()).then_some(())).await;
    };
    ready(&["False", "WebhookMissing"]).await;
    let requests = template(Value::Null, json!({"podgraft.dev/companions": "orphan"}));
    let path = format!("{}?dryRun=All", collection("Deployment", &namespace));
    let expected = "podgraft: webhook configuration podgraft-requested does not exist: Pods of this Deployment are created \
                    without companions; ask the platform team to run helm upgrade, which restores it";
    cluster
        .eventually("the warning of both replicas", async || {
            let mut warnings = Vec::new();
            for _ in 0..4 {
                warnings.extend(cluster.create(&path, &workload("Deployment", "web", &requests)).await.warnings);
            }
            warnings.iter().all(|warning| warning == expected).then_some(()).filter(|()| warnings.len() == 4)
        })
        .await;
    cluster
        .eventually("the event", async || {
            let described = printed(cluster.kubectl(["--namespace", OWN, "describe", "deployment", "podgraft"]));
            let event = "webhook configuration podgraft-requested does not exist";
            (described.contains("WebhookMissing") && described.contains(event)).then_some(())
        })
        .await;
    cluster.install(&["webhooks.clusterWide.enabled=true"]).await;
    ready(&["True", "Active"]).await;
    assert_eq!(cluster.create(&path, &workload("Deployment", "web", &requests)).await.warnings, [""; 0]);
}
