//! Reviews as a real API server sent them, one for each kind of workload and one for a Pod of each.
//! `make reviews` records them.

use std::collections::BTreeMap;
use std::path::Path;

use podgraft::internals::admission;
use podgraft::internals::inject;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use serde_json::Value;

use crate::support::{Reply, snapshot_of};

const KINDS: [&str; 8] =
    ["CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "ReplicationController", "StatefulSet"];

/// What all recorded templates ask for.
const COMPANION: &str = "
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: git-sync}
spec:
  pattern: Sidecar
  containers: [{name: git-sync, image: registry.example/git-sync:v4}]
  sharedVolumes: [{name: content, companion: {mountPath: /git}, app: {mountPath: /srv, readOnly: true}}]
";

/// All recorded reviews by file name.
fn recorded() -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/admission/reviews");
    let files = std::fs::read_dir(&folder)
        .expect("tests/admission/reviews can be listed")
        .map(|entry| entry.expect("an entry"));
    files.map(|f| (f.file_name().to_string_lossy().into_owned(), std::fs::read(f.path()).expect("a review"))).collect()
}

fn of_pods(is_of_pod: bool) -> impl Iterator<Item = (String, Vec<u8>, Value)> {
    let parsed = recorded().into_iter().map(|(name, bytes)| {
        let review: Value = serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        (name, bytes, review)
    });
    parsed.filter(move |(_, _, review)| (review["request"]["kind"]["kind"] == "Pod") == is_of_pod)
}

#[test]
fn every_kind_of_workload_was_recorded_with_its_pod() {
    let names: Vec<String> = recorded().into_keys().collect();
    let mut expected: Vec<String> = KINDS.map(|kind| format!("{}.json", kind.to_lowercase())).into();
    expected.extend(KINDS.iter().filter(|k| **k != "Pod").map(|kind| format!("{}.pod.json", kind.to_lowercase())));
    expected.sort();
    assert_eq!(names, expected);
}

#[test]
fn each_recorded_pod_is_injected_once_and_uninjected_again() {
    let snapshot = snapshot_of(COMPANION);
    for (name, bytes, mut review) in of_pods(true) {
        let reply = Reply::read(&admission::review(&bytes, Webhook::Requested, &snapshot, |_| {}));
        assert!(reply.allowed && reply.warnings.is_empty(), "{name}: {}", reply.body);
        let pod = review["request"]["object"].clone();
        let injected = reply.apply(&pod);
        assert_eq!(injected["spec"]["initContainers"][0]["name"], "git-sync", "{name}");
        let mut back = injected.clone();
        assert_eq!(inject::uninject(&mut back), Ok(true), "{name}");
        assert_eq!(back, pod, "{name}");
        review["request"]["object"] = injected;
        let again =
            Reply::read(&admission::review(review.to_string().as_bytes(), Webhook::Requested, &snapshot, |_| {}));
        assert!(again.allowed && again.patch.is_none(), "{name}: {}", again.body);
    }
}

#[test]
fn each_recorded_workload_is_warned_that_its_pods_will_be_denied() {
    for (name, bytes, review) in of_pods(false) {
        let told = |snapshot: &Snapshot| Reply::read(&admission::preview(&bytes, snapshot, |_| Vec::new(), |_| {}));
        assert!(told(&snapshot_of(COMPANION)).warnings.is_empty(), "{name}");
        let reply = told(&Snapshot::default());
        let kind = review["request"]["kind"]["kind"].as_str().unwrap_or_default();
        let denied = format!("podgraft: Pods of this {kind} will be denied");
        assert!(reply.allowed && reply.warnings[0].starts_with(&denied), "{name}: {}", reply.body);
    }
}
