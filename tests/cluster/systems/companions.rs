//! Companions in containers: they run beside the app, share volumes with it, and read their files.

use serde_json::json;

use super::{IDLE, companion, shell};
use crate::cluster::Cluster;
use crate::node::pods::name;
use crate::tests;
use crate::workload::{collection, workload};

tests![
    an_annotated_deployment_runs_with_its_native_companion_and_a_shared_volume,
    the_files_of_a_companion_arrive_byte_for_byte_in_native_and_plain_containers,
];

/// Everything that a shell, a YAML parser or the kubelet's expansion of variables could change.
const CONTENT: &str = "\"quotes\" 'and' `more`\r\n\ttabs\r\nUTF-8: žluťoučký 🐎\n$(HOME) $HOME $$(HOME) ${HOME}\n\\n\\\n\n: |- no newline";

async fn an_annotated_deployment_runs_with_its_native_companion_and_a_shared_volume(cluster: &Cluster) {
    let mut counts = companion("counts", &format!("echo ready >/shared/state; {IDLE}"));
    counts["spec"]["containers"][0]["startupProbe"] =
        json!({"exec": {"command": ["test", "-e", "/shared/state"]}, "periodSeconds": 1});
    counts["spec"]["sharedVolumes"] =
        json!([{"name": "shared", "companion": {"mountPath": "/shared"}, "app": {"mountPath": "/app/shared"}}]);
    cluster.companion(&counts).await;
    let namespace = cluster.namespace(json!({})).await;
    let mut asks = shell("counts");
    // The app starts after the companion, so it finds the file at its very start.
    asks["spec"]["containers"][0]["command"] = json!(["sh", "-c", "cat /app/shared/state && exec sleep 3600"]);
    cluster.create(&collection("Deployment", &namespace), &workload("Deployment", "reader", &asks)).await.expect("it");
    let pods = cluster.ready_pods(&namespace, "app=reader", 1).await;
    let status = &pods[0]["status"];
    assert_eq!(status["initContainerStatuses"][0]["ready"], true, "{status}");
    assert_eq!(status["containerStatuses"][0]["restartCount"], 0, "{status}");
    assert_eq!(cluster.logs(&namespace, name(&pods[0]), "web"), "ready\n");
}

async fn the_files_of_a_companion_arrive_byte_for_byte_in_native_and_plain_containers(cluster: &Cluster) {
    let large = "0123456789abcde\n".repeat(1_500);
    let files = json!([
        {"path": "/etc/companion/content", "content": CONTENT},
        {"path": "/etc/companion/large", "content": large},
    ]);
    for (reads, lifecycle) in [("native-files", "Native"), ("plain-files", "Container")] {
        let mut object = companion(reads, IDLE);
        object["spec"]["files"] = files.clone();
        object["spec"]["lifecycle"] = lifecycle.into();
        cluster.companion(&object).await;
        let namespace = cluster.namespace(json!({})).await;
        cluster
            .create(&collection("Deployment", &namespace), &workload("Deployment", "reads", &shell(reads)))
            .await
            .expect("it");
        let pods = cluster.ready_pods(&namespace, "app=reads", 1).await;
        let read = |file: &str| cluster.exec(&namespace, name(&pods[0]), reads, &["cat", file]);
        assert_eq!(read("/etc/companion/content"), CONTENT, "{lifecycle}");
        assert_eq!(read("/etc/companion/large"), large, "{lifecycle}");
    }
}
