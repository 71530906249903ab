//! Fields of alpha features: validation warns about exactly those that a real API server drops.

use std::collections::BTreeSet;

use podgraft::internals::api::check_companion;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::tests;

tests![validation_warns_about_exactly_the_fields_that_the_api_server_drops needs NewestFields];

async fn validation_warns_about_exactly_the_fields_that_the_api_server_drops(cluster: &Cluster) {
    let companion = companion();
    let checked = check_companion(&companion);
    assert_eq!(checked.problems, [], "{companion}");
    let alpha = checked.warnings.iter().filter(|warning| warning.message.contains("alpha field"));
    let warned: BTreeSet<_> = alpha.map(|warning| warning.pointer.clone()).collect();
    let namespace = cluster.namespace(json!({"labels": {"podgraft.dev/inject": "disabled"}})).await;
    let pod = json!({"metadata": {"name": "alpha"}, "spec": {
        "containers": companion["spec"]["containers"], "volumes": companion["spec"]["volumes"],
        "terminationGracePeriodSeconds": 60,
    }});
    let created =
        cluster.create(&format!("/api/v1/namespaces/{namespace}/pods?dryRun=All"), &pod).await.expect("the Pod");
    let mut sent = Vec::new();
    leaves(&pod["spec"], "/spec".to_owned(), &mut sent);
    let dropped: BTreeSet<_> = sent.into_iter().filter(|field| created.pointer(field).is_none()).collect();
    println!("    {} fields are dropped", dropped.len());
    assert_eq!(dropped, warned);
}

/// A companion with all alpha fields of Kubernetes 1.37 that are known, beside others.
fn companion() -> Value {
    let items = |path: &str| json!([{"key": "a", "path": path, "mode": 0o400, "user": 1}]);
    let labels = json!([{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}, "user": 1}]);
    let sources = json!([
        {"secret": {"name": "x", "items": items("secret")}},
        {"configMap": {"name": "x", "items": items("config")}},
        {"downwardAPI": {"items": labels}},
        {"serviceAccountToken": {"path": "token", "user": 1}},
        {"clusterTrustBundle": {"name": "x", "path": "bundle", "user": 1}},
        {"podCertificate": {"signerName": "example.com/x", "keyType": "ED25519", "credentialBundlePath": "pair", "user": 1}},
    ]);
    let probe = |action: Value| json!({"httpGet": action, "periodSeconds": 5});
    let http = json!({"port": 80, "path": "/", "protocol": "H2C"});
    json!({
        "apiVersion": "podgraft.dev/v1alpha1",
        "kind": "ClusterCompanion",
        "metadata": {"name": "alpha"},
        "spec": {
            "pattern": "Sidecar",
            "containers": [{
                "name": "alpha",
                "image": "registry.example/alpha:1",
                "livenessProbe": probe(http.clone()),
                "readinessProbe": {"grpc": {"port": 80, "service": "x", "mode": "TLS"}},
                "startupProbe": probe(http.clone()),
                "lifecycle": {"stopSignal": "SIGUSR1", "postStart": {"httpGet": http}, "preStop": {"sleep": {"seconds": 1}}},
                "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
                "volumeMounts": [
                    {"name": "a", "mountPath": "/a", "bindMountOptions": ["noexec"]},
                    {"name": "b", "mountPath": "/b", "readOnly": true, "recursiveReadOnly": "Disabled"},
                ],
            }],
            "volumes": [
                {"name": "a", "emptyDir": {"medium": "Memory", "mode": 0o700}},
                {"name": "b", "projected": {"sources": sources, "defaultUser": 1}},
                {"name": "c", "secret": {"secretName": "x", "items": items("a"), "defaultUser": 1}},
                {"name": "d", "configMap": {"name": "x", "items": items("a"), "defaultUser": 1}},
                {"name": "e", "downwardAPI": {"items": labels, "defaultUser": 1}},
            ],
        },
    })
}

fn leaves(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, inner)| leaves(inner, format!("{at}/{key}"), found)),
        // A list of texts is dropped as a whole.
        Value::Array(items) if items.first().is_some_and(Value::is_object) => {
            items.iter().enumerate().for_each(|(i, item)| leaves(item, format!("{at}/{i}"), found));
        }
        _ => found.push(at),
    }
}
