//! How an installation changes and ends.

use serde_json::{Value, json};

use crate::admission::injection::create;
use crate::cluster::{Cluster, OWN, printed};
use crate::load::Load;
use crate::tests;
use crate::workload::{companion, containers, template};

tests![
    an_upgrade_and_a_rollback_under_traffic_leave_no_pod_bare_or_denied,
    a_secret_that_was_lost_with_all_replicas_is_created_as_part_of_the_release,
    uninstalling_keeps_companions_and_removes_every_webhook_and_policy,
];

async fn an_upgrade_and_a_rollback_under_traffic_leave_no_pod_bare_or_denied(cluster: &Cluster) {
    cluster.install(&[]).await;
    cluster.companion(&companion("upgraded")).await;
    let load = Load::start(cluster, "upgraded").await;
    // Other entries come and go besides, and every replica is replaced.
    cluster.install(&["log.level=debug", "webhooks.clusterWide.enabled=true", "replicaCount=3"]).await;
    printed(cluster.helm(["rollback", "podgraft", "--namespace", OWN, "--wait", "--timeout", "2m"]));
    cluster.trusted().await;
    load.end("an upgrade and a rollback").await.expect_all_injected();
}

async fn a_secret_that_was_lost_with_all_replicas_is_created_as_part_of_the_release(cluster: &Cluster) {
    cluster.install(&[]).await;
    let secret = format!("/api/v1/namespaces/{OWN}/secrets/podgraft-certificate");
    // No replica is left that knew it.
    cluster.delete_now(&format!("/api/v1/namespaces/{OWN}/pods")).await;
    cluster.delete(&secret).await;
    cluster.delete_now(&format!("/api/v1/namespaces/{OWN}/pods")).await;
    cluster
        .eventually("the Secret again", async || {
            cluster.get(&secret).await.body["data"]["tls.key"].is_string().then_some(())
        })
        .await;
    cluster.uninstall();
    assert_eq!(cluster.get(&secret).await.status, 404, "Helm did not know it");
    cluster.install(&[]).await;
}

async fn uninstalling_keeps_companions_and_removes_every_webhook_and_policy(cluster: &Cluster) {
    cluster.companion(&companion("survivor")).await;
    let labels = json!({"podgraft.dev/inject": "enabled"});
    let namespace = cluster.namespace(json!({"labels": labels})).await;
    cluster.uninstall();
    for resource in ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"] {
        let left = printed(cluster.kubectl(["get", resource, "-o", "name", "-l", "app.kubernetes.io/name=podgraft"]));
        assert_eq!(left, "", "{resource}");
    }
    let kinds = "validatingadmissionpolicies,validatingadmissionpolicybindings,clusterroles,clusterrolebindings";
    for kind in kinds.split(',') {
        let left = printed(cluster.kubectl(["get", kind, "-o", "name"]));
        assert!(!left.lines().any(|name| name.contains("podgraft")), "{left}");
    }
    let left = printed(cluster.kubectl(["--namespace", OWN, "get", "all,secrets,roles,rolebindings", "-o", "name"]));
    let running = |name: &&str| !name.starts_with("pod/");
    assert_eq!(left.lines().filter(running).collect::<Vec<_>>(), Vec::<&str>::new());
    let asks = template(Value::Null, json!({"podgraft.dev/companions": "survivor"}));
    assert_eq!(containers(&create(cluster, &namespace, "asks", &asks).await), ["web"]);
    let kept = printed(cluster.kubectl(["get", "clustercompanions", "survivor", "-o", "name"]));
    assert_eq!(kept.trim(), "clustercompanion.podgraft.dev/survivor", "companions outlive an installation");
    cluster.install(&[]).await;
    assert_eq!(containers(&create(cluster, &namespace, "asks-again", &asks).await), ["survivor", "web"]);
}
