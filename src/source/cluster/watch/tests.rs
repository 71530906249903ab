use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Mutex;

use axum::http::{Request, Response, StatusCode};
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::*;
use crate::source::cluster::testing::{object, raw};

type ApiResponse = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// An API server that answers requests for ClusterCompanions with the given responses, one by one, and logs whether each
/// was a list or a watch. Lists of everything else are empty, and watches have no events.
fn api_server(responses: impl IntoIterator<Item = ApiResponse>) -> (Client, Arc<Mutex<Vec<String>>>) {
    let mut responses = responses.into_iter().collect::<VecDeque<_>>();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    let client = client(move |resource, query| match resource {
        "clustercompanions" => {
            log.lock().unwrap().push(if is_watch(query) { "watch" } else { "list" }.to_owned());
            responses.pop_front()
        }
        _ => None,
    });
    (client, requests)
}

/// A client of an API server. `respond` gets the resource and the query of a request; where it returns nothing, a list is
/// empty and a watch has no events.
fn client(respond: impl FnMut(&str, &str) -> Option<ApiResponse> + Send + 'static) -> Client {
    let respond = Arc::new(Mutex::new(respond));
    let respond = move |request: Request<Body>| {
        let query = request.uri().query().unwrap_or_default();
        let resource = request.uri().path().rsplit('/').next().unwrap();
        let response = respond.lock().unwrap()(resource, query);
        let response = response.unwrap_or_else(|| if is_watch(query) { quiet() } else { list("1", &[]) });
        std::future::ready(Ok::<_, kube::Error>(response))
    };
    Client::new(tower::service_fn(respond), "default")
}

fn is_watch(query: &str) -> bool {
    query.contains("watch=true")
}

fn respond_with(status: u16, text: &Value) -> ApiResponse {
    let mut response = Response::new(Full::from(format!("{text}\n")).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

fn list(version: &str, items: &[Value]) -> ApiResponse {
    respond_with(
        200,
        &json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": version}, "items": items}),
    )
}

fn failure(code: u16) -> Value {
    json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "message": "", "reason": "", "code": code})
}

/// A watch without events.
fn quiet() -> ApiResponse {
    Response::new(StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, _>>()).boxed_unsync())
}

/// A response with a text that arrives after so many seconds.
fn delayed(seconds: u64, text: &Value) -> ApiResponse {
    let text = Bytes::from(format!("{text}\n"));
    let frame = futures_util::stream::once(async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Ok::<_, Infallible>(Frame::data(text))
    });
    Response::new(StreamBody::new(frame).boxed_unsync())
}

/// A ClusterCompanion with a long specification.
fn large(name: &str) -> Value {
    raw(name, 1, &"x".repeat(900)).object
}

/// A Companion in the namespace `a`, as large as a ClusterCompanion of [`large`] and therefore the first one that does not
/// fit among them.
fn large_in_namespace(name: &str) -> Value {
    let mut object = large(name);
    object["kind"] = "Companion".into();
    object["metadata"]["namespace"] = "a".into();
    object
}

/// Limits that three companions of [`large`] do not exceed.
fn limits_for_three() -> MemoryLimits {
    let bytes = object(Raw::new(large("c1")), None).weight.bytes;
    MemoryLimits { namespace: 10 * bytes, total: 3 * bytes + bytes / 2 }
}

fn companion() -> Value {
    raw("a", 1, "i:1").object
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_has_expired_is_followed_by_a_new_list_before_the_replica_has_caught_up() {
    let expired = respond_with(200, &json!({"type": "ERROR", "object": failure(410)}));
    let (client, requests) = api_server([list("5", &[]), expired, list("9", &[companion()])]);
    let (states, health, mut watching) = watch(&client, MemoryLimits::default());
    let watching = tokio::spawn(watching());
    let began = Instant::now();
    assert!(health.waiting().unwrap().starts_with("waiting for the first list of clustercompanions"));
    health.catch_up().await;
    assert_eq!(health.waiting(), None);
    assert_eq!(states.borrow().as_ref().unwrap().iter().count(), 1);
    assert_eq!(*requests.lock().unwrap(), ["list", "watch", "list", "watch"]);
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    watching.abort();
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_can_list_but_not_watch_has_not_caught_up_and_reports_why() {
    let denials = (0..100).map(|_| respond_with(403, &failure(403)));
    let (client, _) = api_server([list("5", &[companion()])].into_iter().chain(denials));
    let (_, health, mut watching) = watch(&client, MemoryLimits::default());
    let watching = tokio::spawn(watching());
    assert!(timeout(Duration::from_secs(60), health.catch_up()).await.is_err());
    let waiting = health.waiting().unwrap();
    assert!(
        waiting.starts_with("waiting for the watch of clustercompanions (forbidden: podgraft cannot list or watch"),
        "{waiting}"
    );
    watching.abort();
}

#[tokio::test(start_paused = true)]
async fn a_companion_that_was_deleted_after_the_first_page_of_a_list_does_not_stay() {
    let clusters = ["c1", "c2", "c3"].map(large);
    let mut lists = 0;
    let metadata = json!({"name": "shop", "resourceVersion": "7"});
    let mut namespace =
        Some(json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": metadata}));
    let client = client(move |resource, query| match (resource, is_watch(query)) {
        ("clustercompanions", true) if query.contains("resourceVersion=1") => {
            Some(delayed(20, &json!({"type": "ERROR", "object": failure(410)})))
        }
        // Only the list that began before has c1.
        ("clustercompanions", true) if query.contains("resourceVersion=2") => {
            Some(delayed(1, &json!({"type": "DELETED", "object": clusters[0]})))
        }
        ("clustercompanions", false) => {
            lists += 1;
            let page = |metadata: Value, items: &[Value]| json!({"apiVersion": "v1", "kind": "List", "metadata": metadata, "items": items});
            Some(match lists {
                1 => list("1", &clusters),
                2 => delayed(0, &page(json!({"resourceVersion": "2", "continue": "t"}), &clusters[..1])),
                3 => delayed(3, &page(json!({"resourceVersion": "2"}), &clusters[1..])),
                _ => list("3", &clusters[1..]),
            })
        }
        ("companions", false) => Some(list("1", &[large_in_namespace("x")])),
        // A state is published between the two pages.
        ("namespaces", true) => namespace.take().map(|object| delayed(21, &json!({"type": "ADDED", "object": object}))),
        _ => None,
    });
    let (states, _, mut watching) = watch(&client, limits_for_three());
    let watching = tokio::spawn(watching());
    tokio::time::sleep(Duration::from_secs(60)).await;
    let state = states.borrow().clone().unwrap();
    let mut all: Vec<_> = state.iter().map(|(key, object)| (key.to_string(), object.exceeds_limits)).collect();
    all.sort();
    let expected = ["ClusterCompanion c2", "ClusterCompanion c3", "Companion a/x"].map(|key| (key.to_owned(), false));
    assert_eq!(all, expected);
    watching.abort();
}

#[tokio::test(start_paused = true)]
async fn a_list_of_companions_that_fit_again_is_retried_with_its_own_back_off_and_without_other_lists() {
    let lists = Arc::new(Mutex::new((0, 0)));
    let counts = Arc::clone(&lists);
    let client = client(move |resource, query| {
        let (mut counts, clusters) = (counts.lock().unwrap(), ["c1", "c2", "c3"].map(large));
        match (resource, is_watch(query)) {
            ("clustercompanions", false) => {
                counts.0 += 1;
                Some(list("1", &clusters))
            }
            ("clustercompanions", true) if query.contains("resourceVersion=1") && counts.1 == 1 => {
                let mut deleted = clusters[0].clone();
                deleted["metadata"]["resourceVersion"] = "2".into();
                Some(delayed(30, &json!({"type": "DELETED", "object": deleted})))
            }
            ("companions", false) => {
                counts.1 += 1;
                let is_first = counts.1 == 1;
                Some(if is_first { list("1", &[large_in_namespace("x")]) } else { respond_with(403, &failure(403)) })
            }
            _ => None,
        }
    });
    let (states, _, mut watching) = watch(&client, limits_for_three());
    let watching = tokio::spawn(watching());
    tokio::time::sleep(Duration::from_secs(330)).await;
    assert_eq!(states.borrow().as_ref().unwrap().iter().filter(|(_, o)| o.exceeds_limits).count(), 1);
    let (of_cluster, of_namespaces) = *lists.lock().unwrap();
    assert_eq!(of_cluster, 1, "only Companions have to be listed");
    // Without the back-off of one stream, the attempts of each 10 s begin again with the shortest delay.
    assert!((90..115).contains(&of_namespaces), "{of_namespaces} attempts in 300 s, with 3 s between two of them");
    watching.abort();
}
