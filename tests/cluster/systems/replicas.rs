//! podgraft's own Pods as containers: who they are, and how much memory they need.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use serde_json::Value;

use crate::cluster::{Cluster, OWN};
use crate::control_plane::rest;
use crate::images;
use crate::tests;

tests![each_replica_runs_as_non_root_on_a_read_only_file_system_and_needs_little_memory];

/// What a replica of the released image may need at most, in KiB. Without optimization, code alone needs more.
const BOUND: u64 = 20 * 1024;

/// The most memory that each container of podgraft has had in its main process, in KiB (`VmHWM` of proc(5)).
static PEAKS: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

/// podgraft's Pods, in its own namespace.
const PODS: &str = "/api/v1/namespaces/podgraft-system/pods?labelSelector=app.kubernetes.io/name=podgraft";

/// Looks at the memory of all replicas every second, for as long as this program lives.
pub fn watch(cluster: &Arc<Cluster>) {
    let cluster = Arc::clone(cluster);
    tokio::spawn(async move {
        loop {
            // Without an answer there is nothing to look at; the API server may be the one that fails.
            if let Ok(answer) = rest::send(&cluster.client, Method::GET, PODS, None).await {
                record(&cluster, &answer.body);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
}

fn record(cluster: &Cluster, pods: &Value) {
    for container in pods["items"].as_array().into_iter().flatten().filter_map(container) {
        let Some(peak) = processes(cluster, container).into_iter().filter_map(peak).max() else { continue };
        PEAKS.lock().unwrap_or_else(PoisonError::into_inner).insert(container.to_owned(), peak);
    }
}

fn container(pod: &Value) -> Option<&str> {
    pod["status"]["containerStatuses"][0]["containerID"].as_str()
}

/// The ids of the containers of podgraft's Pods.
pub async fn containers(cluster: &Cluster) -> Vec<String> {
    let replicas = cluster.replicas().await;
    let mut ids: Vec<String> = replicas.iter().filter_map(container).map(str::to_owned).collect();
    ids.sort();
    ids
}

/// The processes of a container.
pub fn processes(cluster: &Cluster, container: &str) -> Vec<u32> {
    cluster.node(|node| Ok(node.processes(container))).expect("a node")
}

fn peak(process: u32) -> Option<u64> {
    field(process, "VmHWM")?.trim_end_matches("kB").trim().parse().ok()
}

fn field(process: u32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

async fn each_replica_runs_as_non_root_on_a_read_only_file_system_and_needs_little_memory(cluster: &Cluster) {
    let own = cluster.get(&format!("/api/v1/namespaces/{OWN}")).await.expect("podgraft's own namespace");
    assert_eq!(own["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted", "{own:#}");
    for container in containers(cluster).await {
        let processes = processes(cluster, &container);
        assert!(!processes.is_empty(), "{container} has a process");
        for process in processes {
            let users = field(process, "Uid").expect("users");
            assert!(users.split_whitespace().all(|user| user == "65532"), "{users}");
            assert_eq!(field(process, "NoNewPrivs").as_deref(), Some("1"));
            assert_eq!(field(process, "CapEff").as_deref(), Some("0000000000000000"));
            assert_eq!(field(process, "Seccomp").as_deref(), Some("2"), "a filter");
            let mounts = fs::read_to_string(format!("/proc/{process}/mountinfo")).expect("mounts");
            let root = mounts.lines().find(|mount| mount.split_whitespace().nth(4) == Some("/")).expect("a root");
            assert!(root.split_whitespace().nth(5).is_some_and(|options| options.starts_with("ro,")), "{root}");
        }
    }
    let peaks = PEAKS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut peaks: Vec<u64> = peaks.into_values().collect();
    peaks.sort_unstable();
    let text: Vec<String> = peaks.iter().map(|peak| format!("{:.1}", *peak as f64 / 1024.0)).collect();
    let is_released = images::is_released().expect("the hash of the image");
    let image = if is_released { "the released image, bound 20" } else { "a debug build, without a bound" };
    println!("    {} replicas of {image}: at most (MiB) {}", peaks.len(), text.join(", "));
    assert!(!peaks.is_empty(), "no replica was looked at");
    assert!(!is_released || peaks.iter().all(|peak| *peak < BOUND), "{peaks:?} KiB");
}
