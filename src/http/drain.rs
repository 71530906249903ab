//! Draining a port in two steps, so that no request is lost.

use std::sync::Arc;

use tokio::sync::watch;

/// How far the shutdown of a port has advanced. Clones share the state.
///
/// A terminating Pod receives requests for some seconds, until every node and API server has removed its endpoint. So the
/// shutdown is announced first: the port still accepts connections and answers requests, but each response closes its
/// connection. Then the port is closed: it accepts no new connections, and idle ones are closed.
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
    /// From now on each response closes its connection.
    pub fn announce(&self) {
        self.advance(Stage::Announced);
    }

    /// From now on no connections are accepted, and idle ones are closed.
    pub fn close(&self) {
        self.advance(Stage::Closing);
    }

    /// Whether the shutdown has been announced.
    #[must_use]
    pub fn is_announced(&self) -> bool {
        *self.0.borrow() >= Stage::Announced
    }

    pub(super) fn is_closing(&self) -> bool {
        *self.0.borrow() == Stage::Closing
    }

    /// Waits until the port is closed.
    pub(super) async fn closed(&self) {
        // `self` holds the sender, so it cannot be dropped while this waits.
        let _ = self.0.subscribe().wait_for(|stage| *stage == Stage::Closing).await;
    }

    /// Stages never go back.
    fn advance(&self, to: Stage) {
        self.0.send_if_modified(|stage| {
            let further = *stage < to;
            *stage = (*stage).max(to);
            further
        });
    }
}
