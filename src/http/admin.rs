//! The port for probes and for monitoring: plain HTTP, nothing secret.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use axum::Router;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// What OpenMetrics text is called.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One thing that must be right before reviews are sent here.
#[derive(Clone)]
pub struct HealthCheck {
    name: &'static str,
    probe: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
}

impl HealthCheck {
    /// Names a probe; it says what is wrong.
    pub fn new(name: &'static str, probe: impl Fn() -> Result<(), String> + Send + Sync + 'static) -> Self {
        HealthCheck { name, probe: Arc::new(probe) }
    }

    /// Whether it is right now.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.outcome().is_ok()
    }

    /// The same, or what is wrong.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn outcome(&self) -> Result<(), String> {
        (self.probe)()
    }
}

impl fmt::Debug for HealthCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Check").field(&self.name).finish()
    }
}

/// The router of the admin port: `/livez`, `/healthz`, `/readyz` and `/metrics`.
///
/// Only what a restart would mend may be among the checks of `alive`, for it ends the process.
pub fn admin_router(
    alive: Vec<HealthCheck>,
    checks: Vec<HealthCheck>,
    scrape: impl Fn() -> String + Clone + Send + Sync + 'static,
) -> Router {
    let alive: Arc<[HealthCheck]> = alive.into();
    let live = move |RawQuery(query): RawQuery| async move { answer("livez", &alive, query.as_deref()) };
    Router::new()
        .route("/livez", get(live.clone()))
        .route("/healthz", get(live))
        .route("/readyz", get(async move |RawQuery(query): RawQuery| answer("readyz", &checks, query.as_deref())))
        .route("/metrics", get(async move || ([(CONTENT_TYPE, OPEN_METRICS)], scrape())))
        .fallback(async || (StatusCode::NOT_FOUND, "see /livez, /readyz?verbose and /metrics\n"))
}

/// Answers as the API server's own probes do: the list where it is asked for, and where something is wrong.
fn answer(path: &str, checks: &[HealthCheck], query: Option<&str>) -> Response {
    let mut list = String::new();
    let mut failed = false;
    for check in checks {
        // Writing to a String cannot fail.
        let _ = match (check.probe)() {
            Ok(()) => writeln!(list, "[+]{} ok", check.name),
            Err(why) => {
                failed = true;
                writeln!(list, "[-]{} failed: {why}", check.name)
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
