//! Connects the admission port to reviews, and reviews to metrics and log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::runtime::Handle;

use super::metrics::ServerMetrics;
use crate::admission;
use crate::admission::{Answer, ReviewRecord};
use crate::api;
use crate::http::{Heartbeat, Offload, Reviewer, Route};
use crate::inject::snapshot::Snapshot;
use crate::telemetry;

/// How long the validation of a companion in the preview may take.
const PREVIEW_TIMEOUT: Duration = Duration::from_millis(500);
/// The warning where it takes longer, or cannot start.
const NOT_CHECKED: &str =
    "podgraft: the companion was not validated: validation is busy or took too long; run `podgraft validate`";

/// Reviews against the current snapshot, and records each review. Companions in the preview are validated on a blocking
/// thread of the control runtime.
pub(super) fn reviewer(
    snapshot: Arc<ArcSwap<Snapshot>>,
    metrics: Arc<ServerMetrics>,
    heartbeat: Arc<Heartbeat>,
    control: Handle,
) -> Reviewer {
    let offload = validation(&snapshot, &metrics, control);
    Reviewer::new(move |route, body| {
        heartbeat.during(|| match route {
            Route::Inject(webhook) => {
                let started = Instant::now();
                admission::review(body, webhook, &snapshot.load(), |record| observe(record, started, &metrics))
            }
            // The offload selects companions before, so this is a workload.
            Route::Preview => preview(body, &snapshot, &metrics, not_checked),
        })
    })
    .with_offload(offload)
}

/// The validation of companions in the preview, which can take longer than a review thread may be blocked.
fn validation(snapshot: &Arc<ArcSwap<Snapshot>>, metrics: &Arc<ServerMetrics>, control: Handle) -> Offload {
    let is_companion = |route, body: &[u8]| route == Route::Preview && admission::is_of_a_companion(body);
    let preview_with = |advise: fn(&str) -> Vec<String>| {
        let (snapshot, metrics) = (Arc::clone(snapshot), Arc::clone(metrics));
        move |_, body: &[u8]| preview(body, &snapshot, &metrics, advise)
    };
    Offload::new(is_companion, preview_with(api::advise), preview_with(not_checked), PREVIEW_TIMEOUT, control)
}

fn not_checked(_: &str) -> Vec<String> {
    vec![NOT_CHECKED.to_owned()]
}

fn preview(
    body: &[u8],
    snapshot: &ArcSwap<Snapshot>,
    metrics: &ServerMetrics,
    advise: impl FnOnce(&str) -> Vec<String>,
) -> Answer {
    let started = Instant::now();
    admission::preview(body, &snapshot.load(), advise, |record| observe(record, started, metrics))
}

fn observe(record: &ReviewRecord<'_>, started: Instant, metrics: &ServerMetrics) {
    let took = started.elapsed();
    metrics.process.review(record, took);
    telemetry::review(record, took);
}
