//! Requests that are refused before they become a review.

use std::time::Duration;

use axum::http::header::{ALLOW, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::route::Route;

/// Why a request is refused before it becomes a review. The API server treats each refusal as a failure of the webhook, so the
/// webhook's `failurePolicy` decides; the message appears in the API server's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 404.
    #[error(
        "not found: the `path` of the webhook must be one of {}", Route::ALL.map(Route::path).join(", ")
    )]
    NoSuchPath,
    /// 405.
    #[error("method not allowed: reviews are sent with POST")]
    NotPost,
    /// 415 for another Content-Type.
    #[error("unsupported Content-Type: must be application/json")]
    NotJson,
    /// 415 for a compressed body.
    #[error("unsupported Content-Encoding: the body must not be compressed")]
    Encoded,
    /// 413.
    #[error("the body is larger than {limit} bytes, and no API object is that large; see --max-body-bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// 408.
    #[error("the body did not arrive within {deadline:?}; see --body-timeout")]
    TooSlow {
        /// The limit.
        deadline: Duration,
    },
    /// 400.
    #[error("the body is incomplete, or its chunked encoding is invalid")]
    BrokenOff,
    /// 429.
    #[error("too many bytes of reviews are in flight; try again later, or see --max-bytes-in-flight")]
    Busy,
    /// 500.
    #[error("podgraft panicked while reviewing this object; this is a bug, and podgraft's log has the source location")]
    Panicked,
}

impl Refusal {
    /// The HTTP status of the response.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Refusal::NoSuchPath => StatusCode::NOT_FOUND,
            Refusal::NotPost => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::NotJson | Refusal::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::TooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
            Refusal::BrokenOff => StatusCode::BAD_REQUEST,
            Refusal::Busy => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status(), format!("podgraft: {self}\n")).into_response();
        match self {
            Refusal::NotPost => response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST")),
            Refusal::Busy => response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1")),
            _ => None,
        };
        response
    }
}
