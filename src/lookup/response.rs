//! Requests with a deadline, and responses of bounded size.
//!
//! `kube::Client::request_text` reads a response of any size, so this file reads the body itself.

use std::fmt;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kube::Client;
use kube::api::ListParams;
use kube::client::Body;
use kube::core::{Request, Status};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};

use crate::watch::error::request_message;

/// Why a lookup has no result. Warnings repeat this to clients, so it has no text of the API server: that goes to the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LookupError {
    /// The response has more bytes than the lookup may read.
    TooLarge,
    /// The deadline has passed.
    OutOfTime,
    /// The API server does not know the resource.
    NotFound,
    /// The API server answered with this status.
    Refused(u16),
    /// The API server did not answer.
    Unreachable,
    /// The response is not what the API documents.
    Unreadable,
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookupError::TooLarge => f.write_str("the response of the API server is too large"),
            LookupError::OutOfTime => f.write_str("the API server did not answer in time"),
            LookupError::NotFound => f.write_str("the API server does not have this resource"),
            LookupError::Refused(code) => write!(f, "the API server answered with status {code}"),
            LookupError::Unreachable => f.write_str("the API server cannot be reached"),
            LookupError::Unreadable => f.write_str("the response of the API server cannot be read"),
        }
    }
}

/// The bounds of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) deadline: Instant,
    /// The most bytes of the response.
    pub(super) bytes: usize,
}

/// A page of a list. Its items stay text until each is visited, because a JSON value takes many times the memory of its text.
#[derive(Debug, Deserialize)]
pub(super) struct Page<'t> {
    #[serde(default)]
    pub(super) metadata: PageMetadata,
    #[serde(borrow, default)]
    pub(super) items: Vec<&'t RawValue>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct PageMetadata {
    /// The token of the next page; empty on the last one.
    #[serde(default, rename = "continue")]
    pub(super) token: String,
}

/// The text of a page of the objects at a path.
pub(super) async fn page(
    client: &Client,
    path: &str,
    params: &ListParams,
    bounds: Bounds,
) -> Result<String, LookupError> {
    let request = Request::new(path).list(params);
    send(client, request.map_err(|error| logged(&error, LookupError::Unreachable))?, bounds).await
}

/// The text of the response to a request.
pub(super) async fn send(
    client: &Client,
    request: axum::http::Request<Vec<u8>>,
    bounds: Bounds,
) -> Result<String, LookupError> {
    let answer = async {
        let response = client.send(request.map(Body::from)).await;
        let response = response.map_err(|error| logged(&request_message(&error), LookupError::Unreachable))?;
        let status = response.status();
        let text = read(response.into_body(), bounds.bytes).await?;
        if status.is_success() { Ok(text) } else { Err(refused(status.as_u16(), &text)) }
    };
    timeout_at(bounds.deadline, answer).await.unwrap_or(Err(LookupError::OutOfTime))
}

async fn read(body: Body, most: usize) -> Result<String, LookupError> {
    let bytes = Limited::new(body, most).collect().await.map_err(|error| {
        let is_too_large = error.downcast_ref::<LengthLimitError>().is_some();
        if is_too_large { LookupError::TooLarge } else { logged(&error, LookupError::Unreachable) }
    })?;
    String::from_utf8(bytes.to_bytes().into()).map_err(|error| logged(&error, LookupError::Unreadable))
}

fn refused(code: u16, text: &str) -> LookupError {
    if code == 404 {
        return LookupError::NotFound;
    }
    let message = serde_json::from_str::<Status>(text).map(|status| status.message).unwrap_or_default();
    logged(&message, LookupError::Refused(code))
}

/// The error, after its cause is logged.
fn logged(cause: &dyn fmt::Display, error: LookupError) -> LookupError {
    tracing::debug!("lookup for a preview failed: {error}: {cause}");
    error
}

/// Reads a response as JSON.
pub(super) fn parsed<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, LookupError> {
    serde_json::from_str(text).map_err(|error| logged(&error, LookupError::Unreadable))
}
