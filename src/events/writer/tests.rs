use std::sync::Mutex as StdMutex;

use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::{Value, json};

use super::*;
use crate::events::occurrence::tests::skipped;

/// The requests that an API server has received.
type Received = Arc<StdMutex<Vec<(String, Value)>>>;

/// An API server that answers each request with a status and a reason.
fn api_server(code: u16, reason: &'static str) -> (Client, Received) {
    let received = Received::default();
    let seen = Arc::clone(&received);
    let answer = move |request: Request<Body>| {
        let seen = Arc::clone(&seen);
        async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let object: Value = serde_json::from_slice(&body).unwrap();
            seen.lock().unwrap().push((path, object.clone()));
            let status =
                json!({"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": reason});
            let text = if code == 201 { object } else { status };
            let response = Response::builder().status(StatusCode::from_u16(code).unwrap());
            Ok::<_, kube::Error>(response.body(Body::from(text.to_string().into_bytes())).unwrap())
        }
    };
    (Client::new(tower::service_fn(answer), "default"), received)
}

fn writer(client: Client) -> (EventWriter, Metrics) {
    let (reporter, metrics) =
        (Reporter { installation: "grafter".into(), instance: "grafter-1".into() }, Metrics::default());
    (EventWriter::new(client, reporter, metrics.clone()), metrics)
}

#[tokio::test]
async fn an_event_is_created_once_in_the_namespace_of_its_object() {
    let (client, received) = api_server(201, "");
    let (mut writer, metrics) = writer(client);
    assert!(writer.create(skipped("shop", "audit", "HostNetwork")).await);
    let received = received.lock().unwrap().clone();
    let [(path, event)] = &received[..] else { panic!("{received:?}") };
    assert_eq!(path, "/apis/events.k8s.io/v1/namespaces/shop/events");
    assert!(event["metadata"]["name"].as_str().unwrap().starts_with("grafter."), "{event}");
    for (field, value) in [
        ("reason", "HostNetwork"),
        ("action", "InjectCompanion"),
        ("type", "Warning"),
        ("note", "skipped"),
        ("reportingController", "grafter"),
        ("reportingInstance", "grafter-1"),
    ] {
        assert_eq!(event[field], value, "{event}");
    }
    assert_eq!((&event["regarding"]["uid"], event["eventTime"].is_string()), (&json!("u-1"), true));
    assert_eq!(metrics.counted(EventResult::Created), 1);
}

#[tokio::test]
async fn what_was_created_is_not_sent_again_and_what_failed_is() {
    for (code, reason, requests, result) in [
        (201, "", 1, EventResult::Created),
        (409, "AlreadyExists", 1, EventResult::Repeated),
        (403, "Forbidden", 3, EventResult::Failed),
    ] {
        let (client, received) = api_server(code, reason);
        let (mut writer, metrics) = writer(client);
        // The period of ten minutes can end in between; then one more is right.
        for _ in 0..3 {
            writer.create(skipped("shop", "audit", "HostNetwork")).await;
        }
        let sent = received.lock().unwrap().len();
        assert!(sent == requests || code != 403 && sent == 2, "{code}: {sent} requests");
        assert!(metrics.counted(result) >= 1, "{code}");
        writer.create(skipped("shop", "trace", "HostNetwork")).await;
        assert_eq!(received.lock().unwrap().len(), sent + 1, "another companion");
    }
}

#[tokio::test(start_paused = true)]
async fn all_events_of_a_queue_are_created_at_a_bounded_rate() {
    let (client, received) = api_server(201, "");
    let (writer, _) = writer(client);
    let (sender, pending) = tokio::sync::mpsc::channel(16);
    for companion in ["a", "b", "c", "a"] {
        sender.send(skipped("shop", companion, "HostNetwork")).await.unwrap();
    }
    drop(sender);
    let began = Instant::now();
    writer.drain(Arc::new(Mutex::new(pending))).await;
    let created = received.lock().unwrap().len();
    assert!((3..=4).contains(&created), "{created}");
    assert!(began.elapsed() >= 3 * PACE);
}
