//! Work and the patch are bounded by the size of the request, whatever fills a Pod; so is memory, where few bytes would become
//! very many.

#![allow(clippy::unwrap_used)]
#![allow(clippy::format_collect)] // short inputs are built from literals

mod evictable;
mod exclusions;
mod full;
#[allow(dead_code)]
#[path = "../attacks/hostile/mod.rs"]
mod hostile;
mod leftovers;
mod parameters;
#[path = "../support/mod.rs"]
mod support;
mod uninject;

use std::sync::Mutex;

use podgraft::internals::admission;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use podgraft::internals::work;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{Reply, review_of, snapshot};

/// The counter of work is the process's: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// A Companion of the tests' namespace with more of a specification.
fn companion(name: &str, more: &Value) -> Value {
    let mut spec = json!({
        "pattern": "Sidecar", "serviceAccountToken": true,
        "containers": [{"name": name, "image": "registry.example/c:1"}],
    });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"apiVersion": "podgraft.dev/v1alpha1", "kind": "Companion", "metadata": {"name": name, "namespace": "team"}, "spec": spec})
}

fn variables(count: usize, length: usize) -> Value {
    let variable = |i| json!({"name": format!("V{i}"), "value": "x".repeat(length)});
    json!({"app": {"env": (0..count).map(variable).collect::<Vec<_>>()}})
}

/// A Pod that asks for companions, with so many containers of a kind.
fn pod(companions: &str, containers: usize, each: &dyn Fn(usize) -> Value) -> Value {
    let annotations = json!({"podgraft.dev/companions": companions});
    let containers: Vec<_> = (0..containers).map(each).collect();
    json!({"metadata": {"name": "p", "annotations": annotations}, "spec": {"containers": containers}})
}

/// Reviews a Pod, and compares work and memory with the sizes of request and answer.
#[track_caller]
fn review(pod: &Value, snapshot: &Snapshot) -> Reply {
    let (reply, size, memory) = worked(pod, snapshot);
    let most = 8 * size as u64 + (1 << 20);
    assert!(memory <= most, "{memory} bytes of memory, where {most} are allowed for {size}");
    reply
}

/// Reviews a Pod, and compares the work with the sizes of request and answer: the answer, the bytes of both, and the peak of memory.
#[track_caller]
fn worked(pod: &Value, snapshot: &Snapshot) -> (Reply, usize, u64) {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let body = review_of(pod, "team").to_string();
    let mut answer = None;
    let before = work::steps();
    let heap = allocation_counter::measure(|| {
        answer = Some(admission::review(body.as_bytes(), Webhook::Requested, snapshot, |_| {}));
    });
    let steps = work::steps() - before;
    let answer = answer.unwrap();
    let size = body.len() + answer.body.len();
    let most = 64 * size + 2_000 * support::good(snapshot);
    assert!(steps <= most, "{steps} steps, where {most} are allowed for {size} bytes");
    (Reply::read(&answer), size, heap.bytes_max)
}

#[track_caller]
fn denied(reply: &Reply, word: &str) {
    assert!(!reply.allowed && reply.audit.to_string().contains(word), "{}", reply.body);
}

/// A status that anybody can write: long names that would be copied, and doubled ones that would be walked for each other.
#[test]
fn a_forged_status_costs_work_in_proportion() {
    let snapshot = snapshot([&companion("store", &json!({}))]);
    let app = |mounts: Value| json!({"name": "app", "image": "a:1", "volumeMounts": mounts});
    let listed = |container: &str, count: usize| {
        json!({"store": {"hash": "1", "containers": ["app"], "mounts": {container: vec!["/a"; count]}}}).to_string()
    };
    for (status, mounts) in [
        (listed(&"x".repeat(20_000), 20_000), json!([])),
        (listed(&"x".repeat(200), 20_000), json!([])),
        (listed("app", 8_000), json!(vec![json!({"name": "v", "mountPath": "/a"}); 8_000])),
        (listed("app", 600_000), json!([])),
    ] {
        let mut pod = pod("store", 1, &|_| app(mounts.clone()));
        pod["metadata"]["annotations"]["podgraft.dev/status"] = status.into();
        assert!(review(&pod, &snapshot).allowed);
    }
}

/// The texts of `tests/attacks`, as Pods and in the preview of a workload.
#[test]
fn every_hostile_text_costs_work_in_proportion() {
    let snapshot = support::snapshot_of(include_str!("../../fuzz/src/snapshot.yaml"));
    let asked = |object: &str, (group, version, kind, resource): (&str, &str, &str, &str)| {
        format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"1","kind":{{"group":"{group}","version":"{version}","kind":"{kind}"}},"resource":{{"group":"{group}","version":"{version}","resource":"{resource}"}},"namespace":"team","operation":"CREATE","object":{object}}}}}"#
        )
    };
    for (name, make) in hostile::pods::SHAPES {
        for size in hostile::sizes() {
            let pod = make(size);
            let body = asked(&pod, ("", "v1", "Pod", "pods"));
            let review = || admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |_| {});
            counted(name, &body, &snapshot, review);
            let body = asked(&hostile::pods::deployment(&pod), ("apps", "v1", "Deployment", "deployments"));
            counted(name, &body, &snapshot, || admission::preview(body.as_bytes(), &snapshot, |_| Vec::new(), |_| {}));
        }
    }
}

#[track_caller]
fn counted(name: &str, body: &str, snapshot: &Snapshot, call: impl FnOnce() -> admission::Answer) {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let before = work::steps();
    let answer = call();
    let (steps, size) = (work::steps() - before, body.len() + answer.body.len());
    let most = 64 * size + 2_000 * support::good(snapshot);
    assert!(steps <= most, "{name}: {steps} steps, where {most} are allowed for {size} bytes");
    assert!(steps > 0, "{name}: nothing was counted");
}

/// Whether a patch only lists the companions that were skipped.
fn only_lists_skipped(reply: &Reply) -> bool {
    let operations = reply.patch.as_ref().map(Value::to_string).unwrap_or_default();
    operations.matches("\"op\"").count() == 1 && operations.contains("skipped")
}

/// M4
#[test]
fn a_patch_has_at_most_four_mebibytes_and_a_larger_one_is_not_written() {
    let snapshot = snapshot(&[companion("settings", &variables(12, 2_500))]);
    let containers = |count| pod("settings", count, &|i| json!({"name": format!("app-{i}")}));
    let fits = review(&containers(100), &snapshot);
    let operations = fits.patch.unwrap().as_array().unwrap().len();
    assert_eq!(operations, 100 + 3, "variables of each container, the status, the label and the companion");
    for count in [150, 1_500, 2_600] {
        denied(&review(&containers(count), &snapshot), "PatchTooLarge");
    }
}

/// M4
#[test]
fn a_companion_that_would_make_the_patch_too_large_is_skipped_if_it_can_be() {
    let mut skipped = companion("settings", &variables(12, 2_500));
    skipped["spec"]["onConflict"] = json!("Skip");
    let snapshot = snapshot(&[skipped, companion("sync", &json!({}))]);
    let mut pod = pod("settings,sync", 1_500, &|i| json!({"name": format!("app-{i}")}));
    pod["spec"]["automountServiceAccountToken"] = json!(true);
    let reply = review(&pod, &snapshot);
    assert_eq!(reply.audit, json!({"settings": "PatchTooLarge", "sync": "Injected"}));
}

/// M4
#[test]
fn companions_that_are_small_alone_share_the_limit_of_the_patch() {
    let companions: Vec<_> = (0..8)
        .map(|i| {
            let env = (0..4).map(|v| json!({"name": format!("C{i}V{v}"), "value": "x".repeat(2_500)}));
            companion(&format!("c{i}"), &json!({"app": {"env": env.collect::<Vec<_>>()}, "onConflict": "Skip"}))
        })
        .collect();
    let snapshot = snapshot(&companions);
    let names = (0..8).map(|i| format!("c{i}")).collect::<Vec<_>>().join(",");
    let reply = review(&pod(&names, 100, &|i| json!({"name": format!("app-{i}")})), &snapshot);
    let outcomes: Vec<_> = reply.audit.as_object().unwrap().values().collect();
    assert!(outcomes.contains(&&json!("Injected")) && outcomes.contains(&&json!("PatchTooLarge")), "{}", reply.audit);
}

/// T2
#[test]
fn a_list_of_too_many_containers_is_not_searched() {
    let snapshot = snapshot(&[companion("sync", &json!({}))]);
    let mut pod = pod("sync", 4_000, &|i| json!({"name": format!("app-{i}")}));
    let names = |count: usize| (0..count).map(|i| format!("app-{i}")).collect::<Vec<_>>().join(",");
    pod["metadata"]["annotations"]["podgraft.dev/containers"] = json!(names(64));
    assert!(review(&pod, &snapshot).allowed);
    for count in [65, 400_000] {
        pod["metadata"]["annotations"]["podgraft.dev/containers"] = json!(names(count));
        let reply = review(&pod, &snapshot);
        assert!(!reply.allowed && reply.message.contains("at most 64 names"), "{}", reply.message);
    }
}

/// T3
#[test]
fn the_limit_of_annotations_is_noticed_before_variables_are_listed() {
    let variables = |c| (0..32).map(|v| json!({"name": format!("C{c}V{v}"), "value": "x"})).collect::<Vec<_>>();
    let companions: Vec<_> =
        (0..12).map(|c| companion(&format!("env{c}"), &json!({"app": {"env": variables(c)}}))).collect();
    let snapshot = snapshot(&companions);
    let names = (0..12).map(|i| format!("env{i}")).collect::<Vec<_>>().join(",");
    for count in [500, 2_000, 4_000] {
        let reply = review(&pod(&names, count, &|_| json!({"name": "app"})), &snapshot);
        denied(&reply, "Too");
    }
}

/// Each of many companions meets something in the last container only.
#[test]
fn work_is_not_the_product_of_companions_and_containers() {
    for (kind, more) in [
        (2, json!({"app": {"env": [{"name": "LAST", "value": "x"}]}})),
        (4, json!({"sharedVolumes": [{"name": "a", "companion": {"mountPath": "/c"}, "app": {"mountPath": "/a/b"}}]})),
        (5, json!({"listens": [{"name": "a", "port": 1005}]})),
    ] {
        let companions: Vec<_> = (0..400)
            .map(|i| {
                let mut companion = companion(&format!("n{i}"), &more);
                companion["spec"]["activation"] = json!("OptedInNamespaces");
                companion
            })
            .collect();
        let mut pod = pod("", 3_000, &|i| hostile_container(kind, i));
        pod["metadata"] = json!({"name": "p", "labels": {"podgraft.dev/inject": "enabled"}});
        pod["spec"]["containers"][2_999]["env"] = json!([{"name": "LAST"}]);
        pod["spec"]["volumes"] = json!([{"name": "v", "emptyDir": {}}, {"name": "w", "emptyDir": {}}]);
        let reply = review(&pod, &snapshot(&companions));
        assert!(reply.allowed && only_lists_skipped(&reply), "{}", reply.audit["n0"]);
    }
}

/// What companions have that meets something in each container of a wide Pod.
fn hostile_companion() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(variables(32, 1)),
        Just(json!({"app": {"env": [{"name": "LAST", "value": "x"}]}})),
        Just(json!({"sharedVolumes": [{"name": "a", "companion": {"mountPath": "/c"}, "app": {"mountPath": "/a"}}]})),
        Just(json!({"sharedVolumes": [
            {"name": "a", "source": {"emptyDir": {}}, "companion": {"mountPath": "/c"}, "app": {"mountPath": "/a/b"}},
            {"name": "b", "companion": {"mountPath": "/d"}, "app": {"mountPath": "/b"}},
        ]})),
        Just(
            json!({"listens": [{"name": "a", "port": 80}], "containers": [{"name": "c", "image": "i:1", "ports": [{"containerPort": 81}]}]})
        ),
        Just(json!({"volumes": [{"name": "own"}], "containers": [{"name": "c0", "image": "i:1"}]})),
        Just(json!({"app": {"preStopSleep": "2s"}})),
    ]
}

/// One container of a wide Pod.
fn hostile_container(kind: usize, i: usize) -> Value {
    match kind {
        0 => json!({"name": format!("c{i}")}),
        1 => json!({"name": "c", "image": "i:1"}),
        2 => json!({"name": format!("c{i}"), "env": [{"name": "V1"}, {"name": "OTHER"}]}),
        3 => json!({"name": format!("c{i}"), "volumeMounts": [{"name": "v", "mountPath": "/a"}]}),
        4 => {
            json!({"name": format!("c{i}"), "volumeMounts": [{"name": "v", "mountPath": "/a/b/c"}, {"name": "w", "mountPath": "/b"}]})
        }
        5 => json!({"name": format!("c{i}"), "ports": [{"containerPort": 1000 + i}, {"containerPort": 2000 + i}]}),
        6 => json!({"name": format!("c{i}"), "lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}),
        _ => json!({"name": format!("c{i}"), "volumeDevices": [{"name": "v", "devicePath": "/dev/x"}]}),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn work_is_in_proportion_to_request_and_answer(
        specs in prop::collection::vec((hostile_companion(), any::<bool>()), 1..60),
        kind in 0_usize..8,
        count in prop_oneof![1_usize..50, 500_usize..4_000],
        last in any::<bool>(),
    ) {
        let companions: Vec<_> = specs.iter().enumerate().map(|(i, (more, automatic))| {
            let mut companion = companion(&format!("n{i}"), more);
            if *automatic {
                companion["spec"]["activation"] = json!("OptedInNamespaces");
                companion["spec"]["onConflict"] = json!("Skip");
            }
            companion
        }).collect();
        let names = (0..companions.len().min(16)).map(|i| format!("n{i}")).collect::<Vec<_>>().join(",");
        let snapshot = snapshot(&companions);
        let mut pod = pod(&names, count, &|i| hostile_container(kind, i));
        pod["metadata"]["labels"] = json!({"podgraft.dev/inject": "enabled"});
        pod["spec"]["volumes"] = json!([{"name": "v", "emptyDir": {}}, {"name": "w", "emptyDir": {}}]);
        if last {
            pod["spec"]["containers"][count - 1]["env"] = json!([{"name": "LAST"}]);
        }
        worked(&pod, &snapshot);
    }
}
