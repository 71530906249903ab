//! The metrics of all rooms, in one registry.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::http::HttpMetrics;
use crate::metrics::{Certificates, Metrics};
use crate::telemetry::Log;

/// The metrics of a server.
#[derive(Debug)]
pub(super) struct ServerMetrics {
    /// The registry, with reviews, panics and readiness.
    pub(super) process: Metrics,
    /// The admission port.
    pub(super) http: Arc<HttpMetrics>,
    /// The serving certificate.
    pub(super) certificates: Certificates,
    reloads: Family<ReloadLabels, Counter>,
    companions: Family<StateLabel, Gauge>,
    companions_hash: Gauge,
    not_ready: Family<ReasonLabel, Gauge>,
    namespaces: Gauge,
    watches: Family<ResourceLabel, Gauge>,
    watches_heard: Family<ResourceLabel, Gauge>,
    policies_out_of_sync: Gauge,
    manifest_errors: Gauge,
}

/// What is reloaded while the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reloadable {
    /// The serving certificate.
    Certificate,
    /// The companions in files.
    Companions,
}

impl ServerMetrics {
    /// Metrics at zero, registered, with the counter of the log.
    pub(super) fn new(log: &Log) -> Arc<Self> {
        let process = Metrics::default();
        let http = Arc::new(HttpMetrics::new(process.panics.clone()));
        let mut metrics = ServerMetrics {
            process,
            http,
            certificates: Certificates::default(),
            reloads: Family::default(),
            companions: Family::default(),
            companions_hash: Gauge::default(),
            not_ready: Family::default(),
            namespaces: Gauge::default(),
            watches: Family::default(),
            watches_heard: Family::default(),
            policies_out_of_sync: Gauge::default(),
            manifest_errors: Gauge::default(),
        };
        metrics.begin_reloads();
        metrics.register(log);
        Arc::new(metrics)
    }

    /// Counts an attempt to reload something, and whether the new content is used.
    pub(super) fn reloaded(&self, source: Reloadable, used: bool) {
        let result = if used { "used" } else { "rejected" };
        self.reloads.get_or_create(&ReloadLabels { source: source.as_str(), result }).inc();
    }

    /// Sets the number of valid and of invalid companions, and a fingerprint of their versions.
    pub(super) fn companions(&self, valid: usize, invalid: usize, fingerprint: u64) {
        self.companions_hash.set(i64::try_from(fingerprint).unwrap_or(i64::MAX));
        for (state, count) in [("valid", valid), ("invalid", invalid)] {
            self.companions.get_or_create(&StateLabel { state }).set(gauge(count));
        }
    }

    /// Sets how many companions of the cluster are not ready for this reason.
    pub(super) fn companions_not_ready(&self, reason: &'static str, count: usize) {
        self.not_ready.get_or_create(&ReasonLabel { reason }).set(gauge(count));
    }

    /// Sets the number of Namespaces.
    pub(super) fn namespaces(&self, count: usize) {
        self.namespaces.set(gauge(count));
    }

    /// Sets how many policies and bindings of required companions differ from the desired ones.
    pub(super) fn policies_out_of_sync(&self, count: usize) {
        self.policies_out_of_sync.set(gauge(count));
    }

    /// Sets whether a watch works, and when its last event arrived.
    pub(super) fn watch(&self, resource: &'static str, works: bool, last_event: Option<SystemTime>) {
        self.watches.get_or_create(&ResourceLabel { resource }).set(i64::from(!works));
        if let Some(at) = last_event {
            let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
            self.watches_heard.get_or_create(&ResourceLabel { resource }).set(seconds);
        }
    }

    /// Sets the number of errors in the manifests.
    pub(super) fn manifest_errors(&self, count: usize) {
        self.manifest_errors.set(gauge(count));
    }

    /// Only a series that exists before its first event shows an increase at its first event.
    fn begin_reloads(&self) {
        for source in [Reloadable::Certificate, Reloadable::Companions] {
            for result in ["used", "rejected"] {
                drop(self.reloads.get_or_create(&ReloadLabels { source: source.as_str(), result }));
            }
        }
    }

    fn register(&mut self, log: &Log) {
        let r = self.process.registry();
        log.register(r);
        self.http.register(r);
        self.certificates.register(r);
        let help = "Reloads of companions and certificate, and whether the new content is used";
        r.register("reloads", help, self.reloads.clone());
        r.register("companions", "Companions, by state", self.companions.clone());
        let help =
            "Fingerprint of the versions in use; equal in replicas that use the same versions of the same companions";
        r.register("companions_hash", help, self.companions_hash.clone());
        let help = "Companions of the cluster whose newest version is not in use, by reason";
        r.register("companions_not_ready", help, self.not_ready.clone());
        r.register("namespaces", "Known Namespaces", self.namespaces.clone());
        r.register("watch_failing", "Whether a watch is failing", self.watches.clone());
        let help = "Time of the last event of a watch; without changes there is one about every two minutes";
        r.register("watch_last_event_timestamp_seconds", help, self.watches_heard.clone());
        let help = "Policies and bindings of required companions that differ from the desired ones";
        r.register("policies_out_of_sync", help, self.policies_out_of_sync.clone());
        let help = "Errors in the manifests; a companion with one stays at its last valid version";
        r.register("manifest_errors", help, self.manifest_errors.clone());
    }
}

impl Reloadable {
    fn as_str(self) -> &'static str {
        match self {
            Reloadable::Certificate => "certificate",
            Reloadable::Companions => "companions",
        }
    }
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReloadLabels {
    source: &'static str,
    result: &'static str,
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
