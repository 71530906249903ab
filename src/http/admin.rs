//! The admin port: probes and metrics over plain HTTP. It serves nothing secret.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::health::HealthCheck;

/// The media type of the OpenMetrics text format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The router of the admin port: `/livez`, `/healthz`, `/readyz` and `/metrics`.
///
/// A failing check of `live` makes the kubelet restart the container, so it must be one that a restart can fix. `scrape`
/// returns OpenMetrics text.
pub fn admin_router(
    live: Vec<HealthCheck>,
    ready: Vec<HealthCheck>,
    scrape: impl Fn() -> String + Clone + Send + Sync + 'static,
) -> Router {
    let live: Arc<[HealthCheck]> = live.into();
    let livez = move |RawQuery(query): RawQuery| async move { respond("livez", &live, query.as_deref()) };
    Router::new()
        .route("/livez", get(livez.clone()))
        .route("/healthz", get(livez))
        .route("/readyz", get(async move |RawQuery(query): RawQuery| respond("readyz", &ready, query.as_deref())))
        .route("/metrics", get(async move || ([(CONTENT_TYPE, OPEN_METRICS)], scrape())))
        .fallback(async || (StatusCode::NOT_FOUND, "not found; see /livez, /readyz?verbose and /metrics\n"))
}

/// Responds as the API server's own probes do: with the list of checks if `?verbose` asks for it or if one has failed.
fn respond(path: &str, checks: &[HealthCheck], query: Option<&str>) -> Response {
    let mut list = String::new();
    let mut failed = false;
    for check in checks {
        // Writing to a String cannot fail.
        let _ = match check.outcome() {
            Ok(()) => writeln!(list, "[+]{} ok", check.name()),
            Err(reason) => {
                failed = true;
                writeln!(list, "[-]{} failed: {reason}", check.name())
            }
        };
    }
    let verbose = query.is_some_and(|query| query.split('&').any(|part| part == "verbose" || part == "verbose=true"));
    match (failed, verbose) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, format!("{list}{path} check failed\n")).into_response(),
        (false, true) => format!("{list}{path} check passed\n").into_response(),
        (false, false) => "ok\n".into_response(),
    }
}
