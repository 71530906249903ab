//! A certificate that cert-manager looks after.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::{Cluster, OWN, printed};
use crate::installation::certificates::trusted;
use crate::load::Load;
use crate::parts::CertManager;
use crate::tests;
use crate::workload::companion;

tests![
    cert_manager_issues_the_certificate_and_fills_each_ca_bundle_and_nothing_differs_from_the_chart,
    cert_manager_renews_certificate_and_ca_without_a_lost_call,
];

/// Starts cert-manager, and installs podgraft with it from nothing.
pub async fn set_up(cluster: &Cluster) {
    let parts = CertManager::get().expect("it was built before");
    printed(cluster.kubectl(["apply", "--server-side", "--filename", &parts.definitions.display().to_string()]));
    cluster.control_plane().add(&parts.program, "cert-manager").expect("cert-manager");
    cluster.uninstall();
    cluster.install(&MODE).await;
}

const MODE: [&str; 2] = ["certificate.mode=certManager", "webhooks.clusterWide.enabled=true"];

async fn cert_manager_issues_the_certificate_and_fills_each_ca_bundle_and_nothing_differs_from_the_chart(
    cluster: &Cluster,
) {
    assert_eq!(trusted(cluster).await.len(), 1, "every webhook trusts the same CA");
    assert!(!secret(cluster, "podgraft-tls", "tls.crt").await.is_null());
    cluster.companion(&companion("issued")).await;
    let load = Load::start(cluster, "issued").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    load.end("a certificate that cert-manager issued").await.expect_all_injected();
    cluster.expect_no_drift();
}

async fn cert_manager_renews_certificate_and_ca_without_a_lost_call(cluster: &Cluster) {
    cluster.companion(&companion("renewed")).await;
    let load = Load::start(cluster, "renewed").await;
    for (certificate, stored) in
        [("podgraft", "podgraft-tls"), ("podgraft-ca", "podgraft-ca"), ("podgraft", "podgraft-tls")]
    {
        let before = secret(cluster, stored, "tls.crt").await;
        renew(cluster, certificate).await;
        cluster
            .eventually("a new certificate", async || {
                (secret(cluster, stored, "tls.crt").await != before).then_some(())
            })
            .await;
        // Until replicas have it, and for a while after that: who does not trust what they serve would say so.
        tokio::time::sleep(Duration::from_secs(12)).await;
    }
    load.end("cert-manager renews two certificates, and a CA between them").await.expect_all_injected();
    let authority = secret(cluster, "podgraft-ca", "tls.crt").await;
    cluster
        .eventually("the new CA in every caBundle", async || {
            let trusted = trusted(cluster).await;
            trusted.into_iter().eq([authority.as_str()?.to_owned()]).then_some(())
        })
        .await;
}

/// What `cmctl renew` does.
async fn renew(cluster: &Cluster, certificate: &str) {
    let path = format!("/apis/cert-manager.io/v1/namespaces/{OWN}/certificates/{certificate}");
    let now = cluster.get(&path).await.expect("a Certificate");
    let mut conditions = now["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.retain(|condition| condition["type"] != "Issuing");
    conditions.push(json!({
        "type": "Issuing",
        "status": "True",
        "reason": "ManuallyTriggered",
        "message": "asked for by a test",
        "observedGeneration": now["metadata"]["generation"],
    }));
    let status = json!({"status": {"conditions": conditions}});
    cluster.merge(&format!("{path}/status"), &status).await.expect("a renewal");
}

async fn secret(cluster: &Cluster, name: &str, key: &str) -> Value {
    let path = format!("/api/v1/namespaces/{OWN}/secrets/{name}");
    cluster.get(&path).await.body["data"][key].take()
}
