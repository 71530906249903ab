//! A server that answers reviews, until it has drained.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::time::{sleep, timeout};

use super::background::Background;
use super::config::Config;
use super::control::Control;
use super::review_threads::ReviewThreads;
use crate::http::Drain;

/// How long the tasks that write to the cluster may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A running server. Dropping it ends its background tasks and the control thread.
pub(super) struct Running {
    reviews: ReviewThreads,
    drain: Drain,
    drain_delay: Duration,
    drain_timeout: Duration,
    background: Background,
    _control: Control,
}

impl Running {
    pub(super) fn new(
        config: &Config,
        reviews: ReviewThreads,
        drain: Drain,
        background: Background,
        control: Control,
    ) -> Self {
        let (drain_delay, drain_timeout) = (config.drain_delay, config.drain_timeout);
        Running { reviews, drain, drain_delay, drain_timeout, background, _control: control }
    }

    /// Waits until the admission port ends on its own, which it never should.
    pub(super) async fn failed(&mut self) -> anyhow::Error {
        let cut = (&mut self.reviews.ended).await;
        anyhow!("the admission port has ended on its own: {cut:?}")
    }

    /// Announces the shutdown, accepts requests for the delay, and finishes the requests in progress. Returns how many
    /// connections were cut off.
    ///
    /// # Errors
    /// The admission port fails.
    pub(super) async fn drain(mut self) -> anyhow::Result<usize> {
        tracing::info!(delay = ?self.drain_delay, timeout = ?self.drain_timeout, "draining");
        let drained = async {
            self.drain.announce();
            sleep(self.drain_delay).await;
            self.drain.close();
            self.reviews.ended.await
        };
        // The timeout keeps a control thread that is busy with companions from delaying the shutdown.
        let stopped = timeout(STOP_TIMEOUT, self.background.stop_writing());
        let (cut, _) = tokio::join!(drained, stopped);
        cut.context("the admission port failed")
    }
}
