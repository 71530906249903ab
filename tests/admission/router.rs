//! The contract of the admission port, in process: which request gets which answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Frame;
use podgraft::internals::admission::Answer;
use podgraft::internals::http::{
    HealthCheck, HttpLimits, HttpMetrics, Reviewer, Route, admin_router, admission_router,
};
use podgraft::internals::inject::snapshot::Webhook;
use tokio::sync::mpsc;
use tower::ServiceExt as _;

/// Returns the route and the length of the body; some bodies have a meaning.
fn reviewer() -> Reviewer {
    Reviewer::new(|route, body| match body {
        b"panic" => panic!("as the test asks"),
        b"unreadable" => Answer { status: 400, body: b"not a review\n".to_vec() },
        b"unknown namespace" => Answer { status: 503, body: b"not known yet\n".to_vec() },
        _ => Answer { status: 200, body: format!("{route:?} {}", body.len()).into_bytes() },
    })
}

/// Small and quick, so that every bound is met.
fn limits() -> HttpLimits {
    HttpLimits {
        body_bytes: 64 << 10,
        bytes_in_flight: 40 << 10,
        body: Duration::from_millis(200),
        patience: Duration::from_millis(50),
        ..HttpLimits::default()
    }
}

struct AdmissionPort {
    router: Router,
    metrics: Arc<HttpMetrics>,
}

impl AdmissionPort {
    fn new() -> Self {
        let metrics = Arc::new(HttpMetrics::default());
        AdmissionPort { router: admission_router(reviewer(), &limits(), Arc::clone(&metrics)), metrics }
    }

    async fn ask(&self, request: Request<Body>) -> (StatusCode, axum::http::HeaderMap, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status, head.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Asks, expects a status and words of the answer, and that it was counted if it is a refusal.
    async fn check(&self, request: Request<Body>, status: u16, words: &str) {
        let refused = self.metrics.refused(status);
        let what = format!("{} {} {:?}", request.method(), request.uri(), request.headers());
        let (answered, _, body) = self.ask(request).await;
        assert_eq!(answered, status, "{what}: {body}");
        assert!(body.contains(words), "{what}: {body}");
        let counted = self.metrics.refused(status) > refused;
        assert_eq!(counted, body.starts_with("podgraft: "), "{what}: {body}");
    }
}

fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header("content-type", "application/json").body(body.into()).unwrap()
}

/// A body that comes as it is sent.
fn slow() -> (mpsc::UnboundedSender<Bytes>, Body) {
    let (send, receive) = mpsc::unbounded_channel();
    (send, Body::new(Received(receive)))
}

struct Received(mpsc::UnboundedReceiver<Bytes>);

impl hyper::body::Body for Received {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

#[tokio::test]
async fn each_route_has_its_path() {
    let port = AdmissionPort::new();
    port.check(post("/inject/requested", "12"), 200, "Inject(Requested) 2").await;
    port.check(post("/inject/opted-in", "12"), 200, "Inject(OptedIn) 2").await;
    port.check(post("/inject/cluster-wide", "12"), 200, "Inject(ClusterWide) 2").await;
    port.check(post("/preview", "12"), 200, "Preview 2").await;
    port.check(post("/inject/requested?timeout=2s", ""), 200, "Inject(Requested) 0").await;
    assert_eq!(Route::Inject(Webhook::OptedIn).path(), "/inject/opted-in");
}

#[tokio::test]
async fn other_paths_are_404_with_the_list_of_paths() {
    let port = AdmissionPort::new();
    for path in ["/", "/inject", "/inject/", "/inject/requested/", "/inject/other", "/mutate", "/readyz", "/metrics"] {
        port.check(post(path, "{}"), 404, "/inject/requested").await;
    }
}

#[tokio::test]
async fn only_post_is_answered() {
    let port = AdmissionPort::new();
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
        let request = || Request::builder().method(&method).uri("/preview").body(Body::empty()).unwrap();
        port.check(request(), 405, "POST").await;
        assert_eq!(port.ask(request()).await.1["allow"], "POST");
    }
}

#[tokio::test]
async fn only_json_without_an_encoding_is_answered() {
    let port = AdmissionPort::new();
    let with = |name: &str, value: &str| {
        let request = Request::post("/preview").header(name, value);
        let request = if name == "content-type" { request } else { request.header("content-type", "application/json") };
        request.body(Body::from("{}")).unwrap()
    };
    for (kind, status) in [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON;charset=UTF-8", 200),
        ("text/plain", 415),
        ("application/yaml", 415),
        ("application/json-patch+json", 415),
        ("application/vnd.kubernetes.protobuf", 415),
        ("", 415),
    ] {
        port.check(with("content-type", kind), status, "").await;
    }
    port.check(Request::post("/preview").body(Body::from("{}")).unwrap(), 415, "application/json").await;
    for (encoding, status) in [("identity", 200), ("gzip", 415), ("br", 415), ("gzip, identity", 415)] {
        port.check(with("content-encoding", encoding), status, "").await;
    }
}

#[tokio::test]
async fn c4_a_duplicate_header_is_refused() {
    let port = AdmissionPort::new();
    for (name, values) in [
        ("content-type", ["application/json", "application/json"]),
        ("content-type", ["application/json", "text/plain"]),
        ("content-encoding", ["identity", "identity"]),
        ("content-encoding", ["identity", "gzip"]),
        ("content-encoding", ["", "gzip"]),
    ] {
        let mut request = post("/preview", "{}");
        request.headers_mut().remove(name);
        for value in values {
            request.headers_mut().append(name, value.parse().unwrap());
        }
        port.check(request, 415, "podgraft: ").await;
    }
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let port = AdmissionPort::new();
    port.check(post("/preview", vec![b' '; 40 << 10]), 200, "Preview 40960").await;
    port.check(post("/preview", vec![b' '; (64 << 10) + 1]), 413, "65536 bytes").await;
    // Endless, and in pieces that say nothing of the whole.
    let (send, body) = slow();
    let endless = tokio::spawn(async move {
        while send.send(Bytes::from_static(&[b' '; 4096])).is_ok() {
            tokio::task::yield_now().await;
        }
    });
    // In as many bytes in flight as needed: it is too long before it is too much.
    let limits = HttpLimits { bytes_in_flight: 1 << 20, ..limits() };
    let port = AdmissionPort { router: admission_router(reviewer(), &limits, Arc::default()), ..port };
    assert_eq!(port.ask(post("/preview", body)).await.0, 413);
    endless.await.unwrap();
}

#[tokio::test]
async fn bodies_in_pieces_are_put_together() {
    let (send, body) = slow();
    for piece in ["un", "read", "able"] {
        send.send(Bytes::from(piece)).unwrap();
    }
    drop(send);
    AdmissionPort::new().check(post("/preview", body), 400, "not a review").await;
}

#[tokio::test]
async fn a_slow_body_is_408() {
    let (send, body) = slow();
    send.send(Bytes::from_static(b"{")).unwrap();
    AdmissionPort::new().check(post("/preview", body), 408, "--body-timeout").await;
    drop(send);
}

#[tokio::test]
async fn requests_over_the_budget_are_shed_and_accepted_later() {
    let port = AdmissionPort::new();
    let (send, body) = slow();
    send.send(Bytes::from(vec![b' '; 50 << 10])).unwrap();
    let router = port.router.clone();
    let first = tokio::spawn(router.oneshot(post("/preview", body)));
    tokio::time::sleep(Duration::from_millis(20)).await;
    // 34 KiB of 40 are charged to the first.
    let response = port.ask(post("/preview", vec![b' '; 30 << 10])).await;
    assert_eq!((response.0.as_u16(), response.1["retry-after"].to_str().unwrap()), (429, "1"), "{}", response.2);
    // Small ones always fit.
    port.check(post("/preview", vec![b' '; 12 << 10]), 200, "12288").await;
    drop(send);
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
    port.check(post("/preview", vec![b' '; 30 << 10]), 200, "30720").await;
}

#[tokio::test]
async fn a_panic_is_500_for_one_request() {
    let port = AdmissionPort::new();
    port.check(post("/preview", "panic"), 500, "bug").await;
    assert_eq!(port.metrics.panics(), 1);
    port.check(post("/preview", "{}"), 200, "Preview").await;
}

#[tokio::test]
async fn answers_of_admission_are_sent_unchanged() {
    let port = AdmissionPort::new();
    let (status, headers, _) = port.ask(post("/preview", "{}")).await;
    assert_eq!((status.as_u16(), headers["content-type"].to_str().unwrap()), (200, "application/json"));
    port.check(post("/preview", "unreadable"), 400, "not a review").await;
    port.check(post("/preview", "unknown namespace"), 503, "not known yet").await;
    let (_, headers, _) = port.ask(post("/preview", "unknown namespace")).await;
    assert_eq!(headers["retry-after"], "1");
    assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
}

#[tokio::test]
async fn the_admin_port_reports_what_is_wrong() {
    let wrong = Arc::new(Mutex::new(None::<String>));
    let probe = Arc::clone(&wrong);
    let checks = vec![
        HealthCheck::new("certificate", || Ok(())),
        HealthCheck::new("companions", move || probe.lock().unwrap().clone().map_or(Ok(()), Err)),
    ];
    let hangs = Arc::new(Mutex::new(None::<String>));
    let heartbeat = Arc::clone(&hangs);
    let alive = vec![HealthCheck::new("reviews", move || heartbeat.lock().unwrap().clone().map_or(Ok(()), Err))];
    let router = admin_router(alive, checks, || "# EOF\n".to_owned());
    let ask = async |path: &str| {
        let response = router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    };
    assert_eq!(ask("/livez").await, (200, "ok\n".into()));
    assert_eq!(ask("/healthz").await, (200, "ok\n".into()));
    assert_eq!(ask("/readyz").await, (200, "ok\n".into()));
    assert_eq!(ask("/metrics").await, (200, "# EOF\n".into()));
    assert_eq!(ask("/inject/requested").await.0, 404);
    let good = "[+]certificate ok\n[+]companions ok\nreadyz check passed\n";
    assert_eq!(ask("/readyz?verbose").await, (200, good.into()));
    *wrong.lock().unwrap() = Some("none loaded".into());
    let bad = "[+]certificate ok\n[-]companions failed: none loaded\nreadyz check failed\n";
    assert_eq!(ask("/readyz").await, (503, bad.into()));
    assert_eq!(ask("/readyz?verbose").await, (503, bad.into()));
    assert_eq!(ask("/livez").await, (200, "ok\n".into()));
    *hangs.lock().unwrap() = Some("no sign of life".into());
    let dead = "[-]reviews failed: no sign of life\nlivez check failed\n";
    assert_eq!(ask("/livez").await, (503, dead.into()));
    assert_eq!(ask("/healthz").await, (503, dead.into()));
}
