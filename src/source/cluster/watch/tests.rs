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
use crate::source::cluster::testing::raw;

type ApiResponse = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// An API server that answers requests for ClusterCompanions with the given responses, one by one, and logs whether each
/// was a list or a watch. Lists of everything else are empty, and watches have no events.
fn api_server(responses: impl IntoIterator<Item = ApiResponse>) -> (Client, Arc<Mutex<Vec<String>>>) {
    let responses = Arc::new(Mutex::new(responses.into_iter().collect::<VecDeque<_>>()));
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    let respond = move |request: Request<Body>| {
        let watches = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        let response = if request.uri().path().ends_with("/clustercompanions") {
            log.lock().unwrap().push(if watches { "watch" } else { "list" }.to_owned());
            responses.lock().unwrap().pop_front().unwrap_or_else(quiet)
        } else if watches {
            quiet()
        } else {
            list("1", &[])
        };
        std::future::ready(Ok::<_, kube::Error>(response))
    };
    (Client::new(tower::service_fn(respond), "default"), requests)
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
