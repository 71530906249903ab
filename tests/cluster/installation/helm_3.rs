//! The release in the hands of Helm 3, which patches objects where Helm 4 applies them.

use std::process::Output;

use serde_json::{Value, json};

use super::platforms::{CLUSTER_WIDE, RENDERED, edit_as_the_enforcer, expect_added};
use crate::admission::injection::create;
use crate::cluster::{Cluster, OWN, printed};
use crate::installation::IMAGE;
use crate::tests;
use crate::workload::{companion, containers, template};

tests![helm_3_installs_upgrades_and_rolls_back_over_the_edit_of_a_platform_and_helm_4_takes_over];

async fn helm_3_installs_upgrades_and_rolls_back_over_the_edit_of_a_platform_and_helm_4_takes_over(cluster: &Cluster) {
    cluster.uninstall();
    printed(helm_3(cluster, "install", &[]));
    expect_injection(cluster, "installed").await;

    edit_as_the_enforcer(cluster).await;
    printed(helm_3(cluster, "upgrade", &["--set", "log.level=debug"]));
    // It writes back what it rendered, without a conflict; the enforcer would then add its requirement again.
    expect_added(cluster, false).await;
    expect_injection(cluster, "upgraded").await;

    edit_as_the_enforcer(cluster).await;
    let rendered = RENDERED.map(|value| ["--set", value]);
    printed(helm_3(cluster, "upgrade", &rendered.concat()));
    expect_added(cluster, true).await;
    expect_injection(cluster, "rendered").await;

    printed(cluster.helm_3(["rollback", "podgraft", "--namespace", OWN, "--wait", "--timeout", "3m"]));
    expect_added(cluster, false).await;
    expect_injection(cluster, "rolled-back").await;

    cluster.install(&[CLUSTER_WIDE]).await;
    expect_injection(cluster, "with-helm-4").await;
    // An installation of Helm 4 alone, as the other tests expect it.
    cluster.uninstall();
    cluster.install(&[CLUSTER_WIDE]).await;
}

fn helm_3(cluster: &Cluster, command: &str, further: &[&str]) -> Output {
    let release = [command, "podgraft", "charts/podgraft", "--namespace", OWN, "--wait", "--timeout", "3m"];
    cluster.helm_3([&release[..], &["--set", IMAGE, "--set", CLUSTER_WIDE], further].concat())
}

/// A Pod that requests a companion gets it, so the webhooks exist and API servers trust them.
async fn expect_injection(cluster: &Cluster, name: &str) {
    cluster.trusted().await;
    cluster.companion(&companion("packaged")).await;
    let namespace = cluster.namespace(json!({})).await;
    let requests = template(Value::Null, json!({"podgraft.dev/companions": "packaged"}));
    assert_eq!(containers(&create(cluster, &namespace, name, &requests).await), ["packaged", "web"]);
}
