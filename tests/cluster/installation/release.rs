//! The release as a person handles it: its own test, a certificate from elsewhere, and no Helm at all.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use podgraft::internals::tls::development;
use serde_json::{Value, json};

use crate::admission::injection::create;
use crate::cluster::{Cluster, OWN, printed};
use crate::installation::certificates::{stored, trusted};
use crate::installation::{IMAGE, companion_path};
use crate::load::Load;
use crate::tests;
use crate::workload::{companion, containers, template};

tests![
    helm_test_calls_podgraft_through_its_service,
    a_certificate_from_elsewhere_is_adopted_and_dropped_without_a_lost_call,
    the_running_objects_are_those_that_the_chart_renders,
    companions_of_files_and_of_the_cluster_are_used_together,
    the_plain_manifest_installs_and_is_deleted_without_helm,
];

/// Entries that all of these tests have.
const ENTRIES: &str = "webhooks.clusterWide.enabled=true";

async fn helm_test_calls_podgraft_through_its_service(cluster: &Cluster) {
    cluster.install(&[ENTRIES]).await;
    helm_test(cluster);
    let said = std::fs::read_to_string(cluster.folder.join("pods/podgraft-test/log")).expect("the test's log");
    assert!(said.contains("pod/probe in namespace default, reviewed by /inject/cluster-wide"), "{said}");
    let left = printed(cluster.kubectl(["--namespace", OWN, "get", "pods,configmaps", "-o", "name"]));
    assert!(!left.contains("podgraft-test"), "{left}");
}

async fn a_certificate_from_elsewhere_is_adopted_and_dropped_without_a_lost_call(cluster: &Cluster) {
    cluster.install(&[ENTRIES]).await;
    cluster.companion(&companion("certified")).await;
    let namespace = cluster.namespace(json!({})).await;
    let asks = template(Value::Null, json!({"podgraft.dev/companions": "certified"}));

    let issued = development::issue([format!("podgraft.{OWN}.svc")]).expect("a certificate");
    let data = json!({"tls.crt": STANDARD.encode(&issued.certificate), "tls.key": STANDARD.encode(&issued.key)});
    let secret = json!({"metadata": {"name": "from-elsewhere"}, "type": "kubernetes.io/tls", "data": data});
    let secrets = format!("/api/v1/namespaces/{OWN}/secrets");
    cluster.create(&secrets, &secret).await.expect("a Secret");
    let both = format!("{}{}", stored(cluster, "ca.crt").await, issued.authority);
    // Helm changes the Deployment before the webhooks, so a quick replica would serve before it is trusted: the new CA
    // is put beside podgraft's own first, and podgraft leaves it there.
    let bundle =
        json!([{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": STANDARD.encode(&both)}]);
    for entry in ["requested", "opted-in", "cluster-wide"] {
        let path = format!("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/podgraft-{entry}");
        cluster.json_patch(&path, &bundle).await.expect("a second CA");
    }
    cluster.trusted().await;
    let load = Load::start(cluster, "certified").await;
    for authorities in [&both, &issued.authority] {
        let file = cluster.folder.join("from-elsewhere.crt");
        std::fs::write(&file, authorities).expect("a file");
        let authorities = format!("certificate.secret.caBundle={}", file.display());
        let mode = "certificate.mode=secret,certificate.secret.name=from-elsewhere";
        upgrade(cluster, &["--set", mode, "--set-file", &authorities]);
        cluster.trusted().await;
    }
    load.end("a certificate from elsewhere is brought").await.expect_all_injected();
    let theirs = BTreeSet::from([STANDARD.encode(&issued.authority)]);
    assert_eq!(trusted(cluster).await, theirs, "no other CA is trusted");
    assert_eq!(containers(&create(cluster, &namespace, "from-elsewhere", &asks).await), ["certified", "web"]);
    helm_test(cluster);

    upgrade(cluster, &["--set", "certificate.mode=selfManaged"]);
    cluster.trusted().await;
    let now = trusted(cluster).await;
    assert!(now.len() == 1 && now != theirs, "{now:?}");
    assert_eq!(containers(&create(cluster, &namespace, "its-own", &asks).await), ["certified", "web"]);
    // No conflict has to be forced from here on.
    cluster.install(&[ENTRIES]).await;
    cluster.delete(&format!("{secrets}/from-elsewhere")).await.expect("deleting the Secret");
}

async fn the_running_objects_are_those_that_the_chart_renders(cluster: &Cluster) {
    cluster.install(&[ENTRIES]).await;
    cluster.expect_no_drift();
}

async fn companions_of_files_and_of_the_cluster_are_used_together(cluster: &Cluster) {
    let values = json!({"companionFiles": {"filed.yaml": companion("filed")}});
    let file = cluster.folder.join("filed.json");
    std::fs::write(&file, values.to_string()).expect("a file");
    upgrade(cluster, &["--values", &file.display().to_string()]);
    cluster.companion(&companion("clustered")).await;
    let mut second = companion("filed");
    second["spec"]["containers"][0]["image"] = "registry.example/second:1".into();
    assert_eq!(cluster.condition(&second, "False").await["reason"], "OverriddenByFile");
    let namespace = cluster.namespace(json!({})).await;
    let asks = template(Value::Null, json!({"podgraft.dev/companions": "filed, clustered"}));
    let pod = create(cluster, &namespace, "asks", &asks).await;
    assert_eq!(containers(&pod), ["filed", "clustered", "web"]);
    assert_eq!(pod["spec"]["initContainers"][0]["image"], "registry.example/filed:1", "the file's counts");
    cluster.delete(&companion_path(&second)).await.expect("deleting the second one");
}

async fn the_plain_manifest_installs_and_is_deleted_without_helm(cluster: &Cluster) {
    cluster.uninstall();
    printed(cluster.kubectl(["apply", "--server-side", "--filename", "charts/install.yaml"]));
    printed(cluster.kubectl(["--namespace", OWN, "rollout", "status", "deployment/podgraft", "--timeout", "2m"]));
    cluster.trusted().await;
    cluster.companion(&companion("plain")).await;
    let namespace = cluster.namespace(json!({})).await;
    let asks = template(Value::Null, json!({"podgraft.dev/companions": "plain"}));
    assert_eq!(containers(&create(cluster, &namespace, "asks", &asks).await), ["plain", "web"]);

    let entries = "mutatingwebhookconfigurations,validatingwebhookconfigurations";
    printed(cluster.kubectl(["delete", entries, "--selector", "app.kubernetes.io/instance=podgraft"]));
    let all = ["delete", "--filename", "charts/install.yaml", "--ignore-not-found", "--timeout", "2m"];
    printed(cluster.kubectl(all));
    assert_eq!(containers(&create(cluster, &namespace, "afterwards", &asks).await), ["web"]);
    let kinds = "namespaces,clusterroles,clusterrolebindings,customresourcedefinitions";
    let left = printed(cluster.kubectl(["get", kinds, "-o", "name"]));
    assert!(!left.contains("podgraft"), "{left}");
    cluster.own_namespace().await;
    cluster.install(&[ENTRIES]).await;
}

#[track_caller]
fn helm_test(cluster: &Cluster) {
    let said = printed(cluster.helm(["test", "podgraft", "--namespace", OWN, "--timeout", "2m"]));
    let succeeded = |line: &str| line.starts_with("Phase:") && line.ends_with("Succeeded");
    assert!(said.lines().any(succeeded), "{said}");
}

/// To another mode of certificates: fields that another manager wrote change hands.
#[track_caller]
fn upgrade(cluster: &Cluster, values: &[&str]) {
    let upgrade = ["upgrade", "podgraft", "charts/podgraft", "--namespace", OWN, "--set", ENTRIES, "--set", IMAGE];
    let how = ["--reset-values", "--force-conflicts", "--wait", "--timeout", "3m"];
    printed(cluster.helm([&upgrade[..], &how[..], values].concat()));
}
