//! Two installations in one cluster, with the same companions and with companions of their own.

use serde_json::{Value, json};

use crate::cluster::{Cluster, OWN, SECOND, printed};
use crate::installation::{IMAGE, companion_path};
use crate::load::Load;
use crate::required::make_required;
use crate::tests;
use crate::workload::{collection, companion, containers, pod, template};

tests![two_installations_require_the_same_companion_and_neither_denies_what_the_other_injects];

/// A release, and the namespace of its own.
const FIRST: (&str, &str) = ("podgraft", OWN);
const OTHER: (&str, &str) = ("second", SECOND);

async fn two_installations_require_the_same_companion_and_neither_denies_what_the_other_injects(cluster: &Cluster) {
    cluster.restricted_namespace(SECOND).await;
    install(cluster, FIRST, &json!({}));
    install(cluster, OTHER, &json!({}));
    cluster.trusted().await;

    cluster.companion(&companion("constant")).await;
    let load = Load::start_with(cluster, "constant", json!({"guarded-by": "shared"})).await;
    let mut shared = companion("shared");
    make_required(&mut shared, "shared");
    for version in 1..4 {
        let image = format!("registry.example/shared:{version}");
        shared["spec"]["containers"][0]["image"] = image.clone().into();
        cluster.companion(&shared).await;
        both_accept(cluster, &image).await;
    }
    for path in policies() {
        cluster.get(&path).await.expect("a policy of each installation");
    }
    cluster.delete(&companion_path(&shared)).await.expect("deleting it");
    for path in policies() {
        cluster.eventually("no policy", async || (cluster.get(&path).await.status == 404).then_some(())).await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(8)).await;
    load.end("a companion that two installations require came, changed twice and went").await.expect_all_injected();

    let namespace = cluster.namespace(json!({})).await;
    install(cluster, FIRST, &files("of-the-first"));
    install(cluster, OTHER, &files("of-the-second"));
    let made = cluster.create(&collection("Pod", &namespace), &pod("both", &selected())).await.expect("a Pod");
    assert_eq!(containers(&made), ["of-the-first", "of-the-second", "web"]);

    printed(cluster.helm(["uninstall", OTHER.0, "--namespace", OTHER.1, "--wait", "--timeout", "2m"]));
    // API servers notice a moment later that its webhooks are gone.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let made = cluster.create(&collection("Pod", &namespace), &pod("one", &selected())).await.expect("a Pod");
    assert_eq!(containers(&made), ["of-the-first", "web"]);
    cluster.delete(&format!("/api/v1/namespaces/{SECOND}")).await.expect("deleting the namespace");
    cluster.install(&["webhooks.clusterWide.enabled=true"]).await;
}

/// Installs a release, or brings it to these values; each leaves out the namespace of the other.
fn install(cluster: &Cluster, (release, namespace): (&str, &str), values: &Value) {
    let mut values = values.clone();
    values["webhooks"] = json!({"clusterWide": {"enabled": true}});
    values["requiredCompanions"] = json!({"enabled": true});
    // The default of --policy-pause: API servers on a busy machine have needed three seconds to use a policy that changed.
    values["crds"] = json!({"install": namespace == OWN});
    values["excludedNamespaces"] = json!([if namespace == OWN { SECOND } else { OWN }]);
    let file = cluster.folder.join(format!("{release}-values.json"));
    std::fs::write(&file, values.to_string()).expect("a file");
    let file = file.display().to_string();
    let upgrade = ["upgrade", "--install", release, "charts/podgraft", "--namespace", namespace, "--reset-values"];
    let how = ["--set", IMAGE, "--values", &file, "--wait", "--timeout", "5m"];
    printed(cluster.helm([&upgrade[..], &how[..]].concat()));
}

/// A companion of one installation alone, from a file.
fn files(name: &str) -> Value {
    let mut own = companion(name);
    own["spec"]["activation"] = "ClusterWide".into();
    own["spec"]["podSelector"] = json!({"matchLabels": {"own": "both"}});
    json!({"companionFiles": {"own.yaml": own}})
}

fn selected() -> Value {
    template(json!({"own": "both"}), Value::Null)
}

/// The policies of both installations for new Pods.
fn policies() -> [String; 2] {
    let base = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
    ["podgraft", "second-podgraft"].map(|name| format!("{base}/{name}-required-shared"))
}

/// Waits until a version is injected, which both policies accept, if they exist.
async fn both_accept(cluster: &Cluster, image: &str) {
    let path = "/api/v1/namespaces/default/pods?dryRun=All";
    let guarded = pod("new", &template(json!({"guarded-by": "shared"}), Value::Null));
    cluster
        .eventually(image, async || {
            let made = cluster.create(path, &guarded).await;
            let is_injected = made.body["spec"]["initContainers"][0]["image"] == image;
            let mut are_settled = true;
            for path in policies() {
                let policy = cluster.get(&path).await.body;
                are_settled &= policy["metadata"]["annotations"]["podgraft.dev/changing"] == "false";
            }
            (is_injected && are_settled).then_some(())
        })
        .await;
}
