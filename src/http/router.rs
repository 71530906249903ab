//! The admission port: four paths, one handler.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::admission::Answer;
use crate::inject::world::Entry;

use super::body::Intake;
use super::{Event, Limits, Observer, Refusal};

/// What the API server asks. Each question has a path of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// How this Pod is to be changed, asked through one of the webhook's entries.
    Inject(Entry),
    /// What would be said of the Pods of this workload.
    Preview,
}

/// Whoever answers reviews: bytes in, bytes out, at once.
#[derive(Clone)]
pub struct Reviewer(Arc<Review>);

type Review = dyn Fn(Question, &[u8]) -> Answer + Send + Sync;

impl Question {
    /// All of them.
    pub const ALL: [Question; 4] = [
        Question::Inject(Entry::Requested),
        Question::Inject(Entry::OptedIn),
        Question::Inject(Entry::ClusterWide),
        Question::Preview,
    ];

    /// Where it is asked.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Question::Inject(Entry::Requested) => "/inject/requested",
            Question::Inject(Entry::OptedIn) => "/inject/opted-in",
            Question::Inject(Entry::ClusterWide) => "/inject/cluster-wide",
            Question::Preview => "/preview",
        }
    }
}

impl Reviewer {
    /// Wraps what answers. It is called on the runtime's own thread, so it must neither block nor wait.
    pub fn new(review: impl Fn(Question, &[u8]) -> Answer + Send + Sync + 'static) -> Self {
        Reviewer(Arc::new(review))
    }
}

impl fmt::Debug for Reviewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reviewer")
    }
}

/// The router of the admission port.
pub fn admission_router(reviewer: Reviewer, limits: &Limits, observer: Observer) -> Router {
    let desk = Arc::new(Desk { reviewer, intake: Intake::new(limits), observer });
    let router = Question::ALL.into_iter().fold(Router::new(), |router, question| {
        let (asked, other) = (Arc::clone(&desk), Arc::clone(&desk));
        let ask = move |request| async move { asked.answer(question, request).await };
        router.route(question.path(), post(ask).fallback(async move || other.refuse(Refusal::NotPost)))
    });
    router.fallback(async move || desk.refuse(Refusal::NoSuchPath))
}

/// Where requests become reviews.
#[derive(Debug)]
struct Desk {
    reviewer: Reviewer,
    intake: Intake,
    observer: Observer,
}

impl Desk {
    async fn answer(&self, question: Question, request: Request) -> Response {
        match self.review(question, request).await {
            Ok(answer) => in_http(answer),
            Err(refusal) => self.refuse(refusal),
        }
    }

    async fn review(&self, question: Question, request: Request) -> Result<Answer, Refusal> {
        let (head, body) = request.into_parts();
        plain_json(&head.headers)?;
        let body = self.intake.read(&head.headers, body).await?;
        // One review that fails takes neither the connection nor the process with it. Nothing is left half done: a
        // review changes nothing.
        let review = AssertUnwindSafe(|| (self.reviewer.0)(question, body.bytes()));
        catch_unwind(review).map_err(|_| Refusal::Panicked)
    }

    fn refuse(&self, refusal: Refusal) -> Response {
        self.observer.tell(Event::Refused(refusal.status().as_u16()));
        if refusal == Refusal::Panicked {
            self.observer.tell(Event::Panicked);
        }
        refusal.into_response()
    }
}

/// Checks that the body is what it must be: JSON, and not packed.
fn plain_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::NotJson);
    }
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => Err(Refusal::Encoded),
        _ => Ok(()),
    }
}

fn in_http(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = if status == StatusCode::OK { "application/json" } else { "text/plain; charset=utf-8" };
    let mut response = (status, [(CONTENT_TYPE, HeaderValue::from_static(kind))], answer.body).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
