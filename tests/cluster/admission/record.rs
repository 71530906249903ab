//! Records the reviews that this API server sends, as inputs for tests that need no cluster.

use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::injection::made_by;
use super::webhook;
use crate::cluster::{Cluster, printed, tree};
use crate::workload::{KINDS, collection, template, workload};

/// Where recorded reviews are.
pub const FOLDER: &str = "tests/admission/reviews";

/// Creates one workload of each kind and writes down what the API server asks about it and about its Pod.
///
/// # Errors
/// Where a file cannot be written.
pub async fn record(cluster: &Cluster) -> anyhow::Result<()> {
    let heard = Arc::new(Mutex::new(Vec::<Value>::new()));
    let hears = Arc::clone(&heard);
    let client = webhook::serve(move |review| {
        hears.lock().expect("no thread panics with the lock").push(review.clone());
        None
    });
    let namespace = cluster.namespace(json!({})).await;
    listen(cluster, client.await, &namespace).await;
    for (kind, _) in KINDS {
        let name = kind.to_lowercase();
        let asks = template(Value::Null, json!({"podgraft.dev/companions": "git-sync"}));
        cluster.create(&collection(kind, &namespace), &workload(kind, &name, &asks)).await.expect(kind);
        if kind == "CronJob" {
            let from = format!("cronjob/{name}");
            printed(cluster.kubectl(["--namespace", &namespace, "create", "job", "once", "--from", &from]));
        }
        made_by(cluster, &namespace, &name).await;
    }
    let heard = heard.lock().expect("no thread panics with the lock").clone();
    for (kind, _) in KINDS {
        let name = kind.to_lowercase();
        let of_pod = |request: &Value| {
            request["kind"]["kind"] == "Pod" && request["object"]["metadata"]["labels"]["app"] == *name
        };
        let of_itself = |request: &Value| request["kind"]["kind"] == kind && request["name"] == *name;
        if kind == "Pod" {
            keep(&heard, &name, of_pod)?;
        } else {
            keep(&heard, &name, of_itself)?;
            keep(&heard, &format!("{name}.pod"), of_pod)?;
        }
    }
    Ok(())
}

async fn listen(cluster: &Cluster, client: Value, namespace: &str) {
    let rule = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": resources});
    let rules = [
        rule("", &["pods", "replicationcontrollers"]),
        rule("apps", &["deployments", "replicasets", "statefulsets", "daemonsets"]),
        rule("batch", &["jobs", "cronjobs"]),
    ];
    let configuration = json!({
        "metadata": {"name": "recorder"},
        "webhooks": [{
            "name": "recorder.example.com",
            "clientConfig": client,
            "rules": rules,
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
        }],
    });
    let path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    cluster.create(path, &configuration).await.expect("the recorder");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
}

fn keep(heard: &[Value], name: &str, is_it: impl Fn(&Value) -> bool) -> anyhow::Result<()> {
    let review = heard.iter().find(|review| is_it(&review["request"]));
    let review = review.with_context(|| format!("the API server asked nothing about {name}"))?;
    let path = tree().join(FOLDER).join(format!("{name}.json"));
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    std::fs::write(&path, format!("{}\n", serde_json::to_string(review)?))?;
    println!("recorded {FOLDER}/{name}.json");
    Ok(())
}
