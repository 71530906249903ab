//! An API server that stops and starts again, and replicas that start while a companion is invalid.

use std::time::Duration;

use serde_json::json;

use crate::admission::injection::create;
use crate::admission::sources::{asks, replicas};
use crate::cluster::{Cluster, OWN, printed};
use crate::installation::companion_path;
use crate::tests;
use crate::workload::{collection, companion, containers, pod};

// After an outage the cluster's own controllers are slow for a while: addresses of new replicas come late.
tests![new_replicas_use_the_last_valid_version_of_an_invalid_companion, a_restart_of_the_api_server_loses_no_companion,];

async fn new_replicas_use_the_last_valid_version_of_an_invalid_companion(cluster: &Cluster) {
    let mut object = companion("remembered");
    cluster.companion(&object).await;
    object["spec"]["containers"][0]["image"] = "registry.example/remembered:2".into();
    object["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "nowhere", "mountPath": "/x"}]);
    cluster.condition(&object, "False").await;
    // No replica is left that saw it when it was valid.
    cluster.delete_now(&format!("/api/v1/namespaces/{OWN}/pods")).await;
    cluster.until_ready(2).await;
    let namespace = cluster.namespace(json!({})).await;
    for name in ["once", "twice", "thrice"] {
        // The API server still has connections to the replicas that were killed, and waits on them in vain.
        let pod = cluster
            .eventually("an answer of a replica that runs", async || {
                let made = cluster.create(&collection("Pod", &namespace), &pod(name, &asks("remembered"))).await;
                (made.status != 500).then(|| made.expect(name))
            })
            .await;
        assert_eq!(pod["spec"]["initContainers"][0]["image"], "registry.example/remembered:1");
    }
    object["spec"]["containers"][0].as_object_mut().expect("a container").remove("volumeMounts");
    cluster.companion(&object).await;
    let status = cluster.get(&companion_path(&object)).await.body["status"].take();
    assert!(status["lastValid"].is_null() && status["hash"].is_string(), "{status}");
}

async fn a_restart_of_the_api_server_loses_no_companion(cluster: &Cluster) {
    cluster.companion(&companion("lasting")).await;
    let namespace = cluster.namespace(json!({})).await;
    assert_eq!(containers(&create(cluster, &namespace, "before", &asks("lasting")).await), ["lasting", "web"]);
    let before = replicas(cluster).await;
    cluster.control_plane().stop_apiserver().expect("an end of the API server");
    tokio::time::sleep(Duration::from_secs(3)).await;
    cluster.control_plane().start_apiserver().expect("the API server again");
    // The first Pod after the restart meets replicas whose watches are just being restored.
    assert_eq!(containers(&create(cluster, &namespace, "after", &asks("lasting")).await), ["lasting", "web"]);
    // Each replica learns of a new companion, although its watches had ended.
    cluster.companion(&companion("newer")).await;
    for name in ["once", "twice", "thrice"] {
        assert_eq!(containers(&create(cluster, &namespace, name, &asks("newer")).await), ["newer", "web"]);
    }
    assert_eq!(replicas(cluster).await, before, "no replica was restarted, and all are ready");
    // The next test should not start before the controllers have caught up.
    for rollout in [&["restart"][..], &["status", "--timeout=2m"]] {
        let command = [&["--namespace", OWN, "rollout"][..], rollout, &["deployment/podgraft"]].concat();
        printed(cluster.kubectl(command));
    }
    cluster.until_ready(2).await;
}
