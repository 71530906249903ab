//! podgraft in the network of the node: API servers that cannot reach addresses of Pods call it at the node's.

use serde_json::{Value, json};

use super::{IDLE, companion, shell};
use crate::admission::injection::create;
use crate::cluster::{Cluster, OWN};
use crate::control_plane::apart::ADDRESS;
use crate::tests;
use crate::workload::containers;

tests![the_webhook_is_called_at_a_pods_address_and_with_host_network_at_the_nodes];

const CLUSTER_WIDE: &str = "webhooks.clusterWide.enabled=true";
/// The values of docs/platforms.md. The kubelet has the default port of the webhook.
const PORT: u64 = 10260;

async fn the_webhook_is_called_at_a_pods_address_and_with_host_network_at_the_nodes(cluster: &Cluster) {
    cluster.companion(&companion("hosted", IDLE)).await;
    let namespace = cluster.namespace(json!({})).await;
    expect_injection(cluster, &namespace, "at-a-pods-address").await;
    let endpoints = cluster.endpoints().await;
    assert!(endpoints.iter().all(|(address, port)| address != ADDRESS && *port == 10250), "{endpoints:?}");

    // Pod Security denies Pods with the node's network in podgraft's namespace as it is otherwise.
    enforce(cluster, "privileged").await;
    let ports = format!("ports.webhook={PORT},ports.admin=10261");
    cluster.install(&[CLUSTER_WIDE, "hostNetwork=true", &ports, "replicaCount=1"]).await;
    cluster.until_ready(1).await;
    assert_eq!(cluster.endpoints().await, [(ADDRESS.to_owned(), PORT)].into());
    expect_injection(cluster, &namespace, "at-the-nodes-address").await;

    cluster.install(&[CLUSTER_WIDE]).await;
    cluster.until_ready(2).await;
    enforce(cluster, "restricted").await;
}

async fn enforce(cluster: &Cluster, level: &str) {
    let labels = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": level}}});
    cluster.merge(&format!("/api/v1/namespaces/{OWN}"), &labels).await.expect("a label");
}

/// A Pod that requests a companion is denied where the webhook is not reached.
async fn expect_injection(cluster: &Cluster, namespace: &str, name: &str) {
    let pod = create(cluster, namespace, name, &shell("hosted")).await;
    assert_eq!(containers(&pod), ["hosted", "web"]);
}
