//! Jobs: a companion must not keep them from completing.

use std::time::Duration;

use serde_json::json;

use super::{IDLE, companion, shell};
use crate::cluster::{Cluster, TIMEOUT};
use crate::node::pods::condition;
use crate::tests;
use crate::workload::{collection, workload};

tests![a_cron_job_with_a_native_companion_completes];

/// A CronJob starts within a minute, and its Pod a while later on a machine that is busy.
const NEXT_MINUTE: Duration = Duration::from_secs(60 + TIMEOUT.as_secs());

async fn a_cron_job_with_a_native_companion_completes(cluster: &Cluster) {
    let mut watches = companion("watches", &format!("echo up >/shared/up; {IDLE}"));
    watches["spec"]["containers"][0]["startupProbe"] =
        json!({"exec": {"command": ["test", "-e", "/shared/up"]}, "periodSeconds": 1});
    watches["spec"]["sharedVolumes"] =
        json!([{"name": "shared", "companion": {"mountPath": "/shared"}, "app": {"mountPath": "/app/shared"}}]);
    cluster.companion(&watches).await;
    let namespace = cluster.namespace(json!({})).await;
    let mut asks = shell("watches");
    // It fails unless the companion has started before.
    asks["spec"]["containers"][0]["command"] = json!(["cat", "/app/shared/up"]);
    cluster.create(&collection("CronJob", &namespace), &workload("CronJob", "report", &asks)).await.expect("a CronJob");
    let job = cluster
        .within(NEXT_MINUTE, "a Job that has completed", async || {
            let jobs = cluster.get(&collection("Job", &namespace)).await.body["items"].take();
            let has = |kind: &str| {
                let jobs = jobs.as_array().into_iter().flatten();
                jobs.clone().find(|job| condition(job, kind) == Some("True")).cloned()
            };
            assert!(has("Failed").is_none(), "{jobs:#}");
            has("Complete")
        })
        .await;
    assert_eq!(job["status"]["succeeded"], 1, "{job:#}");
    let pods = cluster.pods(&namespace, "app=report").await;
    let ended = |pod: &&serde_json::Value| pod["status"]["phase"] == "Succeeded";
    let ended = pods.iter().find(ended).expect("a Pod that has succeeded");
    assert_eq!(ended["status"]["initContainerStatuses"][0]["name"], "watches", "{ended:#}");
}
