//! Memory in proportion, over generated hostile inputs: on every path by which bytes from outside are read, the heap
//! grows by at most eight times the input and the answer, and a MiB. Work is counted in `tests/bounds`, with the same inputs.
//!
//! The command line reads files of the person who calls it, keeps all values of a file at once to write it again, and has
//! more room: what counts there is that nothing grows faster than the file.
//!
//! `ATTACK_BYTES` sets the size of the largest inputs.

use std::path::Path;

use podgraft::internals::admission;
use podgraft::internals::admission::Applied;
use podgraft::internals::api;
use podgraft::internals::inject;
use podgraft::internals::inject::pod::Pod;
use podgraft::internals::inject::snapshot::{Settings, Snapshot, Webhook};
use podgraft::internals::inject::verdict::Decision;
use podgraft::internals::manifest;
use podgraft::internals::source::files::manifests::Manifests;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::hostile::{Shape, companions, largest, manifests, pods, sizes};
use crate::support::snapshot_of;

/// How many bytes of heap a path may use for each byte of its input and its answer.
const OF_A_SERVER: u64 = 8;
const OF_THE_COMMAND_LINE: u64 = 160;

/// What one call cost.
pub(crate) struct Cost {
    /// The bytes that it gave back.
    pub(crate) answer: usize,
    /// The most bytes of the heap that were in use at once, on top of what was before.
    pub(crate) heap: u64,
}

/// Runs one call, which says how many bytes it gave back.
pub(crate) fn measure(call: impl FnOnce() -> usize) -> Cost {
    let mut answer = 0;
    let info = allocation_counter::measure(|| answer = call());
    Cost { answer, heap: info.bytes_max }
}

impl Cost {
    /// Why the cost is too much for a server, for an input of so many bytes.
    pub(crate) fn complaint(&self, body: usize) -> Option<String> {
        self.beyond(OF_A_SERVER, body)
    }

    fn beyond(&self, times: u64, body: usize) -> Option<String> {
        let most = times * (body + self.answer) as u64 + (1 << 20);
        let (heap, answer) = (self.heap, self.answer);
        (heap > most)
            .then(|| format!("{heap} bytes of heap for a body of {body} and an answer of {answer}: at most {most}"))
    }
}

/// The companions that all Pods here request.
fn snapshot() -> Snapshot {
    snapshot_of(include_str!("../../fuzz/src/snapshot.yaml"))
}

/// Measures a path at all shapes and sizes, and names every shape that costs too much. The input is made beforehand.
fn check(times: u64, shapes: &[Shape], prepare: impl Fn(String) -> String, path: impl Fn(&str) -> usize) {
    let mut complaints = Vec::new();
    // Schemas and patterns of our own are made once, at first use.
    path(&prepare(shapes[0].1(100)));
    for (name, make) in shapes {
        for size in sizes() {
            eprintln!("{name}, {size} bytes");
            let text = prepare(make(size));
            let complaint = measure(|| path(&text)).beyond(times, text.len());
            complaints.extend(complaint.map(|complaint| format!("{name}: {complaint}")));
        }
    }
    assert!(complaints.is_empty(), "{} are too much:\n{}", complaints.len(), complaints.join("\n"));
}

/// A review around an object.
pub(crate) fn review_of(object: &str, (group, version, kind): (&str, &str, &str)) -> String {
    let resource = if kind == "Pod" { "pods" } else { "others" };
    format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"1","kind":{{"group":"{group}","version":"{version}","kind":"{kind}"}},"resource":{{"group":"{group}","version":"{version}","resource":"{resource}"}},"namespace":"team","operation":"CREATE","userInfo":{{"username":"dev"}},"object":{object}}}}}"#
    )
}

fn review(body: &str, snapshot: &Snapshot) -> usize {
    let answer = admission::review(body.as_bytes(), Webhook::Requested, snapshot, |_| {});
    assert!([200, 400].contains(&answer.status), "{}", answer.status);
    answer.body.len()
}

pub(crate) fn preview(body: &str, snapshot: &Snapshot) -> usize {
    let advise = |applied: &Applied<'_>| match applied {
        Applied::Companion { object, namespace } => api::advise(object, namespace, snapshot).warnings,
        Applied::Workload(_) => Vec::new(),
    };
    let answer = admission::preview(body.as_bytes(), snapshot, advise, |_| {});
    assert!([200, 400].contains(&answer.status), "{}", answer.status);
    answer.body.len()
}

/// Reads, validates and compiles a companion from its bytes, as a watch of the cluster does.
pub(crate) fn validate(text: &str) -> usize {
    if api::too_large(text.len()).or_else(|| api::too_dense(text)).is_some() {
        return 0;
    }
    let Ok(object) = serde_json::from_str::<Value>(text) else { return 0 };
    let checked = api::check_companion(&object);
    checked.problems.iter().chain(&checked.warnings).map(|problem| problem.message.len()).sum()
}

/// What `inject`, `explain` and `validate` do with a file.
pub(crate) fn command_line(text: &str) -> usize {
    let documents = manifest::read(text.as_bytes());
    let mut collection = Manifests::new("team");
    for document in documents.iter().flatten() {
        collection.add(Path::new("-"), document);
    }
    let report = collection.report();
    let mut written: usize = report.remarks.iter().map(|remark| remark.to_string().len()).sum();
    written +=
        documents.iter().filter_map(|document| document.as_ref().err()).map(|e| e.to_string().len()).sum::<usize>();
    let snapshot = collection.snapshot(Settings::default());
    for document in documents.iter().flatten() {
        written += document.value.as_ref().map_or(0, |value| write(document, value, &snapshot));
    }
    written
}

fn write(document: &manifest::Document, value: &Value, snapshot: &Snapshot) -> usize {
    let template = if value["kind"] == "Deployment" { value.pointer("/spec/template") } else { None };
    let Some(template) = template else { return document.text().len() };
    let text = template.to_string();
    let Ok(pod) = Pod::read(text.as_bytes()) else { return document.text().len() };
    let request = inject::Request { pod, namespace: "team", webhook: None, requester: "" };
    let verdict = inject::review(&request, snapshot);
    let said: usize = verdict.findings.iter().map(|finding| finding.to_string().len()).sum();
    let Decision::Patch(patch) = &verdict.decision else { return said + document.text().len() };
    said + patch.len() + document.rewritten(value).len()
}

#[test]
fn a_review_needs_memory_in_proportion() {
    let snapshot = snapshot();
    check(OF_A_SERVER, pods::SHAPES, |pod| review_of(&pod, ("", "v1", "Pod")), |body| review(body, &snapshot));
}

#[test]
fn a_preview_of_a_workload_needs_memory_in_proportion() {
    let snapshot = snapshot();
    let of = ("apps", "v1", "Deployment");
    check(OF_A_SERVER, pods::SHAPES, |pod| review_of(&pods::deployment(&pod), of), |body| preview(body, &snapshot));
    check(OF_A_SERVER, pods::WORKLOADS, |workload| review_of(&workload, of), |body| preview(body, &snapshot));
}

#[test]
fn a_preview_of_a_companion_needs_memory_in_proportion() {
    let snapshot = Snapshot::default();
    let of = ("podgraft.dev", "v1alpha1", "ClusterCompanion");
    check(OF_A_SERVER, companions::SHAPES, |companion| review_of(&companion, of), |body| preview(body, &snapshot));
}

#[test]
fn validation_of_a_companion_needs_memory_in_proportion() {
    check(OF_A_SERVER, companions::SHAPES, |companion| companion, validate);
}

#[test]
fn the_command_line_needs_memory_in_proportion_for_any_file() {
    check(OF_THE_COMMAND_LINE, manifests::SHAPES, |file| file, command_line);
}

#[test]
fn the_command_line_needs_memory_in_proportion_for_workloads() {
    check(OF_THE_COMMAND_LINE, pods::SHAPES, |pod| pods::deployment(&pod), command_line);
}

#[test]
fn the_command_line_needs_memory_in_proportion_for_companions() {
    check(OF_THE_COMMAND_LINE, companions::SHAPES, |companion| companion, command_line);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn several_attacks_together_need_memory_in_proportion(
        shapes in prop::collection::vec(select(pods::SHAPES), 2..4), size in 100..largest() / 8,
    ) {
        // One after the other in one list: what adds up over Pods of a file, or leaks from one into the next, shows.
        let text: Vec<String> = shapes.iter().map(|(_, make)| pods::deployment(&make(size))).collect();
        let text = format!(r#"{{"kind":"DeploymentList","apiVersion":"apps/v1","items":[{}]}}"#, text.join(","));
        let complaint = measure(|| command_line(&text)).beyond(OF_THE_COMMAND_LINE, text.len());
        let names: Vec<&str> = shapes.iter().map(|(name, _)| *name).collect();
        prop_assert!(complaint.is_none(), "{:?}: {:?}", names, complaint);
    }
}
