//! Others that also change Pods: the cluster's own defaults, and another mutating webhook.

use serde_json::{Value, json};

use crate::admission::injection::create;
use crate::admission::webhook;
use crate::cluster::Cluster;
use crate::tests;
use crate::workload::{companion, containers, pod, template};

tests![with_another_webhook_and_default_limits_a_companion_is_injected_once_into_every_container];

/// A webhook that adds a container to Pods of one namespace, and is called after podgraft's entries.
async fn adder(cluster: &Cluster, namespace: &str) {
    let client = webhook::serve(|review| {
        let there = containers(&review["request"]["object"]).contains(&"added");
        let container = json!({"name": "added", "image": "registry.example/added:1"});
        (!there).then(|| json!([{"op": "add", "path": "/spec/containers/-", "value": container}]))
    });
    let configuration = json!({
        "metadata": {"name": "zz-adder"},
        "webhooks": [{
            "name": "adder.example.com",
            "clientConfig": client.await,
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
        }],
    });
    let path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    cluster.create(path, &configuration).await.expect("another webhook");
}

async fn with_another_webhook_and_default_limits_a_companion_is_injected_once_into_every_container(cluster: &Cluster) {
    let mut settled = companion("settled");
    settled["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "1000m"}});
    cluster.companion(&settled).await;
    let mut left_out = companion("left-out");
    left_out["spec"]["containers"][0]["name"] = "web".into();
    left_out["spec"]["activation"] = "OptedInNamespaces".into();
    left_out["spec"]["namespaceSelector"] = json!({"matchLabels": {"namespace": "settled"}});
    cluster.companion(&left_out).await;
    let labels = json!({"podgraft.dev/inject": "enabled", "namespace": "settled"});
    let namespace = cluster.namespace(json!({"labels": labels})).await;
    let limits = json!({"metadata": {"name": "defaults"}, "spec": {"limits": [
        {"type": "Container", "default": {"memory": "64Mi", "cpu": "2"}, "defaultRequest": {"memory": "32Mi", "cpu": "10m"}}
    ]}});
    cluster.create(&format!("/api/v1/namespaces/{namespace}/limitranges"), &limits).await.expect("a LimitRange");
    adder(cluster, &namespace).await;
    let asks = template(Value::Null, json!({"podgraft.dev/companions": "settled"}));
    // The API server reads new configurations after a moment.
    cluster
        .eventually("a Pod that the other webhook saw", async || {
            let path = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All");
            let pod = cluster.create(&path, &pod("first", &asks)).await.expect("a Pod");
            containers(&pod).contains(&"added").then_some(())
        })
        .await;
    let made = create(cluster, &namespace, "settled", &asks).await;
    assert_eq!(containers(&made), ["settled", "web", "added"]);
    let companion = &made["spec"]["initContainers"][0];
    assert_eq!(companion["resources"]["requests"], json!({"cpu": "1", "memory": "32Mi"}), "changed by the API server");
    let status: Value = made["metadata"]["annotations"]["podgraft.dev/status"]
        .as_str()
        .and_then(|status| serde_json::from_str(status).ok())
        .expect("a status");
    let entries = status.to_string().matches("\"hash\"").count();
    assert_eq!(entries, 1, "{status}");
    assert_eq!(
        made["metadata"]["annotations"]["podgraft.dev/skipped"],
        "left-out: Conflict: does not fit into this Pod; for the cause, see the events of the Pod's controller or run podgraft explain"
    );
    let hash = status["settled"]["hash"].as_str().map(|hash| &hash[..8]);
    assert_eq!(made["metadata"]["labels"]["companions.podgraft.dev/settled"].as_str(), hash);
}
