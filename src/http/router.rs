//! The admission port: four paths, one handler.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::admission::Answer;
use crate::inject::snapshot::Webhook;
use crate::webhook::Configuration;

use super::aside::Aside;
use super::body::{BodyReader, ReceivedBody, discard};
use super::slot::ConnectionSlot;
use super::{ConnectionEvent, HttpLimits, Observer, Refusal};

/// What the API server asks. Each question has a path of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// How this Pod is to be changed, asked through one of the webhooks.
    Inject(Webhook),
    /// What would be said of the Pods of this workload.
    Preview,
}

/// Whoever answers reviews: bytes in, bytes out, at once.
#[derive(Clone)]
pub struct Reviewer {
    review: Arc<ReviewFn>,
    aside: Option<Aside>,
}

pub(super) type ReviewFn = dyn Fn(Route, &[u8]) -> Answer + Send + Sync;

impl Route {
    /// All of them.
    pub const ALL: [Route; 4] = [
        Route::Inject(Webhook::Requested),
        Route::Inject(Webhook::OptedIn),
        Route::Inject(Webhook::ClusterWide),
        Route::Preview,
    ];

    /// Where it is asked.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Route::Inject(webhook) => webhook.configuration().path(),
            Route::Preview => Configuration::Preview.path(),
        }
    }
}

impl Reviewer {
    /// Wraps what answers. It is called on the runtime's own thread, so it must neither block nor wait.
    pub fn new(review: impl Fn(Route, &[u8]) -> Answer + Send + Sync + 'static) -> Self {
        Reviewer { review: Arc::new(review), aside: None }
    }

    /// The same, but what takes too long for the thread that answers is done elsewhere.
    #[must_use]
    pub fn with_aside(self, aside: Aside) -> Self {
        Reviewer { aside: Some(aside), ..self }
    }
}

impl fmt::Debug for Reviewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reviewer")
    }
}

/// The router of the admission port.
pub fn admission_router(reviewer: Reviewer, limits: &HttpLimits, observer: Observer) -> Router {
    let desk = Arc::new(AdmissionHandler { reviewer, intake: BodyReader::new(limits, observer.clone()), observer });
    let router = Route::ALL.into_iter().fold(Router::new(), |router, question| {
        let (asked, other) = (Arc::clone(&desk), Arc::clone(&desk));
        let ask = move |request| async move { asked.answer(question, request).await };
        let not_post = move |request| async move { other.refuse_unread(Refusal::NotPost, request).await };
        router.route(question.path(), post(ask).fallback(not_post))
    });
    router.fallback(move |request| async move { desk.refuse_unread(Refusal::NoSuchPath, request).await })
}

/// Where requests become reviews.
#[derive(Debug)]
struct AdmissionHandler {
    reviewer: Reviewer,
    intake: BodyReader,
    observer: Observer,
}

impl AdmissionHandler {
    async fn answer(&self, question: Route, request: Request) -> Response {
        if let Err(refusal) = plain_json(request.headers()) {
            return self.refuse_unread(refusal, request).await;
        }
        match self.review(question, request).await {
            Ok(response) => response,
            Err(refusal) => self.refuse(refusal),
        }
    }

    async fn review(&self, question: Route, request: Request) -> Result<Response, Refusal> {
        let (head, body) = request.into_parts();
        let seat = head.extensions.get::<Arc<ConnectionSlot>>().cloned();
        let body = self.intake.read(&head.headers, body, seat).await?;
        if let Some(aside) = self.reviewer.aside.as_ref().filter(|aside| aside.takes(question, body.bytes())) {
            let body = Arc::new(body);
            let answer = aside.answer(question, Arc::clone(&body)).await?;
            return in_http(answer, Arc::into_inner(body));
        }
        // One review that fails takes neither the connection nor the process with it. Nothing is left half done: a
        // review changes nothing.
        let review = AssertUnwindSafe(|| (self.reviewer.review)(question, body.bytes()));
        let answer = catch_unwind(review).map_err(|_| Refusal::Panicked)?;
        in_http(answer, Some(body))
    }

    /// Refuses a request whose body has not been read; it is read now, so that the answer reaches the client.
    async fn refuse_unread(&self, refusal: Refusal, request: Request) -> Response {
        let (head, mut body) = request.into_parts();
        discard(&head.headers, &mut body).await;
        self.refuse(refusal)
    }

    fn refuse(&self, refusal: Refusal) -> Response {
        self.observer.notify(ConnectionEvent::Refused(refusal.status().as_u16()));
        if refusal == Refusal::Panicked {
            self.observer.notify(ConnectionEvent::Panicked);
        }
        refusal.into_response()
    }
}

/// Checks that the body is what it must be: JSON, and not packed. A header that is there more than once is refused, whatever
/// it says: who looks at the first one and who looks at the last one would read different requests.
fn plain_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = only(headers, CONTENT_TYPE).map_err(|()| Refusal::NotJson)?;
    let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::NotJson);
    }
    match only(headers, CONTENT_ENCODING).map_err(|()| Refusal::Encoded)? {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => Err(Refusal::Encoded),
        _ => Ok(()),
    }
}

/// The only value of a header, if it is there.
fn only(headers: &HeaderMap, name: HeaderName) -> Result<Option<&HeaderValue>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(()),
    }
}

/// The answer as HTTP, charged instead of its body, unless somebody else still holds that.
fn in_http(answer: Answer, body: Option<ReceivedBody>) -> Result<Response, Refusal> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = if status == StatusCode::OK { "application/json" } else { "text/plain; charset=utf-8" };
    let bytes = match body {
        Some(body) => body.answered_with(answer.body)?,
        None => answer.body.into(),
    };
    let mut response = (status, [(CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    Ok(response)
}
