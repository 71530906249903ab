//! Keys of podgraft in the wrong place: the policies of hints report them, and only them, to the user who sets them.

use serde_json::{Value, json};

use crate::cluster::{Cluster, OWN};
use crate::tests;
use crate::workload::{KINDS, collection, companion, pod, template, workload};

tests![
    keys_on_the_wrong_object_are_reported_once,
    keys_of_namespaces_are_reported,
    keys_of_pods_are_reported_where_they_have_no_effect,
    a_correct_workload_of_each_kind_has_no_warning
];

/// The end of each warning of the policies of hints; other warnings as they are.
fn hints(warnings: &[String]) -> Vec<&str> {
    warnings.iter().map(|warning| warning.split("': podgraft: ").nth(1).unwrap_or(warning)).collect()
}

fn ours() -> Value {
    json!({"podgraft.dev/companions": "nobody"})
}

#[track_caller]
fn expect(what: &str, warnings: &[String], expected: &[&str]) {
    assert_eq!(hints(warnings), expected, "{what}");
}

async fn keys_on_the_wrong_object_are_reported_once(cluster: &Cluster) {
    let namespace = cluster.namespace(json!({})).await;
    let plain = template(json!({}), json!({}));
    let mut deployment = workload("Deployment", "own", &plain);
    deployment["metadata"]["annotations"] = ours();
    let path = collection("Deployment", &namespace);
    let own = [
        "podgraft.dev/companions is set on the Deployment itself and has no effect; move it to spec.template.metadata",
    ];
    expect("on a Deployment", &cluster.create(&path, &deployment).await.warnings, &own);
    let scaled = cluster.merge(&format!("{path}/own"), &json!({"spec": {"replicas": 0}})).await;
    expect("an update of something else", &scaled.warnings, &[]);

    let renamed = cluster.merge(&format!("{path}/own"), &json!({"metadata": {"annotations": {"other": "x"}}})).await;
    expect("an update of another annotation", &renamed.warnings, &[]);

    let everywhere = template(json!({"podgraft.dev/inject": "enabled"}), json!({}));
    for kind in ["Deployment", "CronJob"] {
        let mut both = workload(kind, "both", &everywhere);
        both["metadata"]["labels"] = json!({"podgraft.dev/inject": "enabled"});
        let created = cluster.create(&collection(kind, &namespace), &both).await;
        expect("a label that the Pod template has as well", &created.warnings, &[]);
    }

    let mut cron = workload("CronJob", "inside", &plain);
    cron["spec"]["jobTemplate"]["metadata"] = json!({"annotations": ours()});
    let created = cluster.create(&collection("CronJob", &namespace), &cron).await;
    expect(
        "on the template of Jobs",
        &created.warnings,
        &[
            "podgraft.dev/companions is set in spec.jobTemplate.metadata and has no effect; move it to spec.jobTemplate.spec.template.metadata",
        ],
    );

    let service = json!({"metadata": {"name": "front", "annotations": ours()}, "spec": {"ports": [{"port": 80}]}});
    let created = cluster.create(&format!("/api/v1/namespaces/{namespace}/services"), &service).await;
    expect(
        "on a Service",
        &created.warnings,
        &[
            "podgraft.dev/companions is set on the Service itself and has no effect; move it to the Pod template of a workload",
        ],
    );

    let strange = workload("Deployment", "strange", &template(json!({}), json!({"podgraft.io/companions": "x"})));
    let created = cluster.create(&path, &strange).await;
    expect(
        "another domain",
        &created.warnings,
        &["podgraft.io/companions is not a key of podgraft; keys of podgraft start with podgraft.dev/"],
    );

    let excluded = workload("Deployment", "excluded", &template(json!({}), ours()));
    let created = cluster.create(&format!("{}?dryRun=All", collection("Deployment", "kube-system")), &excluded).await;
    expect(
        "in an excluded namespace",
        &created.warnings,
        &["Pods in namespace kube-system are excluded from injection; use another namespace"],
    );
    let created = cluster.create(&format!("{}?dryRun=All", collection("Deployment", OWN)), &excluded).await;
    let last = hints(&created.warnings).pop();
    assert_eq!(last, Some("Pods in namespace podgraft-system are excluded from injection; use another namespace"));
}

async fn keys_of_namespaces_are_reported(cluster: &Cluster) {
    let namespace = cluster.namespace(json!({})).await;
    let path = format!("/api/v1/namespaces/{namespace}");
    let set = async |map: &str, key: &str, value: Value| {
        // Without a version, an API server first tries the change on an older object of its cache, and warns of that one.
        let version = cluster.get(&path).await.body["metadata"]["resourceVersion"].take();
        let patch = json!({"metadata": {"resourceVersion": version, map: {key: value}}});
        let changed = cluster.merge(&path, &patch).await;
        assert!(changed.status.is_success(), "{key}: {}", changed.body);
        changed.warnings
    };
    let rollout = format!(
        "the change applies to new Pods; for existing ones: kubectl -n {namespace} rollout restart deployment,statefulset,daemonset"
    );
    let unsupported =
        "label podgraft.dev/inject: unsupported value; supported: enabled, disabled. The namespace is not opted in";
    let without = "annotation podgraft.dev/companions has no effect without the label podgraft.dev/inject=enabled on the namespace";
    expect("another label", &set("labels", "team", "blue".into()).await, &[]);
    expect("a wrong value", &set("labels", "podgraft.dev/inject", "true".into()).await, &[unsupported]);
    expect("no value", &set("labels", "podgraft.dev/inject", Value::Null).await, &[&rollout]);
    expect("a list alone", &set("annotations", "podgraft.dev/companions", "nobody".into()).await, &[without]);
    expect("opted in", &set("labels", "podgraft.dev/inject", "enabled".into()).await, &[&rollout]);
    let annotation = format!(
        "podgraft.dev/inject is a label, not an annotation: kubectl label namespace {namespace} podgraft.dev/inject=enabled --overwrite"
    );
    expect("an annotation", &set("annotations", "podgraft.dev/inject", "enabled".into()).await, &[&annotation]);
    expect("removed", &set("annotations", "podgraft.dev/inject", Value::Null).await, &[]);
    let unknown = "podgraft.dev/companion has no effect on a Namespace; supported: label podgraft.dev/inject, annotation podgraft.dev/companions";
    expect("an unknown key", &set("annotations", "podgraft.dev/companion", "x".into()).await, &[unknown]);
}

async fn keys_of_pods_are_reported_where_they_have_no_effect(cluster: &Cluster) {
    cluster.companion(&companion("hinted")).await;
    let namespace = cluster.namespace(json!({})).await;
    let path = collection("Pod", &namespace);
    let requests = json!({"podgraft.dev/companions": "hinted"});
    expect(
        "a correct Pod",
        &cluster.create(&path, &pod("right", &template(json!({}), requests.clone()))).await.warnings,
        &[],
    );
    let out = template(json!({"podgraft.dev/inject": "disabled"}), requests);
    let both = "the label podgraft.dev/inject=disabled prevents the companions that annotation podgraft.dev/companions requests; remove the label or the annotation";
    expect("a Pod that opts out", &cluster.create(&path, &pod("out", &out)).await.warnings, &[both]);
    let late = "podgraft.dev/companions is read only when a Pod is created; change it in the Pod template of the workload, or recreate the Pod";
    for value in [json!("other"), Value::Null] {
        let patch = json!({"metadata": {"annotations": {"podgraft.dev/companions": value}}});
        expect("a Pod that exists", &cluster.merge(&format!("{path}/right"), &patch).await.warnings, &[late]);
    }
    let other = json!({"metadata": {"annotations": {"other": "x"}, "labels": {"other": "x"}}});
    expect("other keys", &cluster.merge(&format!("{path}/right"), &other).await.warnings, &[]);
}

async fn a_correct_workload_of_each_kind_has_no_warning(cluster: &Cluster) {
    cluster.companion(&companion("quiet")).await;
    let namespace = cluster.namespace(json!({})).await;
    for (kind, _) in KINDS {
        let requests = template(json!({}), json!({"podgraft.dev/companions": "quiet"}));
        let object = workload(kind, &format!("quiet-{}", kind.to_lowercase()), &requests);
        let created = cluster.create(&format!("{}?dryRun=All", collection(kind, &namespace)), &object).await;
        assert!(created.status.is_success(), "{kind}: {}", created.body);
        expect(kind, &created.warnings, &[]);
    }
}
