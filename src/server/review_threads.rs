//! The threads that answer reviews.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::http::{Heartbeat, Listener};

/// The review threads, and the admission port that they serve.
pub(super) struct ReviewThreads {
    /// The address of the admission port.
    pub(super) address: SocketAddr,
    /// Resolves to the number of connections that were cut off when the port has drained.
    pub(super) ended: oneshot::Receiver<usize>,
}

impl ReviewThreads {
    /// Starts `workers` threads, which bind the port and serve it until it has drained. After the drain is closed, requests
    /// may take up to `patience`.
    ///
    /// # Errors
    /// The threads cannot be started, or the port cannot be bound.
    pub(super) async fn start(
        workers: u16,
        patience: Duration,
        heartbeat: Arc<Heartbeat>,
        bind: impl Future<Output = anyhow::Result<Listener>> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let runtime = runtime(workers).context("cannot start the runtime; see --workers")?;
        let (bound, address) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let serve = async move {
            let port = match bind.await {
                Ok(port) => port,
                Err(error) => return drop(bound.send(Err(error))),
            };
            tokio::spawn(heartbeat.beat());
            let _ = bound.send(Ok(port.address()));
            let _ = end.send(port.serve(patience).await);
        };
        let thread = thread::Builder::new().name("reviews".into());
        thread.spawn(move || runtime.block_on(serve)).context("cannot start the review threads")?;
        let address = address.await.context("the review threads have ended")??;
        Ok(ReviewThreads { address, ended })
    }
}

/// A single-threaded runtime for one worker, because on one or two CPUs it costs less for each review.
fn runtime(workers: u16) -> std::io::Result<Runtime> {
    let mut builder = if workers > 1 { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.worker_threads(usize::from(workers)).thread_name("reviews").max_blocking_threads(1).enable_all().build()
}
