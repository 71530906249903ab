//! Connects the admission port to reviews, and reviews to metrics, log and events.

mod observer;
mod preview;

use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;

use crate::admission;
use crate::http::{Heartbeat, Reviewer, Route};
use crate::inject::snapshot::Snapshot;
pub(super) use observer::Observer;
pub(super) use preview::{PreviewLookups, PreviewThreads};

/// Reviews against the current snapshot, and records each review. Previews that take long run on blocking threads of the
/// control runtime.
pub(super) fn reviewer(
    snapshot: Arc<ArcSwap<Snapshot>>,
    observer: Observer,
    heartbeat: Arc<Heartbeat>,
    threads: PreviewThreads,
) -> Reviewer {
    let (offloads, preview) = (threads.offloads(&snapshot, &observer), preview::at_once(&snapshot, &observer));
    let reviewer = Reviewer::new(move |route, body| {
        heartbeat.during(|| match route {
            Route::Inject(webhook) => {
                let (started, snapshot) = (Instant::now(), snapshot.load());
                admission::review(body, webhook, &snapshot, |record| observer.observe(record, started, &snapshot))
            }
            // The offload selects companions before, so this is a workload.
            Route::Preview => preview(route, body),
        })
    });
    offloads.into_iter().fold(reviewer, Reviewer::with_offload)
}
