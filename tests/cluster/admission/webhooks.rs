//! Which webhook is called for which Pod. The API server's audit log says so: it names each webhook that it called.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::cluster::{Cluster, OWN};
use crate::tests;
use crate::workload::{collection, pod, template};

tests![
    every_combination_of_labels_and_annotation_calls_exactly_one_webhook_or_none,
    excluded_namespaces_are_out_of_reach
];

const WORDS: [Option<&str>; 3] = [None, Some("enabled"), Some("disabled")];

/// Annotations of a Pod, and whether the Pod's author says something with them.
const ANNOTATIONS: [(Option<&str>, bool); 6] = [
    (None, false),
    (Some("podgraft.dev/companions"), true),
    (Some("podgraft.dev/nobody.parameter"), true),
    (Some("podgraft.dev/companion"), true),
    (Some("podgraft.dev/status"), false),
    (Some("podgraft.dev/skipped"), false),
];

async fn every_combination_of_labels_and_annotation_calls_exactly_one_webhook_or_none(cluster: &Cluster) {
    let required = cluster.webhooks().await.iter().any(|e| e["name"] == "opted-out.podgraft.dev");
    let mut expected = HashMap::new();
    for namespace_says in WORDS {
        let labels = namespace_says.map_or(json!({}), |word| json!({"podgraft.dev/inject": word}));
        let namespace = cluster.namespace(json!({"labels": labels})).await;
        for pod_says in [None, Some("enabled"), Some("disabled"), Some("maybe")] {
            for (i, (annotation, asks)) in ANNOTATIONS.into_iter().enumerate() {
                let labels = pod_says.map_or(Value::Null, |word| json!({"podgraft.dev/inject": word}));
                let annotations = annotation.map_or(Value::Null, |key| json!({key: "nobody"}));
                let name = format!("{}-{i}", pod_says.unwrap_or("unlabelled"));
                // A dry run calls the same webhooks, and creates nothing.
                let path = format!("{}?dryRun=All", collection("Pod", &namespace));
                cluster.create(&path, &pod(&name, &template(labels, annotations))).await;
                let webhook = webhook(namespace_says, pod_says, asks, required);
                expected.insert(format!("{namespace}/{name}"), webhook);
            }
        }
    }
    assert_eq!(expected.len(), 72);
    let called = calls(cluster, &expected).await;
    for (pod, webhook) in expected {
        assert_eq!(called[&pod], webhook.into_iter().collect::<Vec<_>>(), "{pod}, required companions on: {required}");
    }
}

/// What design and documents say, as a table.
fn webhook(namespace: Option<&str>, pod: Option<&str>, asks: bool, required: bool) -> Option<&'static str> {
    match (pod, asks, namespace) {
        (Some("disabled"), ..) => required.then_some("opted-out.podgraft.dev"),
        (Some(_), ..) | (None, true, _) => Some("requested.podgraft.dev"),
        (None, false, Some("enabled")) => Some("opted-in.podgraft.dev"),
        (None, false, Some("disabled")) => required.then_some("cluster-wide.podgraft.dev"),
        (None, false, _) => Some("cluster-wide.podgraft.dev"),
    }
}

/// The webhooks of ours that the API server called for each Pod, in order, rounds after the first included.
async fn calls(cluster: &Cluster, pods: &HashMap<String, Option<&str>>) -> HashMap<String, Vec<String>> {
    let log = cluster.folder.join("audit.log");
    cluster
        .eventually("all Pods in the audit log", async || {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let mut called = HashMap::new();
            for event in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
                let word = |field: &str| event["objectRef"][field].as_str().unwrap_or_default();
                let name = format!("{}/{}", word("namespace"), word("name"));
                let made = event["verb"] == "create" && word("resource") == "pods";
                if made && pods.contains_key(&name) {
                    called.insert(name, webhooks(&event));
                }
            }
            (called.len() == pods.len()).then_some(called)
        })
        .await
}

/// `mutation.webhook.admission.k8s.io/round_0_index_2: {"configuration": …, "webhook": …, "mutated": …}`
fn webhooks(event: &Value) -> Vec<String> {
    let annotations = event["annotations"].as_object().into_iter().flatten();
    let calls = annotations.filter(|(key, _)| key.starts_with("mutation.webhook.admission.k8s.io/"));
    let calls = calls.filter_map(|(_, value)| serde_json::from_str::<Value>(value.as_str()?).ok());
    calls.filter_map(|call| call["webhook"].as_str().map(Into::into)).collect()
}

async fn excluded_namespaces_are_out_of_reach(cluster: &Cluster) {
    let mut expected = HashMap::new();
    for namespace in ["kube-system", "kube-public", "kube-node-lease", OWN] {
        let asks = template(json!({"podgraft.dev/inject": "enabled"}), json!({"podgraft.dev/companions": "nobody"}));
        let name = "out-of-reach";
        cluster.create(&format!("{}?dryRun=All", collection("Pod", namespace)), &pod(name, &asks)).await;
        expected.insert(format!("{namespace}/{name}"), None);
    }
    for (pod, called) in calls(cluster, &expected).await {
        assert!(called.is_empty(), "{pod}: {called:?}");
    }
}
