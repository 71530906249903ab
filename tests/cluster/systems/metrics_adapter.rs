//! System 4: three different applications, whose logs and metrics have one form.

use crate::cluster::Cluster;
use crate::tests;

tests![its_pods_become_ready];

async fn its_pods_become_ready(cluster: &Cluster) {
    cluster.apply_example("metrics-adapter/companions.yaml");
    cluster.caught_up().await;
    cluster.apply_example("metrics-adapter/app.yaml");
    cluster.ready_pods("measured", "app=orders", 1).await;
    cluster.ready_pods("measured", "app=baskets", 1).await;
    cluster.ready_pods("measured", "app=catalog", 1).await;
}
