//! System 2: an app that reaches Redis at localhost.

use crate::cluster::Cluster;
use crate::tests;

tests![its_pods_become_ready];

async fn its_pods_become_ready(cluster: &Cluster) {
    cluster.apply_example("redis/companions.yaml");
    cluster.caught_up().await;
    cluster.apply_example("redis/app.yaml");
    cluster.ready_pods("visits", "app=visits", 2).await;
}
