//! What needs containers: companions at work, what only a kubelet does, and failures of the real thing.

mod companions;

use crate::cluster::Cluster;
use crate::suite::Chapter;

/// In the order in which they are read.
pub fn chapters() -> Vec<Chapter> {
    vec![Chapter {
        name: "on a node",
        set_up: |cluster| Box::pin(async move { install(&cluster).await }),
        tests: companions::tests(),
        alone: false,
    }]
}

async fn install(cluster: &Cluster) {
    cluster.until_node_ready().await;
    cluster.install(&["webhooks.clusterWide.enabled=true"]).await;
    cluster.until_ready(2).await;
}
