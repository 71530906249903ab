//! What is counted of companions, Namespaces and the watches that bring them.

mod injected;

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::cluster::{ReadyReason, WatchHealth, WatchedResource};
use super::effective::Effective;
use super::files::report::LoadReport;
use super::key::CompanionKey;
use super::statuses::Statuses;
use injected::{InjectedMetric, MAX_NAMED};

/// The metrics of this room. A series of the cluster exists only where a cluster is watched.
#[derive(Debug, Default)]
pub struct Metrics {
    companions: Family<StateLabel, Gauge>,
    companions_hash: Gauge,
    not_ready: Family<ReasonLabel, Gauge>,
    namespaces: Gauge,
    watch_failing: Family<ResourceLabel, Gauge>,
    watch_last_event: Family<ResourceLabel, Gauge>,
    manifest_errors: Gauge,
    injected: InjectedMetric,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResourceLabel {
    resource: &'static str,
}

impl Metrics {
    /// Adds the metrics to a registry, which sets their prefix.
    pub fn register(&self, r: &mut Registry) {
        r.register("companions", "Companions that are known", self.companions.clone());
        let help = "Hash of the companions in use; equal in replicas that use the same versions";
        r.register("companions_hash", help, self.companions_hash.clone());
        let help = "Companions of the cluster whose newest version is not in use, and why";
        r.register("companions_not_ready", help, self.not_ready.clone());
        r.register("namespaces", "Namespaces that are known", self.namespaces.clone());
        r.register("watch_failing", "1 while the watch of this resource is failing", self.watch_failing.clone());
        let help = "Time of the last event or bookmark from the watch";
        r.register("watch_last_event_timestamp_seconds", help, self.watch_last_event.clone());
        let help = "Errors in the manifests now; a companion with an error stays at its last valid version";
        r.register("manifest_errors", help, self.manifest_errors.clone());
        self.injected.register(r);
    }

    /// Counts injections by companion.
    pub fn record_injections(&self, injected: &[(CompanionKey, u64)], effective: &Effective) {
        self.injected.record(injected, &effective.first_names(MAX_NAMED));
    }

    /// Records which companions and Namespaces are used, and which companions of a cluster are not ready.
    pub fn record(&self, effective: &Effective, statuses: &Statuses) {
        let (valid, invalid) = effective.valid_and_invalid();
        for (state, count) in [("valid", valid), ("invalid", invalid)] {
            self.companions.get_or_create(&StateLabel { state }).set(gauge(count));
        }
        self.companions_hash.set(i64::try_from(effective.fingerprint()).unwrap_or(i64::MAX));
        self.namespaces.set(gauge(effective.namespaces()));
        if effective.has_cluster() {
            self.record_not_ready(statuses);
        }
    }

    fn record_not_ready(&self, statuses: &Statuses) {
        for reason in ReadyReason::ALL.into_iter().filter(|reason| *reason != ReadyReason::Active) {
            let label = ReasonLabel { reason: reason.as_str() };
            self.not_ready.get_or_create(&label).set(gauge(statuses.count(reason)));
        }
    }

    /// Records whether the watches work; called before each scrape.
    pub fn record_watches(&self, health: &WatchHealth) {
        for resource in WatchedResource::ALL {
            let reading = health.reading(resource);
            let fails = !reading.listed || reading.failure.is_some();
            let label = ResourceLabel { resource: resource.as_str() };
            self.watch_failing.get_or_create(&label).set(i64::from(fails));
            if let Some(at) = reading.last_event {
                self.watch_last_event.get_or_create(&label).set(timestamp(at));
            }
        }
    }

    /// Records what is wrong with the manifests.
    pub fn record_manifests(&self, report: &LoadReport) {
        self.manifest_errors.set(gauge(report.errors().count()));
    }
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Seconds since 1970, as Prometheus has them.
fn timestamp(at: SystemTime) -> i64 {
    i64::try_from(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use prometheus_client::encoding::text::encode;

    use super::*;
    use crate::inject::snapshot::Settings;
    use crate::shared_map::SharedMap;
    use crate::source::cluster::ClusterState;
    use crate::source::cluster::testing::{object, raw};
    use crate::source::key::CompanionKey;

    fn scrape(metrics: &Metrics) -> String {
        let (mut registry, mut text) = (Registry::default(), String::new());
        metrics.register(&mut registry);
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn companions_are_counted_by_state_and_by_reason() {
        let companion = |name: &str, image| {
            (CompanionKey { namespace: None, name: name.into() }, object(raw(name, 1, image), None))
        };
        let objects = [companion("a", "i:1"), companion("b", ""), companion("c", "")];
        let state = ClusterState::new(objects, SharedMap::default());
        let (mut effective, mut statuses, metrics) = (Effective::default(), Statuses::default(), Metrics::default());
        let changes = effective.follow(Arc::default(), Some(Arc::new(state)));
        statuses.follow(&effective, &changes, &Settings::default());
        metrics.record(&effective, &statuses);
        let text = scrape(&metrics);
        for line in [
            r#"companions{state="valid"} 1"#,
            r#"companions{state="invalid"} 2"#,
            r#"companions_not_ready{reason="Invalid"} 2"#,
            r#"companions_not_ready{reason="RequiredDisabled"} 0"#,
            "namespaces 0",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}: {text}");
        }
        assert!(!text.contains(r#"reason="Active""#), "{text}");
    }

    #[test]
    fn series_of_a_cluster_exist_only_where_one_is_watched() {
        let metrics = Metrics::default();
        metrics.record(&Effective::default(), &Statuses::default());
        assert!(!scrape(&metrics).contains("companions_not_ready{"));
        metrics.record_watches(&WatchHealth::default());
        let text = scrape(&metrics);
        assert!(text.contains(r#"watch_failing{resource="companions"} 1"#), "not listed yet: {text}");
        assert!(!text.contains("watch_last_event_timestamp_seconds{"), "{text}");
    }
}
