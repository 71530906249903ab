//! Creates workloads in the cluster, and removes them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::fate::Fate;
use super::{Created, kind};
use crate::cluster::Cluster;
use crate::support::created_pod::{FIRST, sent_pod};
use crate::workload::{KINDS, collection};

/// Gives a workload a name of its own, and its Pods a label with that name.
pub fn rename(workload: &mut Value, name: &str) {
    workload["metadata"] = match kind(workload) {
        "Pod" => workload["metadata"].take(),
        _ => json!({}),
    };
    let metadata = workload["metadata"].as_object_mut().expect("metadata");
    metadata.shift_remove("generateName");
    metadata.insert("name".to_owned(), name.into());
    for at in [
        "/metadata/labels/app",
        "/template/metadata/labels/app",
        "/spec/template/metadata/labels/app",
        "/spec/jobTemplate/spec/template/metadata/labels/app",
        "/spec/selector/app",
        "/spec/selector/matchLabels/app",
    ] {
        if let Some(label) = workload.pointer_mut(at) {
            *label = name.into();
        }
    }
}

/// Creates a workload. What became of its Pods is known at once where no controller creates them.
pub async fn post(cluster: &Cluster, created: &Created) -> Option<Fate> {
    let workload = &created.case.workload;
    if !has_controller(workload) {
        return Some(dry_run(cluster, created).await);
    }
    let path = collection(kind(workload), &created.namespace);
    let answer = cluster.create(&path, workload).await;
    if kind(workload) == "Pod" {
        return Some(Fate::of(answer));
    }
    if answer.status == StatusCode::UNPROCESSABLE_ENTITY {
        return Some(Fate::Rejected(format!("the workload itself is invalid: {}", answer.body["message"])));
    }
    answer.expect(&created.name);
    if kind(workload) == "CronJob" {
        // As `kubectl create job --from`, so that no test waits for the schedule.
        let job = json!({"metadata": {"name": created.name}, "spec": workload["spec"]["jobTemplate"]["spec"]});
        cluster.create(&collection("Job", &created.namespace), &job).await.expect(&created.name);
    }
    None
}

/// Whether this cluster has a controller that creates a Pod from a workload. A DaemonSet's does not for nodes of another
/// kind than those of this cluster.
fn has_controller(workload: &Value) -> bool {
    let spec = &workload["spec"]["template"]["spec"];
    match kind(workload) {
        "PodTemplate" | "Rollout" | "Service" => false,
        "DaemonSet" => spec.get("nodeSelector").is_none() && spec.get("affinity").is_none(),
        _ => true,
    }
}

/// What the API server would do with the Pod that a controller sends.
async fn dry_run(cluster: &Cluster, created: &Created) -> Fate {
    let mut pod = sent_pod(&created.case.workload, FIRST);
    let metadata = pod["metadata"].as_object_mut().expect("metadata");
    metadata.shift_remove("ownerReferences");
    Fate::of(cluster.create(&format!("{}?dryRun=All", collection("Pod", &created.namespace)), &pod).await)
}

/// Deletes all workloads and their Pods: controllers would go on creating Pods that are denied.
pub async fn remove(cluster: &Cluster, namespaces: &[String]) {
    for namespace in namespaces {
        for (kind, _) in KINDS.iter().rev() {
            cluster.delete_now(&collection(kind, namespace)).await;
        }
    }
}
