//! The server's door: an API server's review through the real router, and what becomes of the Pod.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use podgraft::internals::admission;
use podgraft::internals::admission::Answer as Bytes;
use podgraft::internals::http::{HttpLimits, Reviewer, Route, admission_router};
use podgraft::internals::inject::snapshot::Webhook;
use serde_json::{Map, Value, json};
use tower::ServiceExt as _;

use super::Complaint;
use super::case::Case;
use super::support::{Reply, review_of};

/// The field of `spec` with which a Pod requests its token.
const AUTOMOUNT: &str = "automountServiceAccountToken";

/// What the server answers.
pub(super) struct Answer {
    /// Why the Pod is denied, if it is.
    pub(super) message: Option<String>,
    pub(super) warnings: Vec<String>,
    /// What became of each companion, out of the audit annotations.
    pub(super) outcomes: Map<String, Value>,
    /// What else was remarked.
    pub(super) remarks: Option<String>,
    /// The annotation of skipped companions, which the command line does not write.
    pub(super) skipped: Option<String>,
    /// The Pod afterwards, as its author would write it, where more than that annotation is patched.
    pub(super) pod: Option<Value>,
}

impl Answer {
    pub(super) fn decision(&self) -> &'static str {
        match (&self.message, &self.pod) {
            (Some(_), _) => "denied",
            (None, Some(_)) => "patched",
            (None, None) => "unchanged",
        }
    }
}

/// Reviews a Pod of a case.
pub(super) async fn review(case: &Case, pod: &Value) -> Result<Answer, Complaint> {
    let snapshot = Arc::clone(&case.snapshot);
    let reviewer = Reviewer::new(move |question, body| match question {
        Route::Inject(entry) => admission::review(body, entry, &snapshot, |_| {}),
        Route::Preview => unreachable!("this test does not call the preview"),
    });
    let router = admission_router(reviewer, &HttpLimits::default(), Arc::default());
    let sent = as_created(pod, case);
    let question = Route::Inject(entry(&sent, case));
    let body = review_of(&sent, &case.namespace).to_string();
    let request = Request::post(question.path()).header("content-type", "application/json").body(Body::from(body));
    let (head, body) = router.oneshot(request.unwrap()).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    let reply = Reply::read(&Bytes { status: head.status.as_u16(), body });
    if reply.status != 200 {
        return Err(format!("the server answers {}: {}", reply.status, reply.body));
    }
    let mut outcomes = reply.audit.as_object().cloned().unwrap_or_default();
    let remarks = outcomes.shift_remove("remarks").and_then(|all| Some(all.as_str()?.to_owned()));
    let patched = reply.patch.is_some().then(|| as_written(reply.apply(&sent), pod));
    let (skipped, patched) = match patched {
        Some((skipped, patched)) => (skipped, Some(patched).filter(|patched| patched != pod)),
        None => (None, None),
    };
    let message = (!reply.allowed).then_some(reply.message);
    Ok(Answer { message, warnings: reply.warnings, outcomes, remarks, skipped, pod: patched })
}

/// The Pod as it reaches the webhook: a controller made it out of the template, an API server filled in its namespace. It
/// gets the token that the command line assumes; a ServiceAccount without one has its own tests.
fn as_created(template: &Value, case: &Case) -> Value {
    let mut pod = Map::from_iter([("apiVersion".to_owned(), "v1".into()), ("kind".to_owned(), "Pod".into())]);
    pod.extend(template.as_object().unwrap().clone());
    if !pod.contains_key("metadata") {
        pod.insert("metadata".to_owned(), Value::Object(Map::new()));
    }
    if pod["metadata"].get("name").is_none() {
        let (_, name) = case.workload.split_once('/').unwrap();
        pod["metadata"]["generateName"] = format!("{name}-").into();
    }
    pod["metadata"]["namespace"] = case.namespace.as_str().into();
    if !case.workload.starts_with("pod/") {
        pod["metadata"]["ownerReferences"] = json!([{"kind": "ReplicaSet", "name": "web", "controller": true}]);
    }
    if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
        spec.entry(AUTOMOUNT).or_insert(true.into());
    }
    Value::Object(pod)
}

/// The annotation of skipped companions, and the Pod without that and without what was filled in.
fn as_written(mut pod: Value, template: &Value) -> (Option<String>, Value) {
    let annotations = pod["metadata"]["annotations"].as_object_mut();
    let skipped = annotations.and_then(|annotations| annotations.shift_remove("podgraft.dev/skipped"));
    let skipped = skipped.map(|text| text.as_str().unwrap().to_owned());
    if skipped.is_some() && pod["metadata"]["annotations"].as_object().is_some_and(Map::is_empty) {
        match template["metadata"].get("annotations") {
            Some(written) => pod["metadata"]["annotations"] = written.clone(),
            None => drop(pod["metadata"].as_object_mut().unwrap().shift_remove("annotations")),
        }
    }
    let strip = |seen: &mut Value, written: &Value, keys: &[&str]| {
        let Some(members) = seen.as_object_mut() else { return };
        for key in keys.iter().filter(|key| written.get(**key).is_none()) {
            members.shift_remove(*key);
        }
    };
    strip(&mut pod["metadata"], &template["metadata"], &["generateName", "namespace", "ownerReferences"]);
    strip(&mut pod["spec"], &template["spec"], &[AUTOMOUNT]);
    strip(&mut pod, template, &["apiVersion", "kind"]);
    (skipped, pod)
}

/// The entry that the webhook configurations' matchers choose.
fn entry(pod: &Value, case: &Case) -> Webhook {
    let metadata = &pod["metadata"];
    let names = metadata["annotations"].get("podgraft.dev/companions").is_some();
    let switch = metadata["labels"].get("podgraft.dev/inject");
    if names || switch.is_some_and(|value| value != "disabled") {
        Webhook::Requested
    } else if case.switch.as_deref() == Some("enabled") {
        Webhook::OptedIn
    } else {
        Webhook::ClusterWide
    }
}
