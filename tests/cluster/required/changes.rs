//! What happens while required companions, or podgraft, change: each test has the cluster for itself.

use super::*;

tests![
    with_podgraft_down_no_selected_pod_is_admitted_bare_and_no_other_is_denied,
    a_new_version_a_new_selector_and_the_deletion_of_a_required_companion_deny_no_pod,
    a_required_companion_that_became_invalid_keeps_its_last_valid_version_and_its_policy,
    disabling_required_companions_removes_the_policies,
];

async fn with_podgraft_down_no_selected_pod_is_admitted_bare_and_no_other_is_denied(cluster: &Cluster) {
    let namespace = required(cluster, "watchman").await;
    let opted_in = cluster.namespace(json!({"labels": {"podgraft.dev/inject": "enabled"}})).await;
    scale(cluster, 0).await;
    let refused = cluster.create(&collection("Pod", &namespace), &pod("bare", &of("watchman"))).await;
    let why = refused.expect_refusal("a Pod without its required companion");
    assert!(why.contains("watchman") && why.contains("podgraft"), "{why}");
    create(cluster, &namespace, "of-nobodys-concern", &template(json!({"app": "other"}), Value::Null)).await;
    let declines = template(json!({"podgraft.dev/inject": "disabled"}), Value::Null);
    create(cluster, &opted_in, "declines", &declines).await;
    create(cluster, OWN_TOWN, "elsewhere", &template(Value::Null, Value::Null)).await;
    scale(cluster, 2).await;
    assert_eq!(containers(&create(cluster, &namespace, "guarded", &of("watchman")).await), ["watchman", "web"]);
    forget(cluster, "watchman").await;
}

/// Where nothing was ever said about podgraft.
const OWN_TOWN: &str = "default";

async fn a_new_version_a_new_selector_and_the_deletion_of_a_required_companion_deny_no_pod(cluster: &Cluster) {
    let mut changing = companion("changing");
    make_required(&mut changing, "changing");
    // Its Pods ask for another companion, so that the load can distinguish injected from bare ones all the while.
    cluster.companion(&companion("constant")).await;
    let load = Load::start_with(cluster, "constant", json!({"guarded-by": "changing"})).await;
    cluster.companion(&changing).await;
    policies_stand(cluster, "changing").await;
    for version in 2..5 {
        let image = format!("registry.example/changing:{version}");
        changing["spec"]["containers"][0]["image"] = image.clone().into();
        cluster.companion(&changing).await;
        injected_with(cluster, "changing", &image).await;
    }
    changing["spec"]["podSelector"] = json!({"matchExpressions": [
        {"key": "guarded-by", "operator": "In", "values": ["changing", "another"]}
    ]});
    cluster.companion(&changing).await;
    policies_stand(cluster, "changing").await;
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    forget(cluster, "changing").await;
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    load.end("a required companion came, changed four times and went").await.expect_all_injected();
}

async fn injected_with(cluster: &Cluster, name: &str, image: &str) {
    let path = "/api/v1/namespaces/default/pods?dryRun=All";
    cluster
        .eventually("the new version in use", async || {
            let made = cluster.create(path, &pod("new", &of(name))).await;
            (made.body["spec"]["initContainers"][0]["image"] == image).then_some(())
        })
        .await;
}

async fn a_required_companion_that_became_invalid_keeps_its_last_valid_version_and_its_policy(cluster: &Cluster) {
    let namespace = required(cluster, "sturdy").await;
    let mut bad = companion("sturdy");
    make_required(&mut bad, "sturdy");
    bad["spec"]["containers"][0]["image"] = "registry.example/sturdy:2".into();
    bad["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "nowhere", "mountPath": "/x"}]);
    // Only podgraft can detect it.
    cluster.condition(&bad, "False").await;
    let made = create(cluster, &namespace, "guarded", &of("sturdy")).await;
    assert_eq!(made["spec"]["initContainers"][0]["image"], "registry.example/sturdy:1");
    policies_stand(cluster, "sturdy").await;
    forget(cluster, "sturdy").await;
}

async fn disabling_required_companions_removes_the_policies(cluster: &Cluster) {
    let namespace = required(cluster, "retired").await;
    cluster.install(&["webhooks.clusterWide.enabled=true"]).await;
    policies_are_gone(cluster, "retired").await;
    let path = format!("{}?dryRun=All", collection("Pod", &namespace));
    cluster
        .eventually("an answer of a replica with the new settings", async || {
            let answer = cluster.create(&path, &pod("free", &of("retired"))).await;
            (containers(&answer.body) == ["web"]).then_some(())
        })
        .await;
    assert_eq!(containers(&create(cluster, &namespace, "free", &of("retired")).await), ["web"]);
    cluster.delete("/apis/podgraft.dev/v1alpha1/clustercompanions/retired").await.expect("deleting it");
}

async fn scale(cluster: &Cluster, replicas: usize) {
    printed(cluster.kubectl(["-n", OWN, "scale", "deployment/podgraft", &format!("--replicas={replicas}")]));
    cluster.until_ready(replicas).await;
    if replicas == 0 {
        // An API server keeps connections to replicas that shut down, and those answer.
        let ended = ["wait", "pods", "--selector=app.kubernetes.io/name=podgraft", "--for=delete", "--timeout=1m"];
        let _ = cluster.kubectl([&["--namespace", OWN], &ended[..]].concat());
    }
}
