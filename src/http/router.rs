//! The router of the admission port: one handler for all routes.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::admission::Answer;

use super::body::{BodyReader, ReceivedBody, discard};
use super::connections::slot::ConnectionSlot;
use super::limits::HttpLimits;
use super::metrics::HttpMetrics;
use super::refusal::Refusal;
use super::reviewer::Reviewer;
use super::route::Route;

/// The router of the admission port.
pub fn admission_router(reviewer: Reviewer, limits: &HttpLimits, metrics: Arc<HttpMetrics>) -> Router {
    let bodies = BodyReader::new(limits, Arc::clone(&metrics));
    let handler = Arc::new(AdmissionHandler { reviewer, bodies, metrics });
    let router = Route::ALL.into_iter().fold(Router::new(), |router, route| {
        let (on_post, on_other) = (Arc::clone(&handler), Arc::clone(&handler));
        let review = move |request| async move { on_post.handle(route, request).await };
        let not_post = move |request| async move { on_other.refuse_unread(Refusal::NotPost, request).await };
        router.route(route.path(), post(review).fallback(not_post))
    });
    router.fallback(move |request| async move { handler.refuse_unread(Refusal::NoSuchPath, request).await })
}

/// Turns HTTP requests into reviews.
#[derive(Debug)]
struct AdmissionHandler {
    reviewer: Reviewer,
    bodies: BodyReader,
    metrics: Arc<HttpMetrics>,
}

impl AdmissionHandler {
    async fn handle(&self, route: Route, request: Request) -> Response {
        if let Err(refusal) = require_plain_json(request.headers()) {
            return self.refuse_unread(refusal, request).await;
        }
        match self.review(route, request).await {
            Ok(response) => response,
            Err(refusal) => self.refuse(refusal),
        }
    }

    async fn review(&self, route: Route, request: Request) -> Result<Response, Refusal> {
        let (head, body) = request.into_parts();
        let slot = head.extensions.get::<Arc<ConnectionSlot>>().cloned();
        let body = self.bodies.read(&head.headers, body, slot).await?;
        if let Some(offload) = self.reviewer.offload_for(route, body.bytes()) {
            let body = Arc::new(body);
            let answer = offload.review(route, Arc::clone(&body)).await?;
            return into_response(answer, Arc::into_inner(body));
        }
        let answer = self.reviewer.review(route, body.bytes())?;
        into_response(answer, Some(body))
    }

    /// Refuses a request whose body has not been read. The body is read first, so that the response reaches the client.
    async fn refuse_unread(&self, refusal: Refusal, request: Request) -> Response {
        let (head, mut body) = request.into_parts();
        discard(&head.headers, &mut body).await;
        self.refuse(refusal)
    }

    fn refuse(&self, refusal: Refusal) -> Response {
        self.metrics.record_refusal(refusal.status().as_u16());
        if refusal == Refusal::Panicked {
            self.metrics.record_panic();
        }
        refusal.into_response()
    }
}

/// Checks that the body is uncompressed JSON. A repeated header is refused whatever its values are: a proxy that reads the
/// first one and a server that reads the last one would see different requests.
fn require_plain_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let media_type = single(headers, CONTENT_TYPE).map_err(|()| Refusal::NotJson)?;
    let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::NotJson);
    }
    match single(headers, CONTENT_ENCODING).map_err(|()| Refusal::Encoded)? {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => Err(Refusal::Encoded),
        _ => Ok(()),
    }
}

/// The value of a header, if there is one; an error if the header is repeated.
fn single(headers: &HeaderMap, name: HeaderName) -> Result<Option<&HeaderValue>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(()),
    }
}

/// The HTTP response of an answer. Its bytes are charged to the budget instead of the body's, unless an offloaded review
/// still holds the body (`None`).
fn into_response(answer: Answer, body: Option<ReceivedBody>) -> Result<Response, Refusal> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let media_type = if status == StatusCode::OK { "application/json" } else { "text/plain; charset=utf-8" };
    let bytes = match body {
        Some(body) => body.replaced_by(answer.body)?,
        None => answer.body.into(),
    };
    let mut response = (status, [(CONTENT_TYPE, HeaderValue::from_static(media_type))], bytes).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    Ok(response)
}
