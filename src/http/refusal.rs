//! Why a request never became a review.

use std::time::Duration;

use axum::http::header::{ALLOW, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// Why a request never became a review. The API server takes each for a failure of the webhook, so its failure policy
/// decides; the sentence appears in the API server's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 404.
    #[error(
        "no such path; the `path` of the webhook must be /inject/requested, /inject/opted-in, /inject/cluster-wide or /preview"
    )]
    NoSuchPath,
    /// 405.
    #[error("reviews are sent with POST")]
    NotPost,
    /// 415 for another content type.
    #[error("the Content-Type of a review is application/json")]
    NotJson,
    /// 415 for a compressed body.
    #[error("a review is sent as it is, without a Content-Encoding")]
    Encoded,
    /// 413.
    #[error("the body has more than {limit} bytes; an object of the API never is that large, see --max-body-bytes")]
    TooLarge {
        /// How many bytes are allowed.
        limit: usize,
    },
    /// 408.
    #[error("the body did not arrive within {deadline:?}; see --body-timeout")]
    TooSlow {
        /// How long it may take.
        deadline: Duration,
    },
    /// 400.
    #[error("the body broke off, or is not chunked as it should be")]
    BrokenOff,
    /// 429.
    #[error("too many bytes of reviews are in flight; try again, see --max-bytes-in-flight")]
    Busy,
    /// 500.
    #[error("podgraft failed on this review, which is a bug; its log says where")]
    Panicked,
}

impl Refusal {
    /// The HTTP status.
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
