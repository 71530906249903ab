//! The existing workloads that a companion would change or deny, as the preview of the companion reports them, with a simulated
//! API server. The whole process is in `many`.

mod many;

use std::time::Duration;

use podgraft::internals::inject::snapshot::Snapshot;
use podgraft::internals::lookup::{Survey, SurveyQuestion};
use podgraft::internals::webhook::{Configuration, ConfigurationSet};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::api_server::ApiServer;
use crate::support::snapshot;

pub(crate) const DEVELOPER: &str = r#"{"username": "dev", "groups": ["system:authenticated"]}"#;
/// Long enough for all requests of a test.
const LONG: Duration = Duration::from_secs(30);
const INCOMPLETE: &str = "which reviews and lists all";

pub(crate) fn client(server: &ApiServer) -> kube::Client {
    kube::Client::try_from(kube::Config::new(server.url().parse().unwrap())).unwrap()
}

/// A companion; the next version of it listens on a port that some workloads use.
pub(crate) fn sync(next: bool) -> Value {
    let mut sync = json!({
        "apiVersion": "podgraft.dev/v1alpha1", "kind": "ClusterCompanion", "metadata": {"name": "sync"},
        "spec": {"pattern": "Sidecar", "containers": [{"name": "sync", "image": "registry.example/sync:v1"}]},
    });
    if next {
        sync["spec"]["listens"] = json!([{"name": "sync", "port": 8080, "env": {"port": "SYNC_PORT"}}]);
    }
    sync
}

pub(crate) fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}}})
}

pub(crate) fn deployment(namespace: &str, name: &str, port: u16, companions: &str) -> Value {
    let container = json!({"name": "web", "image": "nginx:1.29", "ports": [{"containerPort": port}]});
    let template = json!({
        "metadata": {"annotations": {"podgraft.dev/companions": companions}}, "spec": {"containers": [container]},
    });
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": template},
    })
}

fn cron_job(namespace: &str, name: &str) -> Value {
    let template = deployment(namespace, name, 80, "sync")["spec"]["template"].clone();
    json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name, "namespace": namespace},
        "spec": {"jobTemplate": {"spec": {"template": template}}},
    })
}

/// Of these, the next version of the companion denies one and changes two.
fn workloads() -> Vec<Value> {
    let mut plain = deployment("shop", "plain", 8080, "");
    plain["spec"]["template"]["metadata"] = json!({});
    vec![
        deployment("shop", "web", 8080, "sync"),
        plain,
        deployment("town", "web", 80, "sync"),
        cron_job("shop", "nightly"),
    ]
}

fn snapshots() -> [Snapshot; 2] {
    [false, true].map(|next| snapshot([&sync(next), &namespace("shop"), &namespace("town")]))
}

/// The warnings of a survey for the next version of the companion.
async fn warnings(survey: &Survey, namespace: Option<&str>, user: &str, time: Duration) -> Vec<String> {
    let [before, after] = &snapshots();
    let deadline = Instant::now() + time;
    survey.warnings(&SurveyQuestion { namespace, user, before, after, deadline }).await
}

#[tokio::test]
async fn workloads_that_would_be_denied_are_named_and_those_that_change_are_counted() {
    let server = ApiServer::start(workloads(), &[]);
    let found = warnings(&Survey::new(client(&server), true), None, DEVELOPER, LONG).await;
    assert_eq!(
        found,
        [
            "podgraft: of 4 workloads, 1 would be denied, and 2 would change at the next rollout",
            "podgraft: Pods of deployment shop/web would be denied: companion sync: port 8080/TCP is already in use \
             by container web, and containers of a Pod share one network; change one of the ports",
        ]
    );
}

#[tokio::test]
async fn without_an_authenticated_api_server_workloads_are_only_counted() {
    let server = ApiServer::start(workloads(), &[]);
    let found = warnings(&Survey::new(client(&server), false), None, DEVELOPER, LONG).await;
    assert_eq!(
        found,
        ["podgraft: of 4 workloads, 1 would be denied, and 2 would change at the next rollout; run `podgraft explain \
          --with FILE -A`, which reviews and lists all"]
    );
}

#[tokio::test]
async fn a_survey_for_one_namespace_lists_only_its_workloads() {
    let server = ApiServer::start(workloads(), &[]);
    let found = warnings(&Survey::new(client(&server), true), Some("town"), DEVELOPER, LONG).await;
    assert_eq!(found, ["podgraft: of 1 workload, 0 would be denied, and 1 would change at the next rollout"]);
    let lists = server.requests().into_iter().filter(|path| !path.contains("subjectaccessreviews"));
    assert!(lists.clone().count() == 5 && lists.clone().all(|path| path.contains("/namespaces/town/")), "{lists:?}");
}

#[tokio::test]
async fn a_namespace_that_is_not_listed_becomes_no_part_of_a_path() {
    let server = ApiServer::start(workloads(), &[]);
    let survey = Survey::new(client(&server), true);
    for forged in ["podgraft-system/secrets/podgraft-certificate?x=", "..", "", "new"] {
        let found = warnings(&survey, Some(forged), DEVELOPER, LONG).await;
        let expected = "podgraft: existing workloads were not reviewed: podgraft does not know the namespace yet; ";
        assert!(found.len() == 1 && found[0].starts_with(expected), "{found:?}");
    }
    assert_eq!(server.requests(), [""; 0]);
}

#[tokio::test]
async fn what_a_user_may_not_list_is_left_out_and_the_warning_says_so() {
    let server = ApiServer::start(workloads(), &["dev list deployments", "dev list statefulsets"]);
    let survey = Survey::new(client(&server), true);
    let found = warnings(&survey, None, DEVELOPER, LONG).await;
    let expected = "podgraft: of 1 workload, 0 would be denied, and 1 would change at the next rollout; not all were reviewed: \
                    you may not list deployments, statefulsets";
    assert_eq!(found, [expected]);
    assert!(!server.requests().iter().any(|path| path.contains("/deployments")), "{:?}", server.requests());
    let huge = format!(r#"{{"username": "dev", "groups": ["{}"]}}"#, "g".repeat(20_000));
    for user in ["", "{}", r#"{"username": ""}"#, "not JSON", &huge] {
        let found = warnings(&survey, None, user, LONG).await;
        assert!(found[0].starts_with("podgraft: existing workloads were not reviewed: you may not list"), "{found:?}");
        assert_eq!(found.len(), 1);
    }
}

#[tokio::test]
async fn nothing_is_reported_where_no_workload_is_affected() {
    let server = ApiServer::start(vec![deployment("shop", "web", 8080, "other")], &[]);
    let none = warnings(&Survey::new(client(&server), true), None, DEVELOPER, LONG).await;
    assert_eq!(none, [""; 0]);
}

#[tokio::test]
async fn workloads_whose_pods_no_webhook_sends_are_not_affected() {
    let server = ApiServer::start(workloads(), &[]);
    let [mut before, mut after] = snapshots();
    for snapshot in [&mut before, &mut after] {
        snapshot.settings.missing = ConfigurationSet::of(&[Configuration::Requested]);
    }
    let (before, after, deadline) = (&before, &after, Instant::now() + LONG);
    let question = SurveyQuestion { namespace: None, user: DEVELOPER, before, after, deadline };
    assert_eq!(Survey::new(client(&server), true).warnings(&question).await, [""; 0]);
}

#[tokio::test]
async fn a_survey_stops_at_its_deadline_and_says_that_it_did_not_review_all() {
    let server = ApiServer::slow(workloads(), &[], Duration::from_millis(200));
    let found = warnings(&Survey::new(client(&server), true), None, DEVELOPER, Duration::from_millis(500)).await;
    assert!(found[0].contains("the time of a preview is limited") && found[0].ends_with(INCOMPLETE), "{found:?}");
    assert!(!server.requests().iter().any(|path| path.contains("/replicationcontrollers")));
}

#[tokio::test]
async fn one_survey_runs_at_a_time_and_others_say_so() {
    let server = ApiServer::slow(workloads(), &[], Duration::from_millis(100));
    let survey = Survey::new(client(&server), true);
    let other = survey.clone();
    let two = tokio::join!(warnings(&survey, None, DEVELOPER, LONG), warnings(&other, None, DEVELOPER, LONG));
    assert_eq!(two.0.len(), 2);
    let busy = "podgraft: existing workloads were not reviewed: those of another companion are being reviewed; ";
    assert!(two.1.len() == 1 && two.1[0].starts_with(busy), "{:?}", two.1);
    assert_eq!(warnings(&survey, None, DEVELOPER, LONG).await.len(), 2, "the first has ended");
}

#[tokio::test]
async fn a_failed_request_is_reported_without_the_text_of_the_api_server() {
    let server = ApiServer::start(workloads(), &["list cronjobs"]);
    let found = warnings(&Survey::new(client(&server), true), None, DEVELOPER, LONG).await;
    assert!(found[0].starts_with("podgraft: of 3 workloads, 1 would be denied, and 1 would change"), "{found:?}");
    assert!(found[0].contains("not all were reviewed: cronjobs: the API server answered with status 403"), "{found:?}");
    assert!(!found.concat().contains("forbidden"), "{found:?}");
}

#[tokio::test]
async fn a_page_that_is_too_large_is_read_in_smaller_ones() {
    let mut large = (0..120).map(|i| deployment("shop", &format!("w-{i}"), 80, "sync")).collect::<Vec<_>>();
    for workload in &mut large {
        workload["metadata"]["annotations"] = json!({"note": "x".repeat(100_000)});
    }
    let server = ApiServer::start(large, &[]);
    let found = warnings(&Survey::new(client(&server), true), None, DEVELOPER, LONG).await;
    assert_eq!(found, ["podgraft: of 120 workloads, 0 would be denied, and 120 would change at the next rollout"]);
    let pages = server.requests().into_iter().filter(|path| path.contains("/deployments")).count();
    assert_eq!(pages, 3, "one that is too large, and two smaller ones: {:?}", server.requests());
}
