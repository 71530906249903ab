//! What people see of companions at their terminals, although they never saw a review: events, and columns of `kubectl get`.

use serde_json::{Value, json};

use crate::cluster::{Cluster, printed};
use crate::tests;
use crate::workload::{collection, companion, pod, template, workload};

tests![
    a_companion_that_was_skipped_is_an_event_on_the_controller_of_the_pods,
    columns_show_for_which_pods_a_companion_is_and_when_it_was_injected
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
