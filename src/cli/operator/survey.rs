//! Reads the Pods of a cluster or of a namespace, and counts them by workload and companion.

use std::collections::BTreeMap;

use serde_json::Value;

use super::census::{Census, Engine, WorkloadKey, WorkloadTally};
use crate::cli::live::{Connection, ObjectSelection};
use crate::inject::snapshot::Settings;
use crate::webhook::Configuration;
use crate::workload::WorkloadKind;

/// The kinds with a rollout.
pub(super) const ROLLED: [&str; 3] = ["deployments", "statefulsets", "daemonsets"];

/// Reads and counts. `selection.labels` select Pods.
///
/// # Errors
/// The API server cannot be reached, or the user may not read something.
pub(super) async fn survey(
    connection: &Connection,
    selection: ObjectSelection<'_>,
) -> anyhow::Result<BTreeMap<WorkloadKey, WorkloadTally>> {
    let companions = connection.companions(selection.namespace).await?;
    let webhooks = connection.webhooks().await?;
    let required = webhooks.has(Configuration::OptedOut);
    let settings = Settings { own_namespace: webhooks.own_namespace(), required, ..Settings::default() };
    let server = companions.server(settings);
    let mut census = Census::new(Engine { snapshot: &server.snapshot, webhooks: &webhooks });
    let all = ObjectSelection { labels: None, ..selection };
    for kind in ROLLED.into_iter().filter_map(WorkloadKind::named) {
        let add = |object: Value| {
            census.add_workload(&object);
            Ok(())
        };
        connection.each(kind, all, add).await?;
    }
    if let Some(kind) = WorkloadKind::named("replicasets") {
        let add = |object: Value| {
            census.add_replica_set(&object);
            Ok(())
        };
        connection.each(kind, all, add).await?;
    }
    if let Some(kind) = WorkloadKind::named("pods") {
        let add = |object: Value| {
            census.add_pod(&object);
            Ok(())
        };
        connection.each(kind, selection, add).await?;
    }
    let mut tallies = census.finish();
    // Labels select Pods, so a workload without any is not selected.
    tallies.retain(|_, tally| selection.labels.is_none() || tally.pods > 0);
    Ok(tallies)
}
