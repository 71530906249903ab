//! System 3: a web server and an application server in one Pod, over localhost.

use crate::cluster::Cluster;
use crate::tests;

tests![its_pods_become_ready];

async fn its_pods_become_ready(cluster: &Cluster) {
    cluster.apply_example("web-was/companions.yaml");
    cluster.caught_up().await;
    cluster.apply_example("web-was/app.yaml");
    cluster.ready_pods("shop", "app=shop", 2).await;
}
