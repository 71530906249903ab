//! What needs containers: companions at work, what only a kubelet does, and failures of the real thing.

mod companions;
mod example;
mod git_sync;
mod host_network;
mod jobs;
mod kubelet;
pub mod metrics_adapter;
mod network;
mod outages;
mod redis;
mod replicas;
mod restart;
pub mod run;
mod traffic;
mod web_was;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::images;
use crate::images::BUSYBOX;
use crate::suite::{Chapter, Test};
use crate::workload::template;

/// In the order in which they are read.
pub fn chapters() -> Vec<Chapter> {
    let all = |topics: Vec<Vec<Test>>| topics.into_iter().flatten().collect();
    vec![
        Chapter {
            name: "on a node",
            set_up: |cluster| Box::pin(async move { set_up(&cluster).await }),
            tests: all(vec![companions::tests(), jobs::tests(), kubelet::tests(), network::tests(), restart::tests()]),
            alone: false,
        },
        Chapter {
            name: "the four systems of examples/, on a node",
            set_up: |cluster| Box::pin(async move { set_up_systems(&cluster).await }),
            tests: all(vec![git_sync::tests(), redis::tests(), web_was::tests(), metrics_adapter::tests()]),
            alone: false,
        },
        Chapter {
            name: "on a node, while its parts fail",
            set_up: |cluster| Box::pin(async move { set_up(&cluster).await }),
            // replicas::tests() checks the peak memory of all tests before it, so it is last.
            tests: all(vec![kubelet::tests_alone(), host_network::tests(), outages::tests(), replicas::tests()]),
            alone: true,
        },
    ]
}

/// Installs podgraft by its chart, as Pods of the node.
async fn set_up(cluster: &Arc<Cluster>) {
    cluster.until_node_ready().await;
    cluster.install(&["webhooks.clusterWide.enabled=true"]).await;
    cluster.until_ready(2).await;
    replicas::watch(cluster);
}

/// The same, with the software of the examples.
async fn set_up_systems(cluster: &Arc<Cluster>) {
    set_up(cluster).await;
    let import = |archive: PathBuf| cluster.node(|node| node.import(&archive)).expect("an import");
    import(images::software().expect("the software of the examples"));
    import(images::prometheus_archive().expect("Prometheus"));
}

/// A Pod with a shell that waits, which asks for companions.
fn shell(companions: &str) -> Value {
    let mut template = template(Value::Null, json!({"podgraft.dev/companions": companions}));
    template["spec"]["containers"][0]["image"] = BUSYBOX.into();
    template["spec"]["containers"][0]["command"] = json!(["sleep", "3600"]);
    template
}

/// A native companion with one container, which runs a script in a shell.
fn companion(name: &str, script: &str) -> Value {
    json!({
        "apiVersion": "podgraft.dev/v1alpha1",
        "kind": "ClusterCompanion",
        "metadata": {"name": name},
        "spec": {
            "pattern": "Sidecar",
            "containers": [{
                "name": name,
                "image": BUSYBOX,
                "command": ["/bin/sh", "-c", script],
                "securityContext": {"runAsUser": 12345, "readOnlyRootFilesystem": true},
            }],
        },
    })
}

/// A script that does nothing until it gets SIGTERM, and then ends at once.
const IDLE: &str = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done";
