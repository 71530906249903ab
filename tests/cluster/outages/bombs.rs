//! Companions that were written to bring every replica down: each is invalid, and all others are used as before.

use serde_json::{Value, json};

use crate::admission::sources::replicas;
use crate::cluster::Cluster;
use crate::installation::companion_path;
use crate::load::Load;
use crate::tests;
use crate::workload::companion;

tests![
    a_companion_that_costs_too_much_is_invalid_and_every_other_one_is_used_meanwhile,
    only_the_companions_of_a_namespace_beyond_its_limit_are_invalid,
];

/// A `Companion` of a namespace, with a field of its specification set.
fn of_namespace(namespace: &str, name: &str, field: &str, value: Value) -> Value {
    let mut object = companion(name);
    object["kind"] = "Companion".into();
    object["metadata"]["namespace"] = namespace.into();
    object["spec"][field] = value;
    object
}

/// Containers whose only one has a further field.
fn container_with(name: &str, field: &str, value: Value) -> Value {
    json!([{"name": name, "image": "registry.example/bomb:1", field: value}])
}

/// What was written, and what its status must say.
fn bombs(namespace: &str) -> Vec<(Value, &'static str)> {
    let repeated = format!("(?:{}){{1,900}}", "x*y*".repeat(60));
    let parameter =
        |i: usize| json!({"name": format!("p{i}"), "type": "String", "pattern": repeated, "env": format!("P{i}")});
    let patterns: Vec<Value> = (0..30).map(parameter).collect();
    let shells: Vec<&str> = ["sh", "-c"].into_iter().cycle().take(32_000).collect();
    let word = "w".repeat(600 << 10);
    vec![
        (of_namespace(namespace, "patterns", "parameters", json!(patterns)), "spec.parameters[0].pattern"),
        (
            of_namespace(namespace, "large", "containers", container_with("large", "args", json!([word]))),
            "at most 524288 bytes",
        ),
        (of_namespace(namespace, "shells", "containers", container_with("shells", "command", json!(shells))), ""),
        (of_namespace(namespace, "field", "containers", container_with("field", &"f".repeat(300_000), json!(1))), ""),
    ]
}

/// The Ready condition of a companion that was just created. What is applied goes through a reader of YAML, which takes no
/// keys of such a length.
async fn ready(cluster: &Cluster, object: &Value) -> Value {
    let path = companion_path(object);
    let (collection, _) = path.rsplit_once('/').expect("a collection and a name");
    let created = cluster.create(collection, object).await.expect("a companion");
    let generation = created["metadata"]["generation"].clone();
    cluster
        .eventually(&format!("a status of {path}"), async || {
            let now = cluster.get(&path).await.body["status"].take();
            (now["observedGeneration"] == generation).then(|| now["conditions"][0].clone())
        })
        .await
}

async fn a_companion_that_costs_too_much_is_invalid_and_every_other_one_is_used_meanwhile(cluster: &Cluster) {
    cluster.companion(&companion("unhurt")).await;
    let namespace = cluster.namespace(json!({})).await;
    let before = replicas(cluster).await;
    let load = Load::start(cluster, "unhurt").await;
    for (bomb, says) in bombs(&namespace) {
        let ready = ready(cluster, &bomb).await;
        let message = ready["message"].as_str().unwrap_or_default();
        assert!(message.contains(says), "{}: {ready}", bomb["metadata"]["name"]);
        assert!(says.is_empty() || ready["status"] == "False", "{}: {ready}", bomb["metadata"]["name"]);
    }
    load.end("while four bombs were applied").await.expect_all_injected();
    assert_eq!(replicas(cluster).await, before, "no replica was restarted, and all are ready");
    cluster.delete_now(&format!("/apis/podgraft.dev/v1alpha1/namespaces/{namespace}/companions")).await;
}

async fn only_the_companions_of_a_namespace_beyond_its_limit_are_invalid(cluster: &Cluster) {
    let (namespace, other) = (cluster.namespace(json!({})).await, cluster.namespace(json!({})).await);
    let before = replicas(cluster).await;
    let neighbor = of_namespace(&other, "neighbor", "description", json!("small"));
    assert_eq!(ready(cluster, &neighbor).await["status"], "True");
    let mut seen = Vec::new();
    let objects: Vec<Value> = (0..12)
        .map(|i| {
            let name = format!("big-{i:02}");
            let args = container_with(&name, "args", json!(["w".repeat(400 << 10)]));
            of_namespace(&namespace, &name, "containers", args)
        })
        .collect();
    for object in &objects {
        seen.push(ready(cluster, object).await);
        // The creation time decides, and has whole seconds.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    }
    let is_out = |ready: &Value| ready["status"] == "False" && ready["reason"] == "TooManyCompanions";
    assert!(seen.first().is_some_and(|first| first["status"] == "True"), "{seen:?}");
    assert!(seen.last().is_some_and(is_out), "{seen:?}");
    let neighbor = cluster.get(&companion_path(&neighbor)).await.body;
    assert_eq!(neighbor["status"]["conditions"][0]["status"], "True", "{neighbor}");
    // One that goes makes room for one that was out.
    cluster.delete(&companion_path(&objects[0])).await.expect("deleting the oldest");
    cluster
        .eventually("one of the youngest in use", async || {
            let mut used = 0;
            for object in &objects[1..] {
                let now = cluster.get(&companion_path(object)).await.body;
                used += usize::from(now["status"]["conditions"][0]["status"] == "True");
            }
            (used >= seen.iter().filter(|ready| ready["status"] == "True").count()).then_some(())
        })
        .await;
    assert_eq!(replicas(cluster).await, before, "no replica was restarted, and all are ready");
    cluster.delete_now(&format!("/apis/podgraft.dev/v1alpha1/namespaces/{namespace}/companions")).await;
}
