//! Commands that read a cluster, against a server on loopback. The golden is `tests/cli/live/live.txt`.

mod agree;
mod many;
mod screens;

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::support::api_server::ApiServer;
use super::{Folder, Run, golden};

/// A ClusterCompanion that shares a volume with the app and listens on a port.
fn sync() -> Value {
    json!({
        "apiVersion": "podgraft.dev/v1alpha1", "kind": "ClusterCompanion",
        "metadata": {"name": "sync", "generation": 1, "uid": "c-1", "resourceVersion": "7"},
        "spec": {
            "pattern": "Sidecar",
            "containers": [{"name": "sync", "image": "registry.example/sync:v1", "ports": [{"containerPort": 2000}]}],
            "sharedVolumes": [{"name": "content", "companion": {"mountPath": "/git"},
                "app": {"mountPath": "/usr/share/nginx/html", "readOnly": true}}],
            "listens": [{"name": "sync", "port": 2000, "env": {"port": "SYNC_PORT"}}],
            "parameters": [{"name": "repo", "type": "String", "required": true, "env": "REPO"}],
        },
    })
}

/// An automatic companion for opted-in Pods.
fn audit() -> Value {
    json!({
        "apiVersion": "podgraft.dev/v1alpha1", "kind": "ClusterCompanion", "metadata": {"name": "audit", "generation": 1},
        "spec": {"pattern": "Sidecar", "activation": "OptedInNamespaces", "namespaceSelector": {"matchLabels": {"team": "a"}},
            "containers": [{"name": "audit", "image": "registry.example/audit:v1"}]},
    })
}

fn namespace(name: &str, labels: &Value) -> Value {
    let mut labels = labels.clone();
    labels["kubernetes.io/metadata.name"] = name.into();
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

/// A workload in the namespace `shop`, whose template has these annotations.
fn workload(kind: &str, name: &str, annotations: &Value) -> Value {
    let spec = json!({"containers": [{"name": "web", "image": "nginx:1.29", "ports": [{"containerPort": 8080}]}]});
    let metadata = json!({"name": name, "namespace": "shop", "uid": format!("u-{name}"), "labels": {"app": name}});
    if kind == "Pod" {
        let mut pod = json!({"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec});
        pod["metadata"]["annotations"] = annotations.clone();
        return pod;
    }
    let template = json!({"metadata": {"annotations": annotations}, "spec": spec});
    json!({"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": {"template": template}})
}

/// A webhook configuration as the chart renders it.
fn webhook(name: &str, namespaces: &Value, condition: &str) -> Value {
    let service = json!({"service": {"name": "podgraft", "namespace": "podgraft-system"}, "caBundle": "eA=="});
    let of_pods =
        json!({"matchExpressions": [{"key": "podgraft.dev/inject", "operator": "NotIn", "values": ["disabled"]}]});
    let webhook = json!({
        "name": format!("{name}.podgraft.dev"), "clientConfig": service, "failurePolicy": "Fail",
        "namespaceSelector": {"matchExpressions": namespaces}, "objectSelector": of_pods,
        "matchConditions": [{"name": "not-a-mirror", "expression": "true"}, {"name": condition, "expression": "true"}],
    });
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": format!("podgraft-{name}")}, "webhooks": [webhook]})
}

fn webhooks() -> Vec<Value> {
    let opted_in = json!([{"key": "podgraft.dev/inject", "operator": "In", "values": ["enabled"]}]);
    vec![
        webhook("requested", &json!([]), "sets-podgraft-keys"),
        webhook("opted-in", &opted_in, "sets-no-podgraft-keys"),
    ]
}

/// What a Pod with the companion sync and its parameter says.
fn requests_sync() -> Value {
    json!({"podgraft.dev/companions": "sync", "podgraft.dev/sync.repo": "https://git.example/site"})
}

fn shop() -> Vec<Value> {
    let owned = {
        let mut pod = workload("Pod", "web-1", &requests_sync());
        pod["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "controller": true}]);
        pod
    };
    vec![
        sync(),
        audit(),
        namespace("shop", &json!({})),
        namespace("garden", &json!({"podgraft.dev/inject": "enabled", "team": "a"})),
        workload("Deployment", "web", &requests_sync()),
        workload("Deployment", "plain", &json!({})),
        workload("StatefulSet", "db", &json!({"podgraft.dev/companions": "sync"})),
        workload("Pod", "bare", &requests_sync()),
        owned,
    ]
}

/// Runs a command against a cluster with these objects.
fn run_with(folder: &Folder, objects: Vec<Value>, forbidden: &[&str], command: &str) -> Run {
    let server = ApiServer::start(objects, forbidden);
    let kubeconfig = server.kubeconfig(folder.0.path());
    let mut run = folder.run(&format!("{command} --kubeconfig {}", kubeconfig.display()));
    for text in [&mut run.out, &mut run.err] {
        *text = text.replace(&server.url(), "SERVER").replace(&kubeconfig.display().to_string(), "KUBECONFIG");
    }
    run
}

fn run(command: &str) -> Run {
    run_with(&folder(), [shop(), webhooks()].concat(), &[], command)
}

/// A folder with a new version of the companion, whose port is that of the app.
fn folder() -> Folder {
    let mut next = sync();
    next["spec"]["containers"][0]["ports"][0]["containerPort"] = 8080.into();
    next["spec"]["listens"][0]["port"] = 8080.into();
    let mut image = sync();
    image["spec"]["containers"][0]["image"] = "registry.example/sync:v2".into();
    Folder::new().with("next.yaml", &next.to_string()).with("image.yaml", &image.to_string())
}

#[test]
fn a_workload_of_a_cluster_is_explained_with_its_webhooks_and_a_picture() {
    let all = || [shop(), webhooks()].concat();
    let without = |name: &str| {
        let mut objects = all();
        objects.retain(|object| object["metadata"]["name"] != name);
        objects
    };
    let none: &[&str] = &[];
    let no_webhooks: &[&str] = &["list mutatingwebhookconfigurations", "get mutatingwebhookconfigurations"];
    let cases: Vec<(&str, Vec<Value>, &[&str], &str)> = vec![
        ("a Deployment", all(), none, "explain deploy/web -n shop"),
        ("the namespace of the context", all(), none, "explain deployment web"),
        ("a parameter that is missing", all(), none, "explain sts/db"),
        ("a Pod that exists", all(), none, "explain pod/bare"),
        ("a workload that requests nothing", all(), none, "explain deploy/plain"),
        (
            "if the namespace were opted in",
            all(),
            none,
            "explain deploy/plain --namespace-labels podgraft.dev/inject=enabled,team=a",
        ),
        (
            "if the Pod were annotated",
            all(),
            none,
            "explain sts/db --set-annotation podgraft.dev/sync.repo=https://git.example/x",
        ),
        ("the webhook is missing", without("podgraft-requested"), none, "explain deploy/web"),
        ("the webhooks cannot be read", all(), no_webhooks, "explain deploy/web"),
        ("all of a namespace", all(), none, "explain -n shop"),
        ("by a selector", all(), none, "explain deploy -l app=plain -A"),
        ("why not, on request", all(), none, "explain deploy/plain --why-not sync"),
        ("why not, for other namespaces", all(), none, "explain deploy/plain --why-not audit"),
        ("why not, not opted in", all(), none, "explain deploy/plain --why-not audit --namespace-labels team=a"),
        ("why not, misspelled", all(), none, "explain deploy/plain --why-not syn"),
        ("why not, injected", all(), none, "explain deploy/web --why-not sync"),
        ("why not, not called", without("podgraft-requested"), none, "explain deploy/web --why-not sync"),
        ("a companion with a conflict", all(), none, "explain --with next.yaml -A"),
        ("a companion without a webhook", without("podgraft-requested"), none, "explain --with image.yaml"),
        ("a companion with another image", all(), none, "explain --with image.yaml"),
    ];
    let mut page = String::new();
    for (name, objects, forbidden, command) in cases {
        let run = run_with(&folder(), objects, forbidden, command);
        let _ = write!(page, "# {name}: podgraft {command}\n{}{}exit code {}\n\n", run.out, run.err, run.code);
    }
    golden::check("tests/cli/live/live.txt", &page);
}

#[test]
fn what_cannot_be_read_is_an_error_with_its_remedy() {
    let all = [shop(), webhooks()].concat();
    for (forbidden, command, code, part) in [
        ("list clustercompanions", "explain deploy/web", 3, "rbac.clusterCompanionsForAll"),
        ("list companions", "explain deploy/web", 3, "cannot list companions.podgraft.dev in namespace shop"),
        ("get namespaces", "explain deploy/web", 3, "cannot get namespaces in namespace shop"),
        ("list namespaces", "explain deploy -A", 3, "cannot list namespaces in the whole cluster; use -n NAMESPACE"),
        ("get deployments", "explain deploy/web", 3, "cannot get deployments.apps in namespace shop"),
        ("", "explain deploy/wob", 3, "deployments.apps \"wob\" not found in namespace shop"),
        ("", "explain deploy/web -n nowhere", 3, "namespace \"nowhere\" not found"),
        ("", "explain rollout/web", 3, "unsupported kind \"rollout\"; supported: deployments, "),
        ("", "explain deploy/web --context prod", 3, "context \"prod\" not found in the kubeconfig"),
        ("", "explain deploy/web -A", 2, "-A and -l select workloads, and cannot be used with names"),
        ("", "explain deploy/web -c next.yaml", 2, "--companions is for manifests"),
        ("", "explain next.yaml -A", 2, "cannot be used with files"),
        ("", "explain --with kubeconfig", 3, "no companions in these files"),
    ] {
        let run = run_with(&folder(), all.clone(), &[forbidden], command);
        assert!(run.err.contains(part), "{command}: {}{}", run.out, run.err);
        assert_eq!((run.code, &*run.out), (code, ""), "{command}");
    }
}

#[test]
fn without_a_cluster_the_error_names_the_ways_to_one() {
    let folder = folder();
    let missing = folder.run("explain deploy/web --kubeconfig missing");
    assert!(missing.err.contains("--kubeconfig: the path \"missing\" does not exist"), "{}", missing.err);
    let server = ApiServer::start(Vec::new(), &[]);
    let text = std::fs::read_to_string(server.kubeconfig(folder.0.path())).unwrap();
    // Nothing listens on the port of a server that never accepted.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = folder.with("closed", &text.replace(&server.url(), &format!("http://{closed}")));
    let refused = folder.run("explain deploy/web --kubeconfig closed");
    assert!(
        refused.err.starts_with(&format!("error: cannot reach the API server http://{closed}: ")),
        "{}",
        refused.err
    );
    assert_eq!((refused.code, missing.code), (3, 3));
    let not_installed = folder.run("explain deploy/web --kubeconfig kubeconfig");
    assert_eq!(not_installed.code, 3, "{}{}", not_installed.out, not_installed.err);
}

#[test]
fn programs_read_the_webhooks_and_the_pod_as_json() {
    let explained = run("explain deploy/web -o json");
    let facts: Value = serde_json::from_str(&explained.out).unwrap();
    let web = &facts["workloads"][0];
    assert_eq!(web["companions"][0]["rule"], "annotation of the Pod");
    assert_eq!(
        (&web["webhooks"][0]["name"], &web["webhooks"][0]["matches"]),
        (&"podgraft-requested".into(), &true.into())
    );
    assert_eq!(web["pod"]["containers"][0]["role"], "native sidecar", "{web:#}");
    assert_eq!(web["pod"]["sharedVolumes"][0]["mounts"][1]["container"], "web");
    assert_eq!(web["pod"]["localhost"][0]["port"], 2000);
    assert!(web.get("file").is_none() && web.get("text").is_none() && web.get("details").is_none());
    let consequences: Value = serde_json::from_str(&run("explain --with next.yaml -n shop -o json").out).unwrap();
    assert_eq!(consequences["workloads"], 3);
    assert_eq!(consequences["denied"][0]["workload"], "shop/deployment/web");
    assert_eq!((&consequences["changed"], &consequences["alreadyDenied"]), (&json!([]), &1.into()));
    let bare: Value = serde_json::from_str(&run("explain pod/bare -o json").out).unwrap();
    assert_eq!(bare["workloads"][0]["decision"], "missing");
    let why_not: Value = serde_json::from_str(&run("explain deploy/plain --why-not sync -o json").out).unwrap();
    assert_eq!(why_not["workloads"][0]["whyNot"]["companion"], "sync");
}

#[test]
fn a_companion_has_no_consequences_for_workloads_whose_pods_no_webhook_matches() {
    let excluded = json!([{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["shop"]}]);
    let leaves_out = vec![webhook("requested", &excluded, "sets-podgraft-keys")];
    let no_webhooks: &[&str] = &["list mutatingwebhookconfigurations", "get mutatingwebhookconfigurations"];
    let (all, none): (_, &[&str]) = (webhooks(), &[]);
    for (webhooks, forbidden, denied) in
        [(all.clone(), none, 1), (leaves_out, none, 0), (vec![], none, 0), (all, no_webhooks, 1)]
    {
        let run = run_with(&folder(), [shop(), webhooks].concat(), forbidden, "explain --with next.yaml -A");
        let expected = format!("Of 3 workloads, {denied} would be denied, and 0 would change at the next rollout.\n");
        assert!(run.out.starts_with(&expected), "{}{}", run.out, run.err);
        assert_eq!(run.code, denied, "{}", run.out);
    }
}

#[test]
fn a_path_precedes_a_kind_of_the_same_name() {
    let folder = folder().with("deploy/web.yaml", &workload("Deployment", "local", &json!({})).to_string());
    let run = folder.run("explain deploy");
    assert!(run.out.starts_with("deployment/local in namespace shop: nothing to add"), "{}{}", run.out, run.err);
    assert!(run.err.contains("deploy is read as a path"), "{}", run.err);
}

#[test]
fn lists_are_read_page_by_page() {
    let many = (0..1201).map(|i| workload("Deployment", &format!("web-{i}"), &requests_sync()));
    let objects = [shop(), webhooks(), many.collect()].concat();
    let server = ApiServer::start(objects, &[]);
    let folder = folder();
    let kubeconfig = server.kubeconfig(folder.0.path());
    let run = folder.run(&format!("explain deploy -n shop -o name --kubeconfig {}", kubeconfig.display()));
    assert_eq!(run.out.lines().count(), 1202, "{}", run.err);
    let requests = server.requests();
    let pages: Vec<_> = requests.iter().filter(|path| path.contains("/deployments?")).collect();
    assert_eq!(pages.len(), 3, "{pages:#?}");
    assert!(pages.iter().all(|page| page.contains("limit=500")), "{pages:#?}");
    assert!(pages[2].contains("continue=1000"), "{pages:#?}");
}
