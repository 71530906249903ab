//! The existing workloads that a companion would change or deny, as the preview of the companion reports them, with a simulated
//! API server. The whole process is in `many`.

mod many;

use std::time::Duration;

use podgraft::internals::inject::snapshot::Snapshot;
use podgraft::internals::lookup::{Callers, Survey, SurveyQuestion};
use podgraft::internals::webhook::{Configuration, ConfigurationSet};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::api_server::ApiServer;
use crate::support::snapshot;

pub(crate) const DEVELOPER: &str = r#"{"username": "dev", "groups": ["system:authenticated"]}"#;
/// Long enough for all requests of a test.
const LONG: Duration = Duration::from_secs(30);
/// The kinds that are listed.
const KINDS: [&str; 5] = ["deployments", "statefulsets", "daemonsets", "replicationcontrollers", "cronjobs"];
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

/// A survey of all namespaces, with time for all of them.
fn question<'a>(before: &'a Snapshot, after: &'a Snapshot) -> SurveyQuestion<'a> {
    let began = Instant::now();
    SurveyQuestion { namespace: None, user: DEVELOPER, before, after, began, deadline: began + LONG }
}

/// The warnings of a survey for the next version of the companion.
async fn warnings(survey: &Survey, namespace: Option<&str>, user: &str, time: Duration) -> Vec<String> {
    let [before, after] = &snapshots();
    let began = Instant::now();
    survey.warnings(&SurveyQuestion { namespace, user, before, after, began, deadline: began + time }).await
}

fn survey(server: &ApiServer, callers: Callers) -> Survey {
    Survey::new(client(server), callers)
}

#[tokio::test]
async fn workloads_that_would_be_denied_are_named_and_those_that_change_are_counted() {
    let server = ApiServer::start(workloads(), &[]);
    let found = warnings(&survey(&server, Callers::Authenticated), None, DEVELOPER, LONG).await;
    assert_eq!(
        found,
        [
            "podgraft: of 4 workloads, 1 would be denied, and 2 would change at the next rollout",
            "podgraft: Pods of deployment shop/web would be denied: companion sync: port 8080/TCP is already in use \
             by container web, and containers of a Pod share one network; change one of the ports (PortConflict)",
        ]
    );
}

#[tokio::test]
async fn without_an_authenticated_api_server_workloads_are_only_counted() {
    let server = ApiServer::start(workloads(), &[]);
    let found = warnings(&survey(&server, Callers::Unauthenticated), None, DEVELOPER, LONG).await;
    assert_eq!(
        found,
        ["podgraft: of 4 workloads, 1 would be denied, and 2 would change at the next rollout; run `podgraft explain \
          --with FILE -A`, which reviews and lists all"]
    );
}

#[tokio::test]
async fn a_survey_for_one_namespace_lists_only_its_workloads() {
    let server = ApiServer::start(workloads(), &[]);
    let found = warnings(&survey(&server, Callers::Authenticated), Some("town"), DEVELOPER, LONG).await;
    assert_eq!(found, ["podgraft: of 1 workload, 0 would be denied, and 1 would change at the next rollout"]);
    let lists = server.requests().into_iter().filter(|path| !path.contains("subjectaccessreviews"));
    assert!(lists.clone().count() == 5 && lists.clone().all(|path| path.contains("/namespaces/town/")), "{lists:?}");
}

#[tokio::test]
async fn a_namespace_that_is_not_listed_becomes_no_part_of_a_path() {
    let server = ApiServer::start(workloads(), &[]);
    let survey = survey(&server, Callers::Authenticated);
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
    let found = warnings(&survey(&server, Callers::Authenticated), None, DEVELOPER, LONG).await;
    let expected = "podgraft: of the 1 workload that was reviewed, 0 would be denied, and 1 would change at the next rollout; others \
                    may exist: you may not list deployments, statefulsets";
    assert_eq!(found, [expected]);
    assert!(!server.requests().iter().any(|path| path.contains("/deployments")), "{:?}", server.requests());
    let all = KINDS.map(|kind| format!("dev list {kind}"));
    let server = ApiServer::start(workloads(), &all.each_ref().map(|right| &**right));
    let found = warnings(&survey(&server, Callers::Authenticated), None, DEVELOPER, LONG).await;
    let expected = "podgraft: existing workloads were not reviewed: you may not list deployments, statefulsets, daemonsets, \
                    replicationcontrollers, cronjobs";
    assert_eq!(found, [expected]);
}

#[tokio::test]
async fn nobody_is_said_to_lack_a_right_that_was_not_checked() {
    let server = ApiServer::start(workloads(), &[]);
    let survey = survey(&server, Callers::Authenticated);
    let huge = format!(r#"{{"username": "dev", "groups": ["{}"]}}"#, "g".repeat(17_000));
    let unnamed = "what you may list was not checked, because the request names no user";
    let too_long = "what you may list was not checked, because your name, groups and extra fields exceed 16 KiB";
    for (user, why) in [
        (huge.as_str(), too_long),
        ("", unnamed),
        ("{}", unnamed),
        (r#"{"username": ""}"#, unnamed),
        ("not JSON", unnamed),
    ] {
        let expected = format!(
            "podgraft: existing workloads were not reviewed: {why}; run `podgraft explain --with FILE -A`, {INCOMPLETE}"
        );
        assert_eq!(warnings(&survey, None, user, LONG).await, [expected]);
    }
    assert_eq!(server.requests(), [""; 0]);
}

#[tokio::test]
async fn callers_that_are_not_authenticated_get_one_survey_in_ten_seconds() {
    let server = ApiServer::start(workloads(), &[]);
    let [before, after] = &snapshots();
    let first = question(before, after);
    let surveys_at = async |survey: &Survey, seconds: &[u64]| {
        let mut surveys = Vec::new();
        for seconds in seconds {
            let began = first.began + Duration::from_secs(*seconds);
            let found = survey.clone().warnings(&SurveyQuestion { began, ..first }).await;
            surveys.push(found[0].starts_with("podgraft: of 4 workloads"));
        }
        surveys
    };
    let counted = survey(&server, Callers::Unauthenticated);
    assert_eq!(surveys_at(&counted, &[0, 0, 9, 10, 19, 20]).await, [true, false, false, true, false, true]);
    let expected = "podgraft: existing workloads were not reviewed: only one preview in 10 s reviews them, and another one did; run \
                    `podgraft explain --with FILE -A`, which reviews and lists all";
    assert_eq!(counted.warnings(&first).await, [expected], "previews that are answered later can begin earlier");
    let named = survey(&server, Callers::Authenticated);
    assert_eq!(surveys_at(&named, &[0, 0, 1]).await, [true; 3]);
}

#[tokio::test]
async fn a_survey_that_reviews_nothing_leaves_the_next_one_its_turn() {
    let rights = KINDS.map(|kind| format!("eve list {kind}"));
    let server = ApiServer::start(workloads(), &rights.each_ref().map(|right| &**right));
    let survey = survey(&server, Callers::Unauthenticated);
    for (namespace, user, time) in [
        (Some("new"), DEVELOPER, LONG),
        (None, "{}", LONG),
        (None, r#"{"username": "eve"}"#, LONG),
        (None, DEVELOPER, Duration::ZERO),
    ] {
        assert!(warnings(&survey, namespace, user, time).await[0].contains("were not reviewed"));
    }
    assert!(warnings(&survey, None, DEVELOPER, LONG).await[0].starts_with("podgraft: of 4 workloads"));
}

#[tokio::test]
async fn nothing_is_reported_where_no_workload_is_affected() {
    let server = ApiServer::start(vec![deployment("shop", "web", 8080, "other")], &[]);
    let none = warnings(&survey(&server, Callers::Authenticated), None, DEVELOPER, LONG).await;
    assert_eq!(none, [""; 0]);
}

#[tokio::test]
async fn workloads_whose_pods_no_webhook_sends_are_not_affected() {
    let server = ApiServer::start(workloads(), &[]);
    let [mut before, mut after] = snapshots();
    for snapshot in [&mut before, &mut after] {
        snapshot.settings.missing = ConfigurationSet::of(&[Configuration::Requested]);
    }
    assert_eq!(survey(&server, Callers::Authenticated).warnings(&question(&before, &after)).await, [""; 0]);
}

#[tokio::test]
async fn workloads_of_namespaces_that_the_webhooks_leave_out_are_not_affected() {
    let server = ApiServer::start(workloads(), &[]);
    let [mut before, mut after] = snapshots();
    for snapshot in [&mut before, &mut after] {
        snapshot.settings.excluded_namespaces = ["shop".into()].into();
    }
    let found = survey(&server, Callers::Authenticated).warnings(&question(&before, &after)).await;
    assert_eq!(found, ["podgraft: of 4 workloads, 0 would be denied, and 1 would change at the next rollout"]);
}

#[tokio::test]
async fn a_survey_stops_at_its_deadline_and_says_that_it_did_not_review_all() {
    let server = ApiServer::slow(workloads(), &[], Duration::from_millis(200));
    let found = warnings(&survey(&server, Callers::Authenticated), None, DEVELOPER, Duration::from_millis(500)).await;
    assert!(
        found[0].contains("the time limit of a preview was reached") && found[0].ends_with(INCOMPLETE),
        "{found:?}"
    );
    assert!(!server.requests().iter().any(|path| path.contains("/replicationcontrollers")));
}

#[tokio::test]
async fn one_survey_runs_at_a_time_and_others_say_so() {
    let server = ApiServer::slow(workloads(), &[], Duration::from_millis(100));
    let survey = survey(&server, Callers::Authenticated);
    let other = survey.clone();
    let two = tokio::join!(warnings(&survey, None, DEVELOPER, LONG), warnings(&other, None, DEVELOPER, LONG));
    assert_eq!(two.0.len(), 2);
    let busy = "podgraft: existing workloads were not reviewed: another preview is reviewing them; ";
    assert!(two.1.len() == 1 && two.1[0].starts_with(busy), "{:?}", two.1);
    assert_eq!(warnings(&survey, None, DEVELOPER, LONG).await.len(), 2, "the first has ended");
}

#[tokio::test]
async fn a_failed_request_is_reported_without_the_text_of_the_api_server() {
    let server = ApiServer::start(workloads(), &["list cronjobs"]);
    let found = warnings(&survey(&server, Callers::Authenticated), None, DEVELOPER, LONG).await;
    let expected = "podgraft: of the 3 workloads that were reviewed, 1 would be denied, and 1 would change at the next rollout; others may \
                    exist: cannot list cronjobs: the API server answered with status 403; ";
    assert!(found[0].starts_with(expected), "{found:?}");
    assert!(!found.concat().contains("forbidden"), "{found:?}");
}

#[tokio::test]
async fn a_page_that_is_too_large_is_read_in_smaller_ones() {
    let mut large = (0..120).map(|i| deployment("shop", &format!("w-{i}"), 80, "sync")).collect::<Vec<_>>();
    for workload in &mut large {
        workload["metadata"]["annotations"] = json!({"note": "x".repeat(100_000)});
    }
    let server = ApiServer::start(large, &[]);
    let found = warnings(&survey(&server, Callers::Authenticated), None, DEVELOPER, LONG).await;
    assert_eq!(found, ["podgraft: of 120 workloads, 0 would be denied, and 120 would change at the next rollout"]);
    let pages = server.requests().into_iter().filter(|path| path.contains("/deployments")).count();
    assert_eq!(pages, 3, "one that is too large, and two smaller ones: {:?}", server.requests());
}
