//! Failures of the real thing, while Pods are created without pause.
//!
//! Whatever fails, no Pod that asks for a companion may exist without it, and no Pod that does not ask may wait for longer
//! than the webhook's timeout.

use std::time::Duration;

use super::replicas::{containers, processes};
use super::traffic::{Outcome, Traffic};
use crate::cluster::{Cluster, OWN};
use crate::node::machine;
use crate::tests;

tests![
    the_replicas_of_podgraft_are_killed_one_at_a_time,
    all_replicas_of_podgraft_are_killed_at_once,
    all_replicas_of_podgraft_hang,
    the_kubelet_is_restarted,
    the_api_server_is_restarted,
    etcd_is_stopped_for_ten_seconds,
];

/// `webhooks.timeoutSeconds` of the chart.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What no wait may come to, however late the timer of a busy API server is: a second call would take another timeout.
const TWO_CALLS: Duration = Duration::from_secs(2 * TIMEOUT.as_secs());

async fn the_replicas_of_podgraft_are_killed_one_at_a_time(cluster: &Cluster) {
    let traffic = Traffic::start(cluster).await;
    for container in containers(cluster).await {
        kill(cluster, &[container]).await;
    }
    expect_harmless(&end(traffic, cluster, "replicas killed one at a time").await);
}

async fn all_replicas_of_podgraft_are_killed_at_once(cluster: &Cluster) {
    let traffic = Traffic::start(cluster).await;
    kill(cluster, &containers(cluster).await).await;
    traffic.flows(cluster).await;
    // Their Pods as well, with their addresses.
    cluster.delete_now(&format!("/api/v1/namespaces/{OWN}/pods")).await;
    cluster.until_ready(2).await;
    expect_harmless(&end(traffic, cluster, "all replicas killed, then deleted, at once").await);
}

async fn all_replicas_of_podgraft_hang(cluster: &Cluster) {
    let traffic = Traffic::start(cluster).await;
    let before = containers(cluster).await;
    signal(cluster, &before, "STOP");
    // Shorter than the probes need to find out: until then the replicas are sent reviews.
    tokio::time::sleep(Duration::from_secs(8)).await;
    signal(cluster, &before, "CONT");
    cluster.until_ready(2).await;
    let outcome = end(traffic, cluster, "all replicas hang for eight seconds").await;
    assert!(outcome.longest_wait >= TIMEOUT, "without a wait the bound means nothing: {outcome}");
    expect_harmless(&outcome);
}

async fn the_kubelet_is_restarted(cluster: &Cluster) {
    let traffic = Traffic::start(cluster).await;
    let before = containers(cluster).await;
    cluster.node(crate::node::Node::restart_kubelet).expect("a restart of the kubelet");
    cluster.until_node_ready().await;
    let outcome = end(traffic, cluster, "the kubelet restarted").await;
    expect_harmless(&outcome);
    assert_eq!(outcome.failed(), 0, "reviews do not need the kubelet: {outcome}");
    assert_eq!(containers(cluster).await, before, "no replica was restarted");
}

async fn the_api_server_is_restarted(cluster: &Cluster) {
    let traffic = Traffic::start(cluster).await;
    cluster.control_plane().stop_apiserver().expect("an end of the API server");
    tokio::time::sleep(Duration::from_secs(3)).await;
    cluster.control_plane().start_apiserver().expect("the API server again");
    cluster.until_ready(2).await;
    expect_harmless(&end(traffic, cluster, "the API server restarted").await);
}

async fn etcd_is_stopped_for_ten_seconds(cluster: &Cluster) {
    let traffic = Traffic::start(cluster).await;
    let before = containers(cluster).await;
    cluster.control_plane().stop_etcd().expect("an end of etcd");
    tokio::time::sleep(Duration::from_secs(10)).await;
    cluster.control_plane().start_etcd().expect("etcd again");
    cluster.until_answered().await;
    cluster.until_node_ready().await;
    cluster.until_ready(2).await;
    expect_harmless(&end(traffic, cluster, "etcd stopped for ten seconds").await);
    assert_eq!(containers(cluster).await, before, "no replica was restarted");
}

async fn end(traffic: Traffic, cluster: &Cluster, what: &str) -> Outcome {
    traffic.flows(cluster).await;
    traffic.end(cluster, what).await
}

#[track_caller]
fn expect_harmless(outcome: &Outcome) {
    outcome.expect_no_bare_pod();
    assert!(outcome.longest_wait < TWO_CALLS, "{outcome}");
}

/// Kills containers of replicas, and waits for their restart. Until the kubelet has noticed it, the Pods are still Ready.
async fn kill(cluster: &Cluster, killed: &[String]) {
    signal(cluster, killed, "KILL");
    cluster
        .eventually("other containers of the replicas", async || {
            let now = containers(cluster).await;
            now.iter().all(|container| !killed.contains(container)).then_some(())
        })
        .await;
    cluster.until_ready(2).await;
}

fn signal(cluster: &Cluster, containers: &[String], signal: &str) {
    let processes: Vec<u32> = containers.iter().flat_map(|container| processes(cluster, container)).collect();
    assert!(processes.len() >= containers.len(), "each of {containers:?} has a process");
    machine::signal(&processes, signal).expect("to signal them");
}
