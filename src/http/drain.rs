//! The end of a port, in two steps, so that no request is lost.

use std::sync::Arc;

use tokio::sync::watch;

/// How far the end has come. Clones share it.
///
/// A Pod that is to end is still sent requests for some seconds, until every node and API server has heard of it. So
/// first the end is announced: connections are accepted and requests answered as before, but each answer closes its
/// connection. Only then is it closed: no new connections, and those that rest are closed.
#[derive(Debug, Clone)]
pub struct Drain(Arc<watch::Sender<Stage>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    Announced,
    Closing,
}

impl Default for Drain {
    fn default() -> Self {
        Drain(Arc::new(watch::Sender::new(Stage::Serving)))
    }
}

impl Drain {
    /// From now on each answer closes its connection.
    pub fn announce(&self) {
        self.advance(Stage::Announced);
    }

    /// From now on no connections are accepted, and those that rest are closed.
    pub fn close(&self) {
        self.advance(Stage::Closing);
    }

    /// Whether the end has been announced.
    #[must_use]
    pub fn announced(&self) -> bool {
        *self.0.borrow() >= Stage::Announced
    }

    pub(super) fn closing(&self) -> bool {
        *self.0.borrow() == Stage::Closing
    }

    /// Waits until it is closed.
    pub(super) async fn closed(&self) {
        // The sender is ours, so it cannot be gone.
        let _ = self.0.subscribe().wait_for(|stage| *stage == Stage::Closing).await;
    }

    /// Steps are never taken back.
    fn advance(&self, to: Stage) {
        self.0.send_if_modified(|stage| {
            let further = *stage < to;
            *stage = (*stage).max(to);
            further
        });
    }
}
