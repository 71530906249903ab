//! `podgraft restart` of a web server that is in use.

use std::time::Instant;

use serde_json::{Value, json};

use super::git_sync::repository::LINES;
use super::git_sync::visitors::Visitors;
use super::{IDLE, companion};
use crate::cluster::Cluster;
use crate::images::BUSYBOX;
use crate::installation::operator::status::counts;
use crate::installation::operator::{podgraft, shell};
use crate::support::screens::expect_screen;
use crate::tests;
use crate::workload::containers;

tests![restart_gives_pods_their_companion_and_its_new_version_without_a_lost_request];

/// A web server as its author should write it: it is sent requests once it is ready, and serves for a moment after its end
/// has been announced, because other nodes learn of that later.
const PAGE: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: web
        image: busybox:1
        command: [sh, -c, "mkdir /www && yes 'page 1' | head -n LINES >/www/index.html && exec httpd -f -p 8000 -h /www"]
        readinessProbe: {tcpSocket: {port: 8000}, periodSeconds: 1}
        lifecycle: {preStop: {sleep: {seconds: 3}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8000}]}
"#;

async fn restart_gives_pods_their_companion_and_its_new_version_without_a_lost_request(cluster: &Cluster) {
    let started = Instant::now();
    let namespace = cluster.namespace(json!({})).await;
    cluster.apply_manifests(&namespace, PAGE, &[("busybox:1", BUSYBOX), ("LINES", &LINES.to_string())]);
    cluster.ready_pods(&namespace, "app=web", 1).await;
    let visitors = Visitors::of_service(cluster, &namespace, "web", 2).await;

    // The Pod was created before the companion.
    let mut automatic = companion("restarted", IDLE);
    automatic["spec"]["activation"] = "ClusterWide".into();
    automatic["spec"]["namespaceSelector"] = json!({"matchLabels": {"kubernetes.io/metadata.name": namespace}});
    cluster.companion(&automatic).await;
    assert_eq!(status(cluster, &namespace), ["deployment/web 0/0/1"]);
    restart(cluster, &namespace, "--missing").await;

    automatic["spec"]["containers"][0]["env"] = json!([{"name": "VERSION", "value": "2"}]);
    cluster.companion(&automatic).await;
    assert_eq!(status(cluster, &namespace), ["deployment/web 0/1/0"]);
    let pod = restart(cluster, &namespace, "--outdated").await;
    assert_eq!(pod["spec"]["initContainers"][0]["env"][0]["value"], "2", "{pod:#}");

    let versions = VERSIONS.replace("-n shop", &format!("-n {namespace}")).replace("git-sync", "restarted");
    let shown = shell(cluster, &versions).out.replace("RESTARTED", "GIT-SYNC");
    let rows: Vec<&str> = shown.lines().filter(|row| !row.contains("Terminating")).collect();
    expect_screen("docs/requesting.md", VERSIONS, &rows.join("\n"));

    let visits = visitors.end().await;
    println!("    two restarts of a web server in {:.0} s: {visits}", started.elapsed().as_secs_f32());
    visits.expect_all(1);
}

/// Which Pods have which version of a companion.
const VERSIONS: &str = "kubectl get pods -n shop -L companions.podgraft.dev/git-sync";

/// Current, outdated and missing companions.
fn status(cluster: &Cluster, namespace: &str) -> Vec<String> {
    counts(&podgraft(cluster, &["status", "-n", namespace, "-o", "json"]))
}

/// Restarts the workloads of the namespace, and returns the Pod that has the current companion.
async fn restart(cluster: &Cluster, namespace: &str, which: &str) -> Value {
    let run = podgraft(cluster, &["restart", which, "-n", namespace, "--yes"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(status(cluster, namespace), ["deployment/web 1/0/0"], "{run:?}");
    let pod = cluster.ready_pods(namespace, "app=web", 1).await.remove(0);
    assert_eq!(containers(&pod), ["restarted", "web"]);
    pod
}
