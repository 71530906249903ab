//! What previews look up in the cluster, with the chart's values: existing workloads when a companion is applied, and what a
//! namespace denies when a workload is applied. The API server and its controllers agree with each warning.

use std::process::Output;

use serde_json::{Value, json};

use crate::admission::clients::install_for_api_server;
use crate::cluster::Cluster;
use crate::tests;
use crate::workload::{collection, template, workload};

tests![
    a_companion_that_is_applied_reports_what_it_does_to_existing_workloads_as_far_as_the_user_may_list_them,
    a_workload_that_its_namespace_denies_because_of_a_companion_is_reported_when_it_is_applied,
    every_right_of_the_two_values_is_needed,
];

const VALUES: [&str; 2] = ["webhooks.preview.existingWorkloads=true", "webhooks.preview.namespaceLimits=true"];

/// A Companion that needs these resources.
fn note(namespace: &str, container: &Value) -> Value {
    let mut own = json!({"name": "note", "image": "registry.example/note:1"});
    own.as_object_mut().expect("an object").extend(container.as_object().expect("an object").clone());
    json!({
        "apiVersion": "podgraft.dev/v1alpha1", "kind": "Companion", "metadata": {"name": "note", "namespace": namespace},
        "spec": {"pattern": "Sidecar", "containers": [own]},
    })
}

fn deployment(name: &str, container: &Value) -> Value {
    let mut template = template(json!({}), json!({"podgraft.dev/companions": "note"}));
    let own = template["spec"]["containers"][0].as_object_mut().expect("an object");
    own.extend(container.as_object().expect("an object").clone());
    let mut deployment = workload("Deployment", name, &template);
    deployment["apiVersion"] = "apps/v1".into();
    deployment["kind"] = "Deployment".into();
    deployment
}

/// Applies an object as a user, or as the administrator.
fn apply(cluster: &Cluster, namespace: &str, object: &Value, user: Option<&str>) -> Output {
    let file = cluster.folder.join(format!("{namespace}-lookups.json"));
    std::fs::write(&file, object.to_string()).expect("a file");
    let file = file.display().to_string();
    let impersonated = user.map(|user| ["--as", user]);
    let arguments = ["--namespace", namespace, "apply", "-f", &file];
    cluster.kubectl(arguments.into_iter().chain(impersonated.into_iter().flatten()))
}

/// The warnings of podgraft that kubectl printed.
fn warnings(applied: &Output) -> Vec<String> {
    let printed = String::from_utf8_lossy(&applied.stderr).into_owned();
    assert!(applied.status.success(), "{printed}");
    printed.lines().filter_map(|line| line.strip_prefix("Warning: podgraft: ").map(str::to_owned)).collect()
}

async fn a_companion_that_is_applied_reports_what_it_does_to_existing_workloads_as_far_as_the_user_may_list_them(
    cluster: &Cluster,
) {
    install_for_api_server(cluster, &VALUES).await;
    let namespace = cluster.namespace(json!({})).await;
    let (current, mut next) = (note(&namespace, &json!({})), note(&namespace, &json!({})));
    cluster.companion(&current).await;
    next["spec"]["listens"] = json!([{"name": "note", "port": 8080, "env": {"port": "NOTE_PORT"}}]);
    for (name, port) in [("web", 8080), ("api", 80)] {
        let object = deployment(name, &json!({"ports": [{"containerPort": port}]}));
        cluster.create(&collection("Deployment", &namespace), &object).await.expect("a Deployment");
    }
    let mut job = workload("CronJob", "nightly", &template(json!({}), json!({"podgraft.dev/companions": "note"})));
    job["spec"]["suspend"] = true.into();
    cluster.create(&collection("CronJob", &namespace), &job).await.expect("a CronJob");

    let author = format!("author-of-{namespace}");
    let binding = json!({
        "metadata": {"name": "author"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "companion-author"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": author}],
    });
    let rules = json!([
        {"apiGroups": ["podgraft.dev"], "resources": ["companions"], "verbs": ["get", "list", "create", "patch"]},
        {"apiGroups": ["batch"], "resources": ["cronjobs"], "verbs": ["list"]},
    ]);
    let role = json!({"metadata": {"name": "companion-author"}, "rules": rules});
    cluster.create("/apis/rbac.authorization.k8s.io/v1/clusterroles", &role).await.expect("a role");
    let path = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings");
    cluster.create(&path, &binding).await.expect("a binding");

    let mut dry = next.clone();
    dry["spec"]["description"] = "as the author".into();
    let of_author = warnings(&apply(cluster, &namespace, &dry, Some(&author)));
    let counts = "of the 1 workload that was reviewed, 0 would be denied, and 1 would change at the next rollout; others may \
                  exist: you may not list deployments, statefulsets, daemonsets, replicationcontrollers";
    assert_eq!(of_author[0], counts, "{of_author:#?}");

    warnings(&apply(cluster, &namespace, &current, None));
    cluster.companion(&current).await;
    let of_all = warnings(&apply(cluster, &namespace, &next, None));
    assert_eq!(of_all[0], "of 3 workloads, 1 would be denied, and 2 would change at the next rollout", "{of_all:#?}");
    let denied =
        format!("Pods of deployment {namespace}/web would be denied: companion note: port 8080/TCP is already in use");
    assert!(of_all[1].starts_with(&denied), "{of_all:#?}");
}

async fn a_workload_that_its_namespace_denies_because_of_a_companion_is_reported_when_it_is_applied(cluster: &Cluster) {
    install_for_api_server(cluster, &VALUES).await;
    let limits = |memory: &str| json!({"resources": {"limits": {"memory": memory}, "requests": {"memory": memory}}});
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"},
        "spec": {"hard": {"limits.memory": "256Mi"}}});
    let most = json!([{"type": "Container", "max": {"memory": "128Mi"}}]);
    let limit_range =
        json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "team"}, "spec": {"limits": most}});
    let (none, restricted) = (json!({}), json!({"pod-security.kubernetes.io/enforce": "restricted"}));
    let compliant = json!({"securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}});
    for (labels, object, companion, app, warning, event) in [
        (
            &none,
            Some(&quota),
            &none,
            limits("64Mi"),
            "ResourceQuota team requires limits.memory of every container, and \
          the injected container note has none",
            "must specify limits.memory for: note",
        ),
        (
            &none,
            Some(&quota),
            &limits("192Mi"),
            limits("128Mi"),
            "ResourceQuota team allows 256Mi for limits.memory, and with \
          the injected containers one Pod has 320Mi",
            "exceeded quota: team, requested: limits.memory=320Mi",
        ),
        (
            &none,
            Some(&limit_range),
            &limits("256Mi"),
            limits("64Mi"),
            "LimitRange team allows a container at most 128Mi memory, \
          and the injected container note has a limit of 256Mi",
            "maximum memory usage per Container is 128Mi, but limit is 256Mi",
        ),
        (
            &restricted,
            None,
            &none,
            compliant,
            "will be denied by Pod Security level restricted, which namespace",
            "violates PodSecurity \"restricted:latest\"",
        ),
    ] {
        let namespace = cluster.namespace(json!({"labels": labels})).await;
        cluster.companion(&note(&namespace, companion)).await;
        if let Some(object) = object {
            warnings(&apply(cluster, &namespace, object, None));
        }
        let printed = warnings(&apply(cluster, &namespace, &deployment("web", &app), None));
        assert!(printed.len() == 1 && printed[0].contains(warning), "{printed:#?}\nexpected: {warning}");
        let path = format!("/api/v1/namespaces/{namespace}/events?fieldSelector=reason%3DFailedCreate");
        let denied =
            |event_object: &Value| event_object["message"].as_str().is_some_and(|message| message.contains(event));
        let created = async || {
            let events = cluster.get(&path).await.body["items"].as_array().cloned().unwrap_or_default();
            events.iter().any(denied).then_some(())
        };
        cluster.eventually(event, created).await;
    }
}

async fn every_right_of_the_two_values_is_needed(cluster: &Cluster) {
    install_for_api_server(cluster, &VALUES).await;
    let namespace = cluster.namespace(json!({})).await;
    let [current, mut next] = [note(&namespace, &json!({})), note(&namespace, &json!({}))];
    next["spec"]["app"] = json!({"env": [{"name": "NOTE", "value": "1"}]});
    cluster.companion(&current).await;
    let web = |round: usize| {
        let mut web = deployment("web", &json!({}));
        web["spec"]["template"]["metadata"]["labels"]["round"] = format!("{round}").into();
        web
    };
    warnings(&apply(cluster, &namespace, &web(0), None));
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/podgraft";
    let role = cluster.get(path).await.expect("the role");
    // Each object is applied again until the API server has noticed the change of the role, and differs each time.
    let mut round = 0;
    for (resource, incomplete) in [
        ("deployments", "not reviewed"),
        ("statefulsets", "others may exist"),
        ("daemonsets", "others may exist"),
        ("cronjobs", "others may exist"),
        ("replicationcontrollers", "others may exist"),
        ("subjectaccessreviews", "not reviewed"),
        ("resourcequotas", "not everything of namespace"),
        ("limitranges", "not everything of namespace"),
        ("horizontalpodautoscalers", "not everything of namespace"),
    ] {
        let mut rules = role["rules"].clone();
        for rule in rules.as_array_mut().expect("rules") {
            let resources = rule["resources"].as_array_mut().expect("resources");
            resources.retain(|other| other != resource);
        }
        let rules: Vec<Value> =
            rules.as_array().expect("rules").iter().filter(|rule| rule["resources"] != json!([])).cloned().collect();
        cluster.merge(path, &json!({"rules": rules})).await.expect("a smaller role");
        cluster
            .eventually(resource, async || {
                round += 1;
                let object =
                    if incomplete.ends_with("namespace") { web(round) } else { [&current, &next][round % 2].clone() };
                let printed = warnings(&apply(cluster, &namespace, &object, None));
                let mut printed = printed.iter().filter(|warning| warning.contains(incomplete));
                printed.any(|warning| warning.to_ascii_lowercase().contains(resource)).then_some(())
            })
            .await;
        println!("    without the right to {resource} the preview is incomplete");
    }
    cluster.restore().await;
}
