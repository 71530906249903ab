//! Which bodies are reviews, which of them are about the creation of a Pod, and what is read of them.

use podgraft::internals::admission::{self, Applied};
use podgraft::internals::api;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use serde_json::{Value, json};

use crate::scene::{asking, companions, pod, post, refused_as_400, review_of_text, sidecars, unchanged};
use crate::support::{Reply, ask, review_of};

#[test]
fn an_empty_body_is_rejected() {
    refused_as_400(b"");
    refused_as_400(b" \n");
}

#[test]
fn compressed_bytes_without_a_content_encoding_are_rejected() {
    refused_as_400(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00");
}

#[test]
fn invalid_json_is_rejected_unless_it_is_in_a_skipped_part() {
    let whole = review_of(&asking("sync"), "team").to_string();
    refused_as_400(&whole.as_bytes()[..whole.len() - 1]);
    refused_as_400(format!("{whole}x").as_bytes());
    refused_as_400(format!("\u{feff}{whole}").as_bytes());
    let mut latin = whole.clone().into_bytes();
    latin[20] = 0xff;
    refused_as_400(&latin);
    refused_as_400(whole.replace("\"app:1\"", r#""\ud800""#).as_bytes());
    let skipped = whole.replace("\"image\":\"app:1\"", r#""image":"app:1","later":"\ud800""#);
    assert!(post(skipped.as_bytes()).patch.is_some());
}

#[test]
fn nesting_is_rejected_where_it_is_read_and_free_where_it_is_skipped() {
    let whole = review_of(&asking("sync"), "team").to_string();
    let small_stack = std::thread::Builder::new().stack_size(512 * 1024);
    let run = move || {
        for depth in [127, 128, 100_000, 3_000_000] {
            let deep = "[".repeat(depth) + &"]".repeat(depth);
            let skipped = whole.replace("\"image\":\"app:1\"", &format!("\"image\":\"app:1\",\"later\":{deep}"));
            assert!(post(skipped.as_bytes()).patch.is_some(), "depth {depth}");
            refused_as_400(whole.replace("\"app:1\"", &deep).as_bytes());
        }
    };
    small_stack.spawn(run).unwrap().join().unwrap();
}

#[test]
fn a_pod_of_7_mib_is_reviewed() {
    let body = crate::support::sized::review("sync", (7 << 20) - 1);
    assert!(6 << 20 < body.len() && body.len() < 7 << 20, "{}", body.len());
    assert!(post(&body).patch.is_some());
}

#[test]
fn a_review_without_a_request_or_a_uid_is_rejected() {
    let review =
        |request: Value| json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
    refused_as_400(b"{}");
    refused_as_400(b"null");
    refused_as_400(b"[]");
    refused_as_400(review(Value::Null).to_string().as_bytes());
    refused_as_400(review(json!({})).to_string().as_bytes());
    refused_as_400(review(json!({"uid": ""})).to_string().as_bytes());
    refused_as_400(review(json!({"uid": 5})).to_string().as_bytes());
    let mut answered = review_of(&asking("sync"), "team");
    answered["response"] = json!({"uid": "x", "allowed": false});
    assert!(post(answered.to_string().as_bytes()).allowed);
}

#[test]
fn only_version_1_of_admission_reviews_is_accepted() {
    let mut review = review_of(&asking("sync"), "team");
    review["apiVersion"] = "admission.k8s.io/v1beta1".into();
    let reply = post(review.to_string().as_bytes());
    assert_eq!(reply.status, 400);
    assert!(
        reply.body.as_str().unwrap().contains("must be an AdmissionReview of admission.k8s.io/v1"),
        "{}",
        reply.body
    );
    review["apiVersion"] = "admission.k8s.io/v1".into();
    review["kind"] = "ConversionReview".into();
    refused_as_400(review.to_string().as_bytes());
}

#[test]
fn requests_that_do_not_create_a_pod_are_admitted_unchanged() {
    let post = |change: &dyn Fn(&mut Value)| {
        let mut review = review_of(&asking("sync"), "team");
        change(&mut review["request"]);
        post(review.to_string().as_bytes())
    };
    let deployment = post(&|r| r["kind"] = json!({"group": "apps", "version": "v1", "kind": "Deployment"}));
    unchanged(&deployment);
    assert!(deployment.warnings[0].contains("does not create a Pod"), "{:?}", deployment.warnings);
    for operation in ["UPDATE", "DELETE", "CONNECT"] {
        unchanged(&post(&|r| r["operation"] = operation.into()));
    }
    for sub in ["status", "ephemeralcontainers", "resize", "binding"] {
        unchanged(&post(&|r| r["subResource"] = sub.into()));
    }
    unchanged(&post(&|r| r["object"] = Value::Null));
    unchanged(&post(&|r| {
        r["operation"] = "DELETE".into();
        r["object"] = Value::Null;
    }));
}

#[test]
fn the_namespace_of_the_request_counts() {
    let snapshot = companions();
    let private = asking("private");
    assert!(!ask(&private, "team", &snapshot).allowed);
    assert!(ask(&private, "other-team", &snapshot).patch.is_some());
    let mut lying = private.clone();
    lying["metadata"]["namespace"] = "other-team".into();
    assert_eq!(ask(&lying, "team", &snapshot).status, 400);
}

#[test]
fn a_pod_without_a_name_is_recorded_by_its_generate_name() {
    let body = review_of(&asking("sync"), "team").to_string();
    let mut seen = String::new();
    let _ =
        admission::review(body.as_bytes(), Webhook::Requested, &companions(), |record| seen = record.name.to_owned());
    assert_eq!(seen, "web-");
}

#[test]
fn a_dry_run_gets_the_same_answer() {
    let mut review = review_of(&asking("sync,redis"), "team");
    let answer = |review: &Value| {
        admission::review(review.to_string().as_bytes(), Webhook::Requested, &companions(), |_| {}).body
    };
    let wet = answer(&review);
    review["request"]["dryRun"] = true.into();
    assert_eq!(wet, answer(&review));
}

#[test]
fn a_duplicate_key_is_rejected_where_it_is_read() {
    let whole = review_of(&asking("sync"), "team").to_string();
    for (once, twice) in [
        (r#""namespace":"team""#, r#""namespace":"team","namespace":"other""#),
        (r#""name":"app""#, r#""name":"app","name":"bpp""#),
        (r#""podgraft.dev/companions":"sync""#, r#""podgraft.dev/companions":"sync","podgraft.dev/companions":"x""#),
        (r#""containers":["#, r#""containers":null,"containers":["#),
    ] {
        assert!(whole.contains(once), "{once}");
        refused_as_400(whole.replace(once, twice).as_bytes());
    }
    let skipped = whole.replace("\"image\":\"app:1\"", r#""image":"app:1","later":{"a":1,"a":2}"#);
    assert!(post(skipped.as_bytes()).patch.is_some());
}

/// What the preview answers of a workload.
fn preview(kind: &str, object: &str, snapshot: &Snapshot) -> admission::Answer {
    let mut review = review_of(&json!("the object"), "team");
    review["request"]["kind"] = json!({"group": "batch", "version": "v1", "kind": kind});
    admission::preview(
        review.to_string().replace("\"the object\"", object).as_bytes(),
        snapshot,
        |_| Vec::new(),
        |_| {},
    )
}

#[test]
fn nested_job_templates_do_not_exhaust_the_stack() {
    let deep = 200_000;
    let object = format!("{{\"spec\":{}1{}}}", r#"{"jobTemplate":{"spec":"#.repeat(deep), "}}".repeat(deep));
    assert_eq!(preview("CronJob", &object, &sidecars(&[])).status, 200);
    let template =
        json!({"spec": {"jobTemplate": {"spec": {"template": pod(json!({"podgraft.dev/companions": "x"}))}}}});
    let answer = Reply::read(&preview("CronJob", &template.to_string(), &sidecars(&[])));
    assert!(answer.warnings[0].contains("Pods of this CronJob will be denied"), "{:?}", answer.warnings);
}

#[test]
fn an_unreadable_body_is_quoted_briefly() {
    let body = review_of_text(&format!(r#""{}":5"#, "k".repeat(1 << 20)), r#"{"name":"app"}"#);
    let answer = admission::review(body.as_bytes(), Webhook::Requested, &sidecars(&[]), |_| {});
    assert!(answer.status == 400 && answer.body.len() < 1_024, "{} bytes", answer.body.len());
}

#[test]
fn a_kind_is_read_from_its_own_field_only() {
    let mut review = review_of(&asking("snyc"), "team");
    assert!(!post(review.to_string().as_bytes()).allowed, "a Pod that requests an unknown companion");
    review["request"]["kind"] = json!({"group": "", "version": "v1", "kind": "Deployment", "resource": "Pod"});
    assert!(post(review.to_string().as_bytes()).allowed, "a Deployment");
}

/// What the preview reports of a Companion, and the namespace whose workloads it would review.
fn previewed(of_request: &str, of_object: Option<&str>) -> (Reply, Option<String>) {
    let object = json!({
        "apiVersion": "podgraft.dev/v1alpha1", "kind": "Companion", "metadata": {"name": "note", "namespace": of_object},
        "spec": {"pattern": "Sidecar", "containers": [{"name": "note", "image": "registry.example/note:v1"}]},
    });
    let mut review = review_of(&object, of_request);
    review["request"]["kind"] = json!({"group": "podgraft.dev", "version": "v1alpha1", "kind": "Companion"});
    let (snapshot, mut surveyed) = (companions(), None);
    let advise = |applied: &Applied<'_>| {
        let Applied::Companion { object, namespace } = applied else { return Vec::new() };
        let advice = api::advise(object, namespace, &snapshot);
        surveyed = advice.change.and_then(|change| change.namespace).map(String::from);
        advice.warnings
    };
    let answer = admission::preview(review.to_string().as_bytes(), &snapshot, advise, |_| {});
    (Reply::read(&answer), surveyed)
}

#[test]
fn a_companion_is_previewed_in_the_namespace_of_the_request_and_in_no_other() {
    for of_object in [Some("team"), Some(""), None] {
        let (reply, surveyed) = previewed("team", of_object);
        assert_eq!((reply.status, surveyed.as_deref()), (200, Some("team")), "{of_object:?}");
    }
    for (of_request, of_object) in [("team", "other"), ("", "team"), ("team", "team/../other"), ("team", "TEAM")] {
        let (reply, surveyed) = previewed(of_request, Some(of_object));
        assert_eq!((reply.status, surveyed), (400, None), "{of_request:?} {of_object:?}");
        let expected = "request.object.metadata.namespace: invalid value: must equal request.namespace";
        assert!(reply.body.as_str().unwrap().contains(expected), "{:?}", reply.body);
    }
    let (reply, surveyed) = previewed("", None);
    assert_eq!((reply.status, surveyed), (200, None), "a Companion without a namespace has no workloads");
}
