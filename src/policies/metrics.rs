//! What is counted of the policies of required companions.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::reconciler::PolicyState;

/// The metrics of this room.
#[derive(Debug, Default)]
pub struct Metrics {
    out_of_sync: Gauge,
    waiting: Gauge,
}

impl Metrics {
    /// Adds the metrics to a registry, which sets their prefix.
    pub fn register(&self, r: &mut Registry) {
        let help = "Policies and bindings of required companions that differ from the desired ones";
        r.register("policies_out_of_sync", help, self.out_of_sync.clone());
        let help = "Required companions whose newest version waits until another installation accepts it";
        r.register("policies_waiting", help, self.waiting.clone());
    }

    /// Records how many policies and bindings still have to be written, and how many companions wait.
    pub fn record(&self, state: PolicyState) {
        self.out_of_sync.set(i64::try_from(state.out_of_sync).unwrap_or(i64::MAX));
        self.waiting.set(i64::try_from(state.waiting).unwrap_or(i64::MAX));
    }
}
