//! What people see of companions at their terminals, although they never saw a review: events, and columns of `kubectl get`.

use serde_json::{Value, json};

use crate::cluster::{Cluster, printed};
use crate::installation::operator::shell;
use crate::support::screens::expect_screen;
use crate::tests;
use crate::workload::{collection, companion, pod, template, workload};

tests![
    a_companion_that_was_skipped_is_an_event_on_the_controller_of_the_pods,
    columns_show_for_which_pods_a_companion_is_and_when_it_was_injected,
    columns_and_conditions_show_whether_the_newest_version_of_a_companion_is_active,
];

/// As many Pods as would be events, if each had its own.
const PODS: usize = 6;

async fn a_companion_that_was_skipped_is_an_event_on_the_controller_of_the_pods(cluster: &Cluster) {
    let mut audit = companion("events-audit");
    audit["spec"]["activation"] = "OptedInNamespaces".into();
    audit["spec"]["namespaceSelector"] = json!({"matchLabels": {"test": "events"}});
    cluster.companion(&audit).await;
    let labels = json!({"podgraft.dev/inject": "enabled", "test": "events"});
    let namespace = cluster.namespace(json!({"labels": labels})).await;
    let mut template = template(json!({}), json!({}));
    template["spec"]["hostNetwork"] = true.into();
    let mut deployment = workload("Deployment", "web", &template);
    deployment["spec"]["replicas"] = PODS.into();
    cluster.create(&collection("Deployment", &namespace), &deployment).await.expect("a Deployment");
    let pods = collection("Pod", &namespace);
    cluster
        .eventually("all Pods", async || {
            (cluster.get(&pods).await.body["items"].as_array()?.len() == PODS).then_some(())
        })
        .await;
    let get = ["--namespace", &namespace, "get", "events", "--output", "json", "--field-selector"];
    let ours = "reportingComponent=podgraft,reason=HostNetwork";
    let events = cluster
        .eventually("an event", async || {
            let listed = printed(cluster.kubectl([&get[..], &[ours]].concat()));
            let events = serde_json::from_str::<Value>(&listed).ok()?["items"].as_array()?.clone();
            (!events.is_empty()).then_some(events)
        })
        .await;
    // The period of ten minutes can end in between.
    assert!(events.len() <= 2, "{} events for {PODS} Pods of one controller", events.len());
    for event in &events {
        let object = &event["involvedObject"];
        assert_eq!((&event["type"], &object["kind"]), (&json!("Normal"), &json!("ReplicaSet")), "{event:#}");
        let message = event["message"].as_str().unwrap_or_default();
        assert!(message.starts_with("companion events-audit is skipped: forbidden: the Pod uses"), "{message}");
    }
    let describe = ["--namespace", &namespace, "describe", "replicasets", "--selector", "app=web"];
    let described = printed(cluster.kubectl(describe));
    assert!(described.contains("companion events-audit is skipped"), "{described}");
    let page = |name: &str| format!("docs/{name}.md");
    let seen = as_documented(cluster, &namespace, GET_EVENTS);
    let first: Vec<&str> = seen.lines().take(2).collect();
    expect_screen(&page("operating"), GET_EVENTS, &first.join("\n"));
    let pod = printed(cluster.kubectl(["--namespace", &namespace, "get", "pods", "--output", "name"]));
    let pod = pod.lines().next().and_then(|line| line.strip_prefix("pod/")).expect("a Pod");
    let describe = DESCRIBE.replace("web-7d4b9c6f5-x2k8p", pod);
    expect_screen(&page("requesting"), DESCRIBE, &as_documented(cluster, &namespace, &describe));
}

const GET_EVENTS: &str = "kubectl -n shop get events --field-selector reportingComponent=podgraft";
const DESCRIBE: &str = "kubectl describe pod -n shop web-7d4b9c6f5-x2k8p | grep -A1 skipped";

/// What a command of a document prints, with the names of the document.
fn as_documented(cluster: &Cluster, namespace: &str, command: &str) -> String {
    shell(cluster, &command.replace("-n shop", &format!("-n {namespace}"))).out.replace("events-", "")
}

async fn columns_show_for_which_pods_a_companion_is_and_when_it_was_injected(cluster: &Cluster) {
    let mut clock = companion("events-clock");
    clock["spec"]["podSelector"] = json!({"matchLabels": {"app": "clock"}});
    cluster.companion(&clock).await;
    let row = || {
        let get = ["get", "clustercompanions", "events-clock", "--output", "wide"];
        printed(cluster.kubectl(get)).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let column = |rows: &[String], name: &str| {
        let at = rows[0].find(name).unwrap_or_else(|| panic!("no column {name}: {rows:#?}"));
        rows[1][at..].to_owned()
    };
    assert!(column(&row(), "FOR ").starts_with("Pods that request it; only Pods with app=clock "), "{:#?}", row());
    assert!(column(&row(), "LAST INJECTED").starts_with(' '), "it was never injected: {:#?}", row());
    let namespace = cluster.namespace(json!({})).await;
    let requests = template(json!({"app": "clock"}), json!({"podgraft.dev/companions": "events-clock"}));
    let path = collection("Pod", &namespace);
    let dry_run = cluster.create(&format!("{path}?dryRun=All"), &pod("clock", &requests)).await.expect("a dry run");
    assert!(dry_run["spec"]["initContainers"].is_array(), "{dry_run}");
    cluster.create(&path, &pod("clock", &requests)).await.expect("a Pod");
    cluster
        .eventually("the time of the injection", async || {
            column(&row(), "LAST INJECTED").starts_with(|c: char| c.is_ascii_digit()).then_some(())
        })
        .await;
    assert!(column(&row(), "READY").starts_with("True"), "{:#?}", row());
}

async fn columns_and_conditions_show_whether_the_newest_version_of_a_companion_is_active(cluster: &Cluster) {
    let mut clock = companion("clock");
    clock["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "out", "mountPath": "/out"}]);
    cluster.condition(&clock, "False").await;
    let mut tick = companion("tick");
    tick["spec"]["description"] = "Writes the time into a directory of the app.".into();
    cluster.companion(&tick).await;
    let namespace = cluster.namespace(json!({})).await;
    let requests = template(json!({}), json!({"podgraft.dev/companions": "tick"}));
    cluster.create(&collection("Pod", &namespace), &pod("tick", &requests)).await.expect("a Pod");
    let path = "/apis/podgraft.dev/v1alpha1/clustercompanions/tick";
    cluster
        .eventually("the time of the injection", async || {
            cluster.get(path).await.body["status"]["lastInjected"].is_string().then_some(())
        })
        .await;
    let listed = shell(cluster, "kubectl get clustercompanions -o wide").out;
    let rows = listed.lines().filter(|row| ["NAME ", "clock ", "tick "].iter().any(|name| row.starts_with(name)));
    let rows = rows.collect::<Vec<_>>().join("\n");
    expect_screen("docs/operating.md", "kubectl get clustercompanions -o wide", &rows);
    let message = shell(cluster, MESSAGE).out;
    expect_screen("docs/operating.md", MESSAGE, &message);
    cluster.delete("/apis/podgraft.dev/v1alpha1/clustercompanions/clock").await.expect("deleting the companion");
}

const MESSAGE: &str = "kubectl get clustercompanion clock -o jsonpath='{.status.conditions[0].message}'";
