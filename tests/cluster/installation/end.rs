//! How an installation changes and ends.

use serde_json::{Value, json};

use crate::admission::clients::STATIC_POLICIES;
use crate::admission::injection::create;
use crate::cluster::{Cluster, OWN, printed};
use crate::load::Load;
use crate::required::make_required;
use crate::tests;
use crate::workload::{collection, companion, containers, pod, template};

tests![
    an_upgrade_and_a_rollback_under_traffic_leave_no_pod_bare_or_denied,
    a_secret_that_was_lost_with_all_replicas_is_created_as_part_of_the_release,
    uninstalling_keeps_companions_and_removes_every_webhook_and_policy,
    policies_in_the_folder_of_an_api_server_deny_pods_while_podgraft_is_not_installed needs PolicyFolder,
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

async fn policies_in_the_folder_of_an_api_server_deny_pods_while_podgraft_is_not_installed(cluster: &Cluster) {
    let mut guard = companion("permanent");
    make_required(&mut guard, "permanent");
    let declared = cluster.folder.join("permanent.json");
    std::fs::write(&declared, guard.to_string()).expect("a file");
    let mut print = std::process::Command::new(env!("CARGO_BIN_EXE_podgraft"));
    let policies =
        printed(print.args(["policies", "--static", "--filename"]).arg(&declared).output().expect("podgraft"));
    let file = cluster.folder.join(STATIC_POLICIES).join("permanent.yaml");
    std::fs::write(&file, policies).expect("a file");
    cluster.uninstall();
    cluster.restart_apiserver();

    let namespace = cluster.namespace(json!({})).await;
    let pods = collection("Pod", &namespace);
    let guarded = template(json!({"guarded-by": "permanent"}), Value::Null);
    let denied = cluster.create(&pods, &pod("bare", &guarded)).await;
    let message = denied.body["message"].as_str().unwrap_or_default();
    assert!(message.contains("companion permanent is required in namespace"), "{} {}", denied.status, denied.body);
    let other = template(Value::Null, Value::Null);
    assert_eq!(containers(&create(cluster, &namespace, "other", &other).await), ["web"]);

    std::fs::remove_file(&file).expect("no policy");
    cluster.restart_apiserver();
    cluster.install(&[]).await;
}
