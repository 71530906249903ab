//! Companions and Namespaces of the cluster: what becomes of invalid ones.

use std::time::Duration;

use serde_json::{Value, json};

use crate::admission::injection::create;
use crate::cluster::{Cluster, printed};
use crate::installation::companion_path;
use crate::tests;
use crate::workload::{collection, companion, containers, pod, template};

tests![
    errors_that_the_definitions_can_detect_are_rejected_at_apply,
    an_invalid_companion_has_the_remedy_in_its_status_and_all_others_are_used,
    a_companion_that_became_invalid_keeps_its_last_valid_version,
    an_unreadable_companion_does_not_stop_the_watch_of_the_others,
    each_status_is_written_once_by_two_replicas,
    a_required_companion_is_not_ready_where_required_companions_are_disabled,
    kubectl_explain_and_get_describe_a_companion,
];

pub fn asks(names: &str) -> Value {
    template(Value::Null, json!({"podgraft.dev/companions": names}))
}

/// podgraft's Pods by name, with readiness and restarts.
pub async fn replicas(cluster: &Cluster) -> Vec<Value> {
    let of = |pod: &Value| {
        let container = &pod["status"]["containerStatuses"][0];
        json!([pod["metadata"]["name"], container["ready"], container["restartCount"]])
    };
    cluster.replicas().await.iter().map(of).collect()
}

async fn errors_that_the_definitions_can_detect_are_rejected_at_apply(cluster: &Cluster) {
    let table: [(&str, Value, &str); 5] = [
        ("/spec/pattern", json!("Ambassador"), "listens"),
        ("/spec/activation", json!("Sometimes"), "Unsupported value"),
        ("/spec/containers", json!([]), "containers"),
        ("/spec/required", json!(true), "ClusterWide"),
        ("/spec/parameters", json!([{"name": "a", "type": "Integer", "pattern": "x", "env": "A"}]), "pattern"),
    ];
    for (field, value, says) in table {
        let mut wrong = companion("refused");
        let name = field.trim_start_matches("/spec/");
        wrong["spec"][name] = value;
        let why = cluster.apply(&companion_path(&wrong), &wrong).await.expect_refusal(field);
        assert!(why.contains(says), "{field}: {why}");
    }
}

async fn an_invalid_companion_has_the_remedy_in_its_status_and_all_others_are_used(cluster: &Cluster) {
    let mut broken = companion("broken");
    // No schema can detect it: it is about two places.
    broken["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "nowhere", "mountPath": "/x"}]);
    let ready = cluster.condition(&broken, "False").await;
    assert_eq!(ready["type"], "Ready", "{ready}");
    let message = ready["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("spec.containers[0].volumeMounts[0]") && message.contains("not found in spec.volumes"),
        "{message}"
    );
    cluster.companion(&companion("beside-a-broken-one")).await;
    let namespace = cluster.namespace(json!({})).await;
    let pod_beside = create(cluster, &namespace, "web", &asks("beside-a-broken-one")).await;
    assert_eq!(containers(&pod_beside), ["beside-a-broken-one", "web"]);
    let refused = cluster.create(&collection("Pod", &namespace), &pod("other", &asks("broken"))).await;
    let why = refused.expect_refusal("a companion that never was good");
    assert!(why.contains("companion broken"), "{why}");
}

async fn a_companion_that_became_invalid_keeps_its_last_valid_version(cluster: &Cluster) {
    let good = companion("turns-bad");
    cluster.companion(&good).await;
    let mut bad = good.clone();
    bad["spec"]["containers"][0]["image"] = "registry.example/turns-bad:2".into();
    bad["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "nowhere", "mountPath": "/x"}]);
    cluster.condition(&bad, "False").await;
    let namespace = cluster.namespace(json!({})).await;
    let pod = create(cluster, &namespace, "web", &asks("turns-bad")).await;
    assert_eq!(pod["spec"]["initContainers"][0]["image"], "registry.example/turns-bad:1");
    bad["spec"]["containers"][0].as_object_mut().expect("a container").remove("volumeMounts");
    cluster.companion(&bad).await;
}

async fn an_unreadable_companion_does_not_stop_the_watch_of_the_others(cluster: &Cluster) {
    let namespace = cluster.namespace(json!({})).await;
    for (name, odd) in [
        ("too-deep", (0..200).fold(json!(1), |inner, _| json!([inner]))),
        ("no-number", json!({"$serde_json::private::Number": "x"})),
    ] {
        let mut object = companion(name);
        object["kind"] = "Companion".into();
        object["metadata"]["namespace"] = namespace.clone().into();
        object["spec"]["containers"][0]["later"] = odd;
        cluster.apply(&companion_path(&object), &object).await;
        let message = ["-n", &namespace, "get", "companion", name, "-o", "jsonpath={.status.conditions[0].message}"];
        cluster
            .eventually(name, async || {
                printed(cluster.kubectl(message))
                    .contains("spec: invalid value: cannot be parsed; remove what is reported here")
                    .then_some(())
            })
            .await;
    }
    cluster.companion(&companion("beside-the-unreadable")).await;
    let pod = create(cluster, &namespace, "web", &asks("beside-the-unreadable")).await;
    assert_eq!(containers(&pod), ["beside-the-unreadable", "web"]);
    // Both stay, so that replicas that start in later chapters also have to read past them.
}

async fn each_status_is_written_once_by_two_replicas(cluster: &Cluster) {
    for round in 0..5 {
        let object = companion(&format!("once-{round}"));
        cluster.companion(&object).await;
        let path = companion_path(&object);
        let version = cluster.get(&path).await.body["metadata"]["resourceVersion"].clone();
        tokio::time::sleep(Duration::from_millis(700)).await;
        let now = cluster.get(&path).await.body;
        assert_eq!(now["metadata"]["resourceVersion"], version, "written again: {now}");
    }
}

async fn a_required_companion_is_not_ready_where_required_companions_are_disabled(cluster: &Cluster) {
    let mut required = companion("required-in-vain");
    required["spec"]["activation"] = "ClusterWide".into();
    required["spec"]["required"] = true.into();
    required["spec"]["podSelector"] = json!({"matchLabels": {"nobody": "has-this"}});
    let ready = cluster.condition(&required, "False").await;
    assert!(ready["reason"].as_str().is_some_and(|r| r == "RequiredDisabled"), "{ready}");
    cluster.delete(&companion_path(&required)).await.expect("deleting it");
}

async fn kubectl_explain_and_get_describe_a_companion(cluster: &Cluster) {
    cluster.companion(&companion("explained")).await;
    let explained = printed(cluster.kubectl(["explain", "clustercompanion.spec.parameters"]));
    assert!(explained.contains("mountPath") && explained.contains("FIELDS"), "{explained}");
    let listed = printed(cluster.kubectl(["get", "ccomp", "explained"]));
    let line = listed.lines().nth(1).unwrap_or_default().split_whitespace().collect::<Vec<_>>();
    assert_eq!(&line[..4], ["explained", "Sidecar", "OnRequest", "True"], "{listed}");
}
