//! What is counted of events.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// The metrics of this room. Clones share their series.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    events: Family<ResultLabel, Counter>,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventResult {
    /// It was created.
    Created,
    /// There is one of the same object, subject and reason.
    Repeated,
    /// The queue was full.
    Dropped,
    /// The API server did not accept it, or did not answer.
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

impl Metrics {
    /// Adds the metrics to a registry, which sets their prefix.
    pub fn register(&self, r: &mut Registry) {
        r.register("events", "Events for objects of the cluster, and what became of them", self.events.clone());
    }

    /// Creates the series, so that their first change can be seen.
    pub fn begin(&self) {
        use EventResult::{Created, Dropped, Failed, Repeated};
        for result in [Created, Repeated, Dropped, Failed] {
            drop(self.events.get_or_create(&result.label()));
        }
    }

    pub(super) fn count(&self, result: EventResult) {
        self.events.get_or_create(&result.label()).inc();
    }

    #[cfg(test)]
    pub(super) fn counted(&self, result: EventResult) -> u64 {
        self.events.get_or_create(&result.label()).get()
    }
}

impl EventResult {
    fn label(self) -> ResultLabel {
        let result = match self {
            EventResult::Created => "created",
            EventResult::Repeated => "repeated",
            EventResult::Dropped => "dropped",
            EventResult::Failed => "failed",
        };
        ResultLabel { result }
    }
}
