//! What is counted of the connections of the admission port.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::labels::KindLabel;

/// The connections of the admission port.
#[derive(Debug, Default)]
pub struct ConnectionCounts {
    /// Those that are open.
    pub open: Gauge,
    /// Those that were closed at once, for there were too many.
    pub rejected: Counter,
    evicted: Family<KindLabel, Counter>,
    /// Times that none could be accepted.
    pub accept_failures: Counter,
}

impl ConnectionCounts {
    /// Counts one that was closed to make room or to free memory. The kind comes out of a closed set.
    pub fn evicted(&self, kind: &'static str) {
        self.evicted.get_or_create(&KindLabel { kind }).inc();
    }

    pub(super) fn register(&self, r: &mut Registry) {
        r.register("connections", "Open connections of the admission port", self.open.clone());
        let help = "Connections closed at once, for there were too many";
        r.register("connections_rejected", help, self.rejected.clone());
        let help = "Connections closed to make room or to free memory, by kind";
        r.register("connections_evicted", help, self.evicted.clone());
        r.register("accept_failures", "Connections that could not be accepted", self.accept_failures.clone());
    }
}
