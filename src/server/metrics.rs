//! The metrics of all rooms, in one registry.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::events;
use crate::http::HttpMetrics;
use crate::metrics::Metrics;
use crate::policies;
use crate::source;
use crate::telemetry::Log;
use crate::tls;
use crate::webhook::Registrations;

/// The metrics of a server.
#[derive(Debug)]
pub(super) struct ServerMetrics {
    /// The registry, with reviews, panics and readiness.
    pub(super) process: Metrics,
    /// The admission port.
    pub(super) http: Arc<HttpMetrics>,
    /// The serving certificate.
    pub(super) certificates: tls::Metrics,
    /// Companions, Namespaces and their watches.
    pub(super) source: source::Metrics,
    /// The policies of required companions.
    pub(super) policies: policies::Metrics,
    /// Events for objects of the cluster.
    pub(super) events: events::Metrics,
    webhook_missing: Family<WebhookLabel, Gauge>,
    reloads: Family<ReloadLabels, Counter>,
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
            certificates: tls::Metrics::default(),
            source: source::Metrics::default(),
            policies: policies::Metrics::default(),
            events: events::Metrics::default(),
            webhook_missing: Family::default(),
            reloads: Family::default(),
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

    /// Records which webhook configurations exist. What is not known has no series.
    pub(super) fn record_registrations(&self, registrations: Registrations) {
        for configuration in registrations.known.iter() {
            let label = WebhookLabel { webhook: configuration.as_str() };
            self.webhook_missing.get_or_create(&label).set(registrations.missing.contains(configuration).into());
        }
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
        self.source.register(r);
        self.policies.register(r);
        self.events.register(r);
        let help = "1 if this webhook configuration of podgraft does not exist";
        r.register("webhook_missing", help, self.webhook_missing.clone());
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

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WebhookLabel {
    webhook: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReloadLabels {
    source: &'static str,
    result: &'static str,
}
