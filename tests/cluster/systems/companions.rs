//! Companions in containers: they run beside the app, share volumes with it, and read their files.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::node::images::BUSYBOX;
use crate::node::pods::name;
use crate::tests;
use crate::workload::{collection, template, workload};

tests![an_annotated_deployment_runs_with_its_native_companion_and_a_shared_volume];

/// Prints what it finds in its file, byte for byte, into the shared volume.
fn writer(name: &str, content: &str) -> Value {
    json!({
        "apiVersion": "podgraft.dev/v1alpha1",
        "kind": "ClusterCompanion",
        "metadata": {"name": name},
        "spec": {
            "pattern": "Sidecar",
            "containers": [{
                "name": name,
                "image": BUSYBOX,
                "command": ["/bin/sh", "-c", "cp /etc/companion/content /shared/content && exec sleep 3600"],
                "startupProbe": {"exec": {"command": ["test", "-e", "/shared/content"]}, "periodSeconds": 1},
                "securityContext": {"runAsUser": 12345, "readOnlyRootFilesystem": true},
            }],
            "files": [{"path": "/etc/companion/content", "content": content}],
            "sharedVolumes": [{"name": "shared", "companion": {"mountPath": "/shared"}, "app": {"mountPath": "/app/shared"}}],
        },
    })
}

/// A Pod with a shell that waits, which asks for companions.
fn shell(companions: &str) -> Value {
    let mut template = template(Value::Null, json!({"podgraft.dev/companions": companions}));
    template["spec"]["containers"][0]["image"] = BUSYBOX.into();
    template["spec"]["containers"][0]["command"] = json!(["sleep", "3600"]);
    template
}

async fn an_annotated_deployment_runs_with_its_native_companion_and_a_shared_volume(cluster: &Cluster) {
    let content = "\"quotes\" 'and' `more`\r\n\ttabs\r\nUTF-8: žluťoučký 🐎\n$(HOME) $HOME $$(HOME)\n\\n\n\nno newline";
    cluster.companion(&writer("writer", content)).await;
    let town = cluster.namespace(json!({})).await;
    let deployment = workload("Deployment", "reader", &shell("writer"));
    cluster.create(&collection("Deployment", &town), &deployment).await.expect("a Deployment");
    let pods = cluster.ready_pods(&town, "app=reader", 1).await;
    let containers = &pods[0]["status"];
    assert_eq!(containers["initContainerStatuses"][0]["ready"], true, "{containers}");
    let read = cluster.exec(&town, name(&pods[0]), "web", &["cat", "/app/shared/content"]);
    assert_eq!(read, content);
}
