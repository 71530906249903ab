//! `podgraft status` and `podgraft restart`: Pods from before an outage, during it, and after a companion has changed.

use serde_json::{Value, json};

use super::stand_in::Kubelets;
use super::{Run, podgraft, shell, stop};
use crate::cluster::{Cluster, OWN, printed};
use crate::support::screens::expect_screen;
use crate::tests;
use crate::workload::{collection, companion, containers, pod, template, workload};

tests![status_finds_the_pods_of_an_outage_and_of_an_older_version_and_restart_fixes_them];

const NAMESPACE: &str = "shop";

async fn status_finds_the_pods_of_an_outage_and_of_an_older_version_and_restart_fixes_them(cluster: &Cluster) {
    cluster.install(&["webhooks.clusterWide.enabled=true", "webhooks.requested.failurePolicy=Ignore"]).await;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    cluster.apply(&format!("/api/v1/namespaces/{NAMESPACE}"), &namespace).await.expect("a namespace");
    let account = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/default");
    cluster
        .eventually("the default ServiceAccount", async || {
            cluster.get(&account).await.status.is_success().then_some(())
        })
        .await;
    let _kubelets = Kubelets::of(&cluster.client, NAMESPACE);
    let mut git_sync = companion("git-sync");
    cluster.companion(&git_sync).await;
    create(cluster, "Deployment", "early", 2).await;
    create(cluster, "DaemonSet", "agent", 1).await;

    git_sync["spec"]["containers"][0]["image"] = "registry.example/git-sync:2".into();
    cluster.companion(&git_sync).await;
    create(cluster, "Deployment", "current", 1).await;

    stop(cluster).await;
    create(cluster, "Deployment", "late", 3).await;
    create(cluster, "StatefulSet", "db", 2).await;
    cluster.create(&collection("Pod", NAMESPACE), &pod("alone", &asks())).await.expect("a Pod");
    printed(cluster.kubectl(["--namespace", OWN, "scale", "deployment/podgraft", "--replicas=2"]));
    cluster.until_ready(2).await;

    let [wide, json] = ["wide", "json"].map(|form| podgraft(cluster, &["status", "-n", NAMESPACE, "-o", form]));
    println!("{}{}", wide.out, wide.err);
    show(cluster, "docs/operating.md", "podgraft status -n shop");
    assert_eq!(
        counts(&json),
        [
            "daemonset/agent 0/1/0",
            "deployment/current 1/0/0",
            "deployment/early 0/2/0",
            "deployment/late 0/0/3",
            "pod/alone 0/0/1",
            "statefulset/db 0/0/2",
        ]
    );
    let all = podgraft(cluster, &["status", "-A"]);
    assert!(all.out.contains("deployment/late"), "{all:?}");

    let unconfirmed = podgraft(cluster, &["restart", "--missing", "-n", NAMESPACE]);
    assert_eq!(unconfirmed.code, 2, "{unconfirmed:?}");
    let rehearsed = podgraft(cluster, &["restart", "--outdated", "-n", NAMESPACE, "--dry-run"]);
    let expected = "daemonset/agent -n shop: git-sync is outdated in 1 Pod (dry run)\n\
        deployment/early -n shop: git-sync is outdated in 2 Pods (dry run)\n";
    assert_eq!((rehearsed.code, &*rehearsed.out), (0, expected), "{rehearsed:?}");

    show(cluster, "docs/operating.md", "podgraft restart --missing -n shop --yes");
    let arguments = ["restart", "--missing", "--outdated", "-n", NAMESPACE, "--parallel", "2", "--yes"];
    let restarted = podgraft(cluster, &arguments);
    println!("{}{}", restarted.out, restarted.err);
    assert_eq!(restarted.code, 1, "the Pod without an owner remains: {restarted:?}");
    assert!(restarted.err.contains("pod/alone -n shop is not restarted"), "{restarted:?}");
    assert_eq!(
        counts(&podgraft(cluster, &["status", "-n", NAMESPACE, "-o", "json"])),
        [
            "daemonset/agent 1/0/0",
            "deployment/current 1/0/0",
            "deployment/early 2/0/0",
            "deployment/late 3/0/0",
            "pod/alone 0/0/1",
            "statefulset/db 2/0/0",
        ]
    );
    cluster.delete(&format!("{}/alone", collection("Pod", NAMESPACE))).await.expect("deleting the Pod");
    let nothing = podgraft(cluster, &arguments);
    assert_eq!((nothing.code, &*nothing.out, &*nothing.err), (0, "", "no workload to restart\n"));
}

/// Types a command of a document, and compares what appears on the terminal.
fn show(cluster: &Cluster, page: &str, command: &str) {
    expect_screen(page, command, &shell(cluster, &format!("{command} 2>&1")).out);
}

fn asks() -> Value {
    template(Value::Null, json!({"podgraft.dev/companions": "git-sync"}))
}

/// Creates a workload that requests the companion, and waits for its Pods.
async fn create(cluster: &Cluster, kind: &str, name: &str, replicas: usize) {
    let mut object = workload(kind, name, &asks());
    if kind != "DaemonSet" {
        object["spec"]["replicas"] = replicas.into();
    }
    cluster.create(&collection(kind, NAMESPACE), &object).await.expect(kind);
    let path = format!("{}?labelSelector=app={name}", collection("Pod", NAMESPACE));
    cluster
        .eventually(&format!("the Pods of {name}"), async || {
            let pods = cluster.get(&path).await.expect("the Pods");
            let pods = pods["items"].as_array()?;
            (pods.len() == replicas && pods.iter().all(|pod| !containers(pod).is_empty())).then_some(())
        })
        .await;
}

/// Each workload, as `workload current/outdated/missing`.
pub fn counts(run: &Run) -> Vec<String> {
    let document: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}"));
    let workloads = document["workloads"].as_array().expect("workloads");
    let counts = workloads.iter().map(|workload| {
        let companion = &workload["companions"][0];
        let count = |field: &str| companion[field].as_u64().unwrap_or_default();
        let (kind, name) =
            (workload["kind"].as_str().unwrap_or_default(), workload["name"].as_str().unwrap_or_default());
        format!("{kind}/{name} {}/{}/{}", count("current"), count("outdated"), count("missing"))
    });
    counts.collect()
}
