//! What stays secret: no value of a Pod or a parameter in logs, metrics or denials, and no label without a closed set.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use podgraft::internals::admission;
use podgraft::internals::inject::snapshot::Webhook;
use podgraft::internals::metrics::Metrics;
use podgraft::internals::telemetry;
use serde_json::{Value, json};

use crate::support::{review_of, snapshot_of};

const SECRET: &str = "hunter2";

/// What was written to a log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Pods with a secret wherever a value can be, and more.
fn pods() -> Vec<Value> {
    let annotations = [
        json!({"podgraft.dev/companions": "sync", "podgraft.dev/sync.free": SECRET, "other": SECRET}),
        json!({"podgraft.dev/companions": "sync", "podgraft.dev/sync.repo": SECRET}),
        json!({"podgraft.dev/companions": "sync", "podgraft.dev/sync.retries": SECRET}),
        json!({"podgraft.dev/companions": "sync", "podgraft.dev/sync.key": format!("{SECRET}/{SECRET}/x")}),
        json!({"podgraft.dev/companions": "sync", "podgraft.dev/sync.unknown": SECRET}),
        json!({"podgraft.dev/companions": "redis", "podgraft.dev/sync.free": SECRET}),
        json!({"podgraft.dev/companions": "sync", "podgraft.dev/status": SECRET}),
    ];
    let pod = |annotations: Value| {
        json!({
            "metadata": {"name": "web", "annotations": annotations},
            "spec": {"containers": [{"name": "app", "image": SECRET, "env": [{"name": "MODE", "value": SECRET}]}]},
        })
    };
    annotations.map(pod).into()
}

#[test]
fn no_value_is_in_logs_metrics_or_denials() {
    let snapshot = snapshot_of(include_str!("../../fuzz/src/snapshot.yaml"));
    let (lines, metrics) = (Lines::default(), Metrics::default());
    let writer = lines.clone();
    let subscriber =
        tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    tracing::subscriber::with_default(subscriber.finish(), || {
        for pod in pods() {
            let body = review_of(&pod, "elsewhere").to_string();
            let answer = admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |record| {
                metrics.review(record, Duration::ZERO);
                telemetry::review(record, Duration::ZERO);
            });
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            let response = &body["response"];
            let said =
                [&response["status"], &response["warnings"], &response["auditAnnotations"]].map(Value::to_string);
            assert!(!said.concat().contains(SECRET), "{said:?}");
        }
    });
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(log.lines().count() >= pods().len() && !log.contains(SECRET), "{log}");
    assert!(!metrics.scrape().contains(SECRET));
}

#[test]
fn names_of_users_add_no_series_to_the_metrics() {
    let snapshot = snapshot_of(include_str!("../../fuzz/src/snapshot.yaml"));
    let metrics = Metrics::default();
    let review = |i: usize| {
        let annotations = json!({"podgraft.dev/companions": format!("n{i}"), format!("podgraft.dev/n{i}.p"): "x"});
        let pod =
            json!({"metadata": {"name": format!("pod-{i}"), "annotations": annotations}, "spec": {"containers": [{}]}});
        let body = review_of(&pod, &format!("namespace-{i}")).to_string();
        let _ =
            admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |r| metrics.review(r, Duration::ZERO));
    };
    let series = || metrics.scrape().lines().filter(|line| !line.starts_with('#')).count();
    review(0);
    let before = series();
    (1..200).for_each(review);
    assert_eq!(series(), before);
}
