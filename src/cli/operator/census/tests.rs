use std::path::Path;
use std::slice;

use serde_json::json;

use super::*;
use crate::cli::live::Webhooks;
use crate::inject;
use crate::inject::snapshot::{Settings, Snapshot};
use crate::inject::verdict::Decision;
use crate::manifest;
use crate::source::files::manifests::Manifests;

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";

/// The companions `sync` and `audit` with an image of `sync`, in a cluster with the namespace `shop`.
fn snapshot(image: &str, more: &str) -> Snapshot {
    let companion = |name: &str, image: &str| {
        format!(
            "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {{name: {name}}}\n\
             spec: {{pattern: Sidecar, containers: [{{name: {name}, image: '{image}'}}]{more}}}\n"
        )
    };
    let text = format!("{}---\n{}---\n{NAMESPACE}", companion("sync", image), companion("audit", "audit:1"));
    let mut manifests = Manifests::new("default");
    for document in manifest::read(text.as_bytes()) {
        manifests.add(Path::new("test"), &document.expect("a document"));
    }
    manifests.snapshot(Settings::default())
}

/// A template that requests companions, or none.
fn template(companions: &str) -> Value {
    let requests = if companions.is_empty() { json!({}) } else { json!({"podgraft.dev/companions": companions}) };
    json!({
        "metadata": {"labels": {"app": "web"}, "annotations": requests},
        "spec": {"containers": [{"name": "web", "image": "web:1"}]},
    })
}

fn object(kind: &str, name: &str, companions: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"},
        "spec": {"template": template(companions)},
    })
}

fn owned_by(version: &str, kind: &str, name: &str) -> Value {
    json!([{"apiVersion": version, "kind": kind, "name": name, "controller": true}])
}

/// A Pod of a template, as podgraft with the companions of a snapshot has created it; `None`: while podgraft was stopped.
fn pod(name: &str, owner: Value, companions: &str, by: Option<&Snapshot>) -> Value {
    let mut pod = template(companions);
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = name.into();
    pod["metadata"]["namespace"] = "shop".into();
    pod["metadata"]["ownerReferences"] = owner;
    if let Some(snapshot) = by {
        let text = pod.to_string();
        let read = Pod::read(text.as_bytes()).unwrap();
        let request = inject::Request { pod: read, namespace: "shop", webhook: None, requester: "" };
        let Decision::Patch(patch) = inject::review(&request, snapshot).decision else {
            panic!("{text} is not patched")
        };
        json_patch::patch(&mut pod, &serde_json::from_slice::<json_patch::Patch>(&patch).unwrap()).unwrap();
    }
    pod
}

fn of_web() -> Value {
    owned_by("apps/v1", "ReplicaSet", "web-1")
}

/// Each companion of each workload, as `workload companion current/outdated/missing/extra`.
fn counted(snapshot: &Snapshot, workloads: &[Value], pods: &[Value]) -> Vec<String> {
    let webhooks = Webhooks::Unreadable(String::new());
    let mut census = Census::new(Engine { snapshot, webhooks: &webhooks });
    let metadata =
        json!({"name": "web-1", "namespace": "shop", "ownerReferences": owned_by("apps/v1", "Deployment", "web")});
    census.add_replica_set(&json!({"metadata": metadata}));
    for workload in workloads {
        census.add_workload(workload);
    }
    for pod in pods {
        census.add_pod(pod);
    }
    let tallies = census.finish();
    let lines = tallies.iter().flat_map(|(key, tally)| {
        tally.companions.iter().map(move |(name, c)| {
            format!("{}/{} {name} {}/{}/{}/{}", key.kind, key.name, c.current, c.outdated, c.missing, c.extra)
        })
    });
    lines.collect()
}

#[test]
fn pods_are_counted_as_current_outdated_missing_and_extra() {
    let (now, before) = (snapshot("sync:2", ""), snapshot("sync:1", ""));
    let pods = [
        pod("a", of_web(), "sync", Some(&now)),
        pod("b", of_web(), "sync", Some(&before)),
        pod("c", of_web(), "sync", Some(&before)),
        pod("d", of_web(), "sync", None),
        pod("e", of_web(), "sync, audit", Some(&now)),
    ];
    let workloads = [object("Deployment", "web", "sync")];
    assert_eq!(counted(&now, &workloads, &pods), ["deployment/web audit 0/0/0/1", "deployment/web sync 2/2/1/0"]);
}

#[test]
fn a_pod_belongs_to_the_workload_that_a_restart_would_roll() {
    let now = snapshot("sync:2", "");
    for (owner, expected) in [
        (of_web(), "deployment/web"),
        (owned_by("apps/v1", "ReplicaSet", "other"), "replicaset/other"),
        (owned_by("apps/v1", "StatefulSet", "db"), "statefulset/db"),
        (owned_by("batch/v1", "Job", "task"), "job/task"),
        (owned_by("argoproj.io/v1alpha1", "Rollout", "r"), "rollout.argoproj.io/r"),
        (Value::Null, "pod/a"),
    ] {
        let found = counted(&now, &[], &[pod("a", owner, "sync", None)]);
        assert_eq!(found, [format!("{expected} sync 0/0/1/0")]);
    }
}

#[test]
fn the_template_of_the_workload_decides_and_not_the_annotations_of_the_pod() {
    let now = snapshot("sync:2", "");
    let silent = pod("a", of_web(), "", None);
    let asks = pod("b", of_web(), "sync", None);
    assert_eq!(counted(&now, &[object("Deployment", "web", "sync")], &[silent]), ["deployment/web sync 0/0/1/0"]);
    assert_eq!(
        counted(&now, &[object("Deployment", "web", "")], slice::from_ref(&asks)),
        [""; 0],
        "its annotation was added later"
    );
    assert_eq!(counted(&now, &[], &[asks]), ["deployment/web sync 0/0/1/0"], "its Deployment cannot be read");
}

#[test]
fn pods_that_have_ended_or_are_being_deleted_do_not_count() {
    let now = snapshot("sync:2", "");
    let mut ended = pod("a", of_web(), "sync", None);
    ended["status"]["phase"] = "Succeeded".into();
    let mut deleted = pod("b", of_web(), "sync", None);
    deleted["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    assert_eq!(counted(&now, &[object("Deployment", "web", "sync")], &[ended, deleted]), [""; 0]);
}

#[test]
fn a_required_companion_is_outdated_where_only_its_variables_have_changed() {
    let (now, before) = (
        snapshot("sync:1", ", activation: ClusterWide, required: true, hostNetwork: Allow"),
        snapshot("sync:1", ", activation: ClusterWide, required: true"),
    );
    let pods =
        [pod("a", of_web(), "", Some(&before)), pod("b", of_web(), "", Some(&now)), pod("c", of_web(), "", None)];
    let found = counted(&now, &[object("Deployment", "web", "")], &pods);
    assert_eq!(found, ["deployment/web audit 1/1/1/0", "deployment/web sync 1/1/1/0"]);
}

#[test]
fn a_workload_whose_pods_would_be_denied_is_listed_even_without_pods() {
    let now = snapshot("sync:2", "");
    let webhooks = Webhooks::Unreadable(String::new());
    let mut census = Census::new(Engine { snapshot: &now, webhooks: &webhooks });
    census.add_workload(&object("Deployment", "web", "snyc"));
    census.add_workload(&object("Deployment", "quiet", ""));
    let tallies = census.finish();
    let (key, tally) = tallies.first_key_value().unwrap();
    assert_eq!((tallies.len(), &*key.name), (1, "web"));
    assert!(tally.denial.as_ref().is_some_and(|denial| denial.contains("snyc")), "{tally:?}");
}

#[test]
fn where_no_webhook_receives_a_pod_it_lacks_only_what_it_requests() {
    let automatic = snapshot("sync:2", ", activation: ClusterWide");
    let webhooks = Webhooks::Installed(Vec::new());
    let counted = |companions: &str| {
        let mut census = Census::new(Engine { snapshot: &automatic, webhooks: &webhooks });
        census.add_workload(&object("StatefulSet", "db", companions));
        census.add_pod(&pod("db-0", owned_by("apps/v1", "StatefulSet", "db"), companions, None));
        let tallies = census.finish();
        tallies.values().map(|tally| (tally.companions.len(), tally.unreviewed)).collect::<Vec<_>>()
    };
    assert_eq!(counted(""), []);
    assert_eq!(counted("sync"), [(1, true)]);
}

#[test]
fn a_selector_on_a_label_of_the_controller_is_decided_by_the_pod() {
    let selects = snapshot(
        "sync:1",
        ", activation: ClusterWide, podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: db-0}}",
    );
    let of = |name: &str| {
        let mut pod = pod(name, owned_by("apps/v1", "StatefulSet", "db"), "", None);
        pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = name.into();
        pod
    };
    let found = counted(&selects, &[object("StatefulSet", "db", "")], &[of("db-0"), of("db-1")]);
    assert_eq!(found, ["statefulset/db audit 0/0/1/0", "statefulset/db sync 0/0/1/0"]);
}

#[test]
fn workloads_that_a_restart_would_not_roll_are_recognized() {
    let of = |spec: Value| obstacle(&json!({"spec": spec}));
    assert_eq!(of(json!({})), None);
    assert_eq!(of(json!({"paused": true})), Some(Obstacle::Paused));
    assert_eq!(of(json!({"updateStrategy": {"type": "OnDelete"}})), Some(Obstacle::OnDelete));
    let partition = |partition: i64| json!({"updateStrategy": {"rollingUpdate": {"partition": partition}}});
    assert_eq!((of(partition(0)), of(partition(2))), (None, Some(Obstacle::Partition)));
}
