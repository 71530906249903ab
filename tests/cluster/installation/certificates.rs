//! Certificates that podgraft manages itself.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::admission::injection::create;
use crate::cluster::{Cluster, OWN, printed};
use crate::load::Load;
use crate::tests;
use crate::workload::{companion, containers, pod, template};

tests![
    two_replicas_that_start_at_once_agree_on_one_ca,
    a_deleted_secret_is_restored_with_the_same_ca,
    an_emptied_ca_bundle_is_filled_again_without_other_writes,
    a_webhook_that_is_disabled_enabled_and_rolled_back_is_trusted_at_once,
    certificates_rotate_replicas_are_replaced_and_companions_change_while_pods_are_created_without_pause,
];

/// Entries that all of these tests have.
const ENTRIES: &str = "webhooks.clusterWide.enabled=true";

fn secret() -> String {
    format!("/api/v1/namespaces/{OWN}/secrets/podgraft-certificate")
}

/// A key of the shared Secret, decoded.
pub async fn stored(cluster: &Cluster, key: &str) -> String {
    let secret = cluster.get(&secret()).await;
    let text = secret.body["data"][key].as_str().unwrap_or_default();
    String::from_utf8(STANDARD.decode(text).expect("base64")).expect("PEM")
}

/// What API servers trust, each once.
pub async fn trusted(cluster: &Cluster) -> BTreeSet<String> {
    let bundle = |entry: &Value| entry["clientConfig"]["caBundle"].as_str().unwrap_or_default().to_owned();
    cluster.webhooks().await.iter().map(bundle).collect()
}

async fn two_replicas_that_start_at_once_agree_on_one_ca(cluster: &Cluster) {
    cluster.uninstall();
    cluster.install(&[ENTRIES]).await;
    let authority = stored(cluster, "ca.crt").await;
    assert_eq!(authority.matches("BEGIN CERTIFICATE").count(), 1, "one CA");
    let expected = BTreeSet::from([STANDARD.encode(&authority)]);
    assert_eq!(trusted(cluster).await, expected);
    let replicas = cluster.replicas().await;
    let addresses: Vec<&str> = replicas.iter().filter_map(|pod| pod["status"]["podIP"].as_str()).collect();
    assert_eq!(addresses.len(), 2);
    for address in addresses {
        // `podgraft probe` checks the certificate as API servers do, against the Service's name.
        let file = cluster.folder.join("trusted.crt");
        std::fs::write(&file, &authority).expect("a file");
        let silent = cluster.folder.join("silent.json");
        let pod = pod("silent", &template(Value::Null, Value::Null));
        std::fs::write(
            &silent,
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"], "spec": pod["spec"]}).to_string(),
        )
        .expect("a file");
        let probe = std::process::Command::new(env!("CARGO_BIN_EXE_podgraft"))
            .args(["probe", "--server-name", &format!("podgraft.{OWN}.svc"), "--server"])
            .arg(format!("https://{address}:10250"))
            .arg("--ca")
            .arg(&file)
            .arg("--filename")
            .arg(&silent)
            .output()
            .expect("podgraft");
        assert!(probe.status.success(), "{address}: {}", String::from_utf8_lossy(&probe.stderr));
    }
}

async fn a_deleted_secret_is_restored_with_the_same_ca(cluster: &Cluster) {
    let (authority, bundles) = (stored(cluster, "ca.crt").await, trusted(cluster).await);
    cluster.delete(&secret()).await.expect("deleting the Secret");
    cluster
        .eventually("the Secret again", async || {
            let there = cluster.get(&secret()).await;
            there.body["data"]["tls.key"].is_string().then_some(())
        })
        .await;
    assert_eq!(stored(cluster, "ca.crt").await, authority, "the replicas knew their CA");
    assert_eq!(trusted(cluster).await, bundles);
    // Helm still knows it as its own.
    cluster.install(&[ENTRIES]).await;
    assert_eq!(stored(cluster, "ca.crt").await, authority);
}

async fn an_emptied_ca_bundle_is_filled_again_without_other_writes(cluster: &Cluster) {
    let path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/podgraft-requested";
    let bundle = |object: &Value| object["webhooks"][0]["clientConfig"]["caBundle"].clone();
    let before = cluster.get(path).await.expect("the entry");
    let remove = json!([{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]);
    cluster.json_patch(path, &remove).await.expect("an empty bundle");
    let after = cluster
        .eventually("the bundle again", async || {
            let now = cluster.get(path).await.expect("the entry");
            (bundle(&now) == bundle(&before)).then_some(now)
        })
        .await;
    assert_eq!(before["webhooks"], after["webhooks"]);
    let managers = after["metadata"]["managedFields"].as_array().expect("managers");
    let ours: Vec<String> = managers
        .iter()
        .filter(|m| m["manager"].as_str().is_some_and(|name| name.starts_with("podgraft")))
        .map(|m| m["fieldsV1"].to_string())
        .collect();
    assert!(!ours.is_empty() && ours.iter().all(|fields| !fields.contains("failurePolicy")), "{ours:?}");
    assert!(ours.iter().any(|fields| fields.contains("f:caBundle")), "{ours:?}");
}

async fn a_webhook_that_is_disabled_enabled_and_rolled_back_is_trusted_at_once(cluster: &Cluster) {
    cluster.companion(&companion("switched")).await;
    let namespace = cluster.namespace(json!({})).await;
    let asks = template(Value::Null, json!({"podgraft.dev/companions": "switched"}));
    cluster.install(&[ENTRIES]).await;
    assert_eq!(containers(&create(cluster, &namespace, "before", &asks).await), ["switched", "web"]);
    cluster.install(&[ENTRIES, "webhooks.requested.enabled=false"]).await;
    assert_eq!(cluster.webhooks().await.iter().filter(|e| e["name"] == "requested.podgraft.dev").count(), 0);
    assert_eq!(containers(&create(cluster, &namespace, "while-off", &asks).await), ["web"]);
    cluster.install(&[ENTRIES]).await;
    assert_eq!(containers(&create(cluster, &namespace, "on-again", &asks).await), ["switched", "web"]);
    let rollback = ["rollback", "podgraft", "--namespace", OWN, "--wait", "--timeout", "2m"];
    printed(cluster.helm(rollback));
    cluster.trusted().await;
    assert_eq!(containers(&create(cluster, &namespace, "rolled-back", &asks).await), ["web"], "to when it was off");
    printed(cluster.helm(rollback));
    cluster.trusted().await;
    assert_eq!(containers(&create(cluster, &namespace, "rolled-forward", &asks).await), ["switched", "web"]);
}

async fn certificates_rotate_replicas_are_replaced_and_companions_change_while_pods_are_created_without_pause(
    cluster: &Cluster,
) {
    // From here on everything changes at once: certificates live for seconds.
    cluster.uninstall();
    let short = ["certificate.lifetime=15s", "certificate.caLifetime=45s", "certificate.caPause=3s"];
    cluster.install(&[&[ENTRIES], &short[..]].concat()).await;
    cluster.companion(&companion("steady")).await;
    let load = Load::start(cluster, "steady").await;
    let (mut pairs, mut authorities) = (BTreeSet::new(), BTreeSet::new());
    let mut changes = 0;
    let restart = ["--namespace", OWN, "rollout", "restart", "deployment/podgraft"];
    for round in 0..60 {
        let mut other = companion("unsteady");
        other["spec"]["containers"][0]["image"] = format!("registry.example/unsteady:{round}").into();
        cluster.apply("/apis/podgraft.dev/v1alpha1/clustercompanions/unsteady", &other).await.expect("a change");
        changes += 1;
        if round % 15 == 5 {
            printed(cluster.kubectl(restart));
        }
        pairs.insert(stored(cluster, "tls.crt").await);
        let bundle = stored(cluster, "ca.crt").await;
        authorities.extend(bundle.split_inclusive("-----END CERTIFICATE-----\n").map(str::to_owned));
        if pairs.len() > 3 && authorities.len() > 1 && round > 45 {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let what = format!(
        "{} serving certificates, {} CAs, {changes} changes of a companion, replicas replaced one by one",
        pairs.len(),
        authorities.len()
    );
    let counts = load.end(&what).await;
    // The next test should not get certificates that are valid for seconds, nor a CA that is about to expire.
    cluster.uninstall();
    cluster.install(&[ENTRIES]).await;
    counts.expect_all_injected();
    assert!(pairs.len() > 2 && authorities.len() > 1, "{what}");
}
