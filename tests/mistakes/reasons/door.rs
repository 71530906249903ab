//! The places where a reason is found.

use std::fmt;
use std::process::Command;

use serde_json::Value;

use super::Produced;
use super::row::Place;
use crate::cluster::Cluster;
use crate::control_plane::rest;
use crate::installation::ADMIN;

/// A place where users and operators find reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// What kubectl prints when the workload is created.
    Warning,
    /// The audit log of the API server.
    Audit,
    Metric,
    /// podgraft's log.
    Log,
    /// An event of the workload.
    Event,
    /// `podgraft explain` of the workload.
    Explain,
}

/// The counters of findings of all replicas, before any workload is created.
pub struct Records {
    metrics: Vec<String>,
}

impl Records {
    pub async fn read(cluster: &Cluster) -> Self {
        let mut metrics = Vec::new();
        for pod in cluster.replicas().await {
            let address = pod["status"]["podIP"].as_str().unwrap_or_default();
            metrics.extend(rest::plain(address, ADMIN, "/metrics").await);
        }
        Records { metrics }
    }

    /// How often a reason was counted.
    fn count(&self, label: &str) -> f64 {
        let prefix = format!("podgraft_findings_total{{reason=\"{label}\",");
        let lines = self.metrics.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with(&prefix));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }
}

impl Door {
    pub const ALL: [Door; 6] = [Door::Warning, Door::Audit, Door::Metric, Door::Log, Door::Event, Door::Explain];

    /// Whether the reason of a row is found here now.
    pub async fn has(self, cluster: &Cluster, produced: &Produced, before: &Records) -> Option<()> {
        let Produced { label, row, namespace, printed } = produced;
        if row.place == Place::Nowhere {
            return None;
        }
        let found = match self {
            Door::Warning => printed.lines().any(|line| line.contains(&row.sentence)),
            Door::Audit => audit_annotations(cluster, namespace).iter().any(|reasons| names(reasons, label)),
            Door::Metric => Records::read(cluster).await.count(label) > before.count(label),
            Door::Log => log_lines(cluster, namespace).iter().any(|reasons| names(reasons, label)),
            Door::Event => events(cluster, namespace).await.iter().any(|event| {
                let message = event["message"].as_str().unwrap_or_default();
                (event["reason"] == **label || event["reason"] == "FailedCreate") && message.contains(&row.sentence)
            }),
            Door::Explain => explained(cluster, produced).contains(&(*label).to_owned()),
        };
        found.then_some(())
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Door::Warning => "warning",
            Door::Audit => "audit",
            Door::Metric => "metric",
            Door::Log => "log",
            Door::Event => "event",
            Door::Explain => "explain",
        })
    }
}

/// Whether a list of `Reason` and `companion=Reason` names a reason.
fn names(list: &str, label: &str) -> bool {
    list.split(',').any(|item| item.rsplit('=').next() == Some(label))
}

/// What podgraft wrote into the audit events of the Pods of a namespace.
fn audit_annotations(cluster: &Cluster, namespace: &str) -> Vec<String> {
    let text = std::fs::read_to_string(cluster.folder.join("audit.log")).unwrap_or_default();
    let of_namespace = format!("\"namespace\":\"{namespace}\"");
    let events = text.lines().filter(|line| line.contains(&of_namespace));
    let events = events.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let annotations = events.flat_map(|event| event["annotations"].as_object().cloned().unwrap_or_default());
    let ours =
        annotations.filter(|(key, _)| key.split('/').next().is_some_and(|webhook| webhook.ends_with(".podgraft.dev")));
    ours.filter_map(|(_, value)| value.as_str().map(str::to_owned)).collect()
}

/// The reasons in the log lines of the reviews of a namespace's Pods.
fn log_lines(cluster: &Cluster, namespace: &str) -> Vec<String> {
    let folders = std::fs::read_dir(cluster.folder.join("pods")).into_iter().flatten().flatten();
    let logs = folders.filter_map(|folder| std::fs::read_to_string(folder.path().join("log")).ok());
    let of_namespace = format!("\"namespace\":\"{namespace}\"");
    let lines = logs
        .flat_map(|log| log.lines().filter(|line| line.contains(&of_namespace)).map(str::to_owned).collect::<Vec<_>>());
    let reviews = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    reviews.filter_map(|review| review["companions"].as_str().map(str::to_owned)).collect()
}

async fn events(cluster: &Cluster, namespace: &str) -> Vec<Value> {
    let listed = cluster.get(&format!("/api/v1/namespaces/{namespace}/events")).await.expect("events");
    listed["items"].as_array().cloned().unwrap_or_default()
}

/// The reasons of `podgraft explain`, as the administrator.
fn explained(cluster: &Cluster, produced: &Produced) -> Vec<String> {
    let Produced { row, namespace, .. } = produced;
    let mut command = Command::new(env!("CARGO_BIN_EXE_podgraft"));
    command.args(["explain", &format!("{}/web", row.kind.to_lowercase()), "--namespace", namespace, "-o", "json"]);
    let output = command.env("KUBECONFIG", cluster.folder.join("admin.kubeconfig")).output().expect("podgraft runs");
    let facts: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let workloads = facts["workloads"].as_array().cloned().unwrap_or_default();
    let lists = workloads.iter().flat_map(|workload| [&workload["companions"], &workload["remarks"]]);
    let all = lists.filter_map(Value::as_array).flatten().filter_map(|found| found["reason"].as_str());
    all.map(str::to_owned).collect()
}
