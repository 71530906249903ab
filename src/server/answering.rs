//! The threads that answer reviews, and do nothing else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

use crate::admission;
use crate::admission::{Answer, ReviewRecord};
use crate::api;
use crate::http::{Aside, ConnectionEvent, Heartbeat, Listener, Observer, Reviewer, Route};
use crate::inject::snapshot::Snapshot;
use crate::metrics::Metrics;
use crate::telemetry;

/// How long the preview of a companion may take. The answer says so if it takes longer.
const PREVIEW: Duration = Duration::from_millis(500);
/// What the answer says then.
const NOT_CHECKED: &str =
    "podgraft: not checked: other companions are being checked, or this one takes too long; run `podgraft validate`";

/// The threads that answer.
pub(crate) struct Answering {
    pub(crate) address: SocketAddr,
    /// How many connections were cut off at the end.
    pub(crate) ended: oneshot::Receiver<usize>,
}

impl Answering {
    /// Starts so many threads, which bind the port and serve it until it is drained.
    ///
    /// # Errors
    /// The threads cannot be started, or the port cannot be bound.
    pub(crate) async fn start(
        workers: u16,
        patience: Duration,
        heartbeat: Arc<Heartbeat>,
        bind: impl Future<Output = anyhow::Result<Listener>> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let runtime = runtime(workers).context("cannot start the runtime; see --workers")?;
        let (bound, address) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let answer = async move {
            let port = match bind.await {
                Ok(port) => port,
                Err(error) => return drop(bound.send(Err(error))),
            };
            tokio::spawn(heartbeat.beat());
            let _ = bound.send(Ok(port.address()));
            let _ = end.send(port.serve(patience).await);
        };
        let thread = thread::Builder::new().name("reviews".into());
        thread.spawn(move || runtime.block_on(answer)).context("cannot start the thread that answers reviews")?;
        let address = address.await.context("the thread that answers reviews has ended")??;
        Ok(Answering { address, ended })
    }
}

/// One thread unless more are asked for: on one or two CPUs that costs less for each review.
fn runtime(workers: u16) -> std::io::Result<Runtime> {
    let mut builder = if workers > 1 { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.worker_threads(usize::from(workers)).thread_name("reviews").max_blocking_threads(1).enable_all().build()
}

/// Reviews against the newest snapshot, and what is told of them. Companions in the preview are looked at on a thread of the
/// control runtime.
pub(crate) fn reviewer(
    snapshot: Arc<ArcSwap<Snapshot>>,
    metrics: Arc<Metrics>,
    heartbeat: Arc<Heartbeat>,
    control: Handle,
) -> Reviewer {
    let (aside, late) = ((Arc::clone(&snapshot), Arc::clone(&metrics)), (Arc::clone(&snapshot), Arc::clone(&metrics)));
    let is_of_a_companion = |question, body: &[u8]| question == Route::Preview && admission::is_of_a_companion(body);
    let check = move |_, body: &[u8]| preview(body, &aside.0, &aside.1, api::advise);
    let instead = move |_, body: &[u8]| preview(body, &late.0, &late.1, |_| vec![NOT_CHECKED.to_owned()]);
    Reviewer::new(move |question, body| {
        heartbeat.during(|| match question {
            Route::Inject(entry) => {
                let started = Instant::now();
                admission::review(body, entry, &snapshot.load(), |record| observe(record, started, &metrics))
            }
            // A companion is not looked at here.
            Route::Preview => preview(body, &snapshot, &metrics, |_| vec![NOT_CHECKED.to_owned()]),
        })
    })
    .with_aside(Aside::new(is_of_a_companion, check, instead, PREVIEW, control))
}

fn preview(
    body: &[u8],
    snapshot: &ArcSwap<Snapshot>,
    metrics: &Metrics,
    advise: impl FnOnce(&str) -> Vec<String>,
) -> Answer {
    let started = Instant::now();
    admission::preview(body, &snapshot.load(), advise, |record| observe(record, started, metrics))
}

fn observe(record: &ReviewRecord<'_>, started: Instant, metrics: &Metrics) {
    let took = started.elapsed();
    metrics.review(record, took);
    telemetry::review(record, took);
}

/// Counts what happens on the port besides reviews.
pub(crate) fn observer(metrics: Arc<Metrics>) -> Observer {
    let count = move |event| match event {
        ConnectionEvent::Opened => {
            metrics.connections.open.inc();
        }
        ConnectionEvent::Closed => {
            metrics.connections.open.dec();
        }
        ConnectionEvent::Rejected => {
            metrics.connections.rejected.inc();
        }
        ConnectionEvent::Evicted(why) => metrics.connections.evicted(why.as_str()),
        ConnectionEvent::AcceptFailed => {
            metrics.connections.accept_failures.inc();
        }
        ConnectionEvent::Panicked => {
            metrics.panics.inc();
        }
        ConnectionEvent::HandshakeFailed(fault) => metrics.handshake_failed(fault.as_str()),
        ConnectionEvent::Refused(status) => metrics.refused(status),
    };
    Observer::new(count)
}
