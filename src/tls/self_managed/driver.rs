//! Carries out the actions of a replica: calls the API server, serves, logs and counts. It decides nothing.

pub(super) mod cluster;
mod log;

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::action::{Action, CallError, Idle, RoundError};
use super::moment::Moment;
use super::replica::Replica;
use super::rotate::Event;
use super::webhooks::Configuration;
use crate::tls::metrics::{IssuedKind, Metrics};
use crate::tls::pair::Pair;
use crate::tls::serving::Serving;
use cluster::{ClusterClient, ClusterEvent};
use log::{WatchFailureLog, seconds_until};

pub(super) struct Driver<F> {
    replica: Replica,
    cluster: ClusterClient,
    /// Namespace and name of the Secret, for the log.
    secret: String,
    serving: Arc<Serving>,
    metrics: Metrics,
    on_new_pair: F,
    watch_failures: WatchFailureLog,
}

impl<F: FnMut()> Driver<F> {
    pub(super) fn new(
        replica: Replica,
        cluster: ClusterClient,
        secret: String,
        serving: Arc<Serving>,
        metrics: Metrics,
        on_new_pair: F,
    ) -> Self {
        let watch_failures = WatchFailureLog::default();
        Driver { replica, cluster, secret, serving, metrics, on_new_pair, watch_failures }
    }

    pub(super) async fn run(mut self, poll_interval: Duration) {
        let mut events = pin!(self.cluster.watch());
        let mut poll = interval(poll_interval);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            match self.replica.next(now()) {
                Action::ReadSecret => {
                    let outcome = self.cluster.read().await;
                    self.replica.secret_read(outcome, now());
                }
                Action::WriteSecret { secret, events } => self.write(*secret, &events).await,
                Action::Serve(pair) => self.serve(pair),
                Action::PatchWebhooks { configuration, patch } => self.patch(configuration, &patch).await,
                Action::Idle(idle) => {
                    self.report(&idle);
                    tokio::select! {
                        Some(event) = events.next() => self.note(event),
                        _ = poll.tick() => {}
                    }
                }
            }
        }
    }

    fn note(&mut self, event: ClusterEvent) {
        match event {
            ClusterEvent::Secret(version) => self.replica.note_secret(version.as_deref()),
            ClusterEvent::Configuration(configuration, observed) => {
                self.replica.note_configuration(configuration, observed);
            }
            // While calls fail, the log has the same error already.
            ClusterEvent::WatchFailed { .. } if self.replica.is_failing() => {}
            ClusterEvent::WatchFailed { name, error } => {
                if let Some(names) = self.watch_failures.record(name, Instant::now()) {
                    tracing::warn!(names, error, "watch failed, retrying; the served certificate stays");
                }
            }
        }
    }

    async fn write(&mut self, secret: Secret, events: &[Event]) {
        let outcome = self.cluster.write(secret).await;
        if outcome.is_ok() {
            self.report_written(events);
        }
        self.replica.secret_written(outcome);
    }

    fn report_written(&self, events: &[Event]) {
        if events.is_empty() {
            tracing::warn!(secret = self.secret, "restored what the Secret had lost and what is in use here");
        }
        for event in events {
            event.log(&self.secret);
            match event {
                Event::CaCreated(_) | Event::NextCaAdded(_) => self.metrics.count_issued(IssuedKind::Ca),
                Event::PairIssued(_) => self.metrics.count_issued(IssuedKind::Pair),
                Event::CaPromoted(_) | Event::CaExpired(_) => {}
            }
        }
    }

    fn serve(&mut self, pair: Arc<Pair>) {
        let expires = pair.expires();
        self.serving.replace(pair);
        let valid_seconds = seconds_until(expires);
        tracing::info!(secret = self.secret, valid_seconds, "serving a new certificate");
        self.metrics.set_certificate_expiry(expires);
        (self.on_new_pair)();
    }

    async fn patch(&mut self, configuration: Configuration, patch: &Value) {
        let name = self.cluster.name(configuration);
        let outcome = self.cluster.patch(configuration, patch).await;
        match &outcome {
            Ok(()) => tracing::info!(name, "caBundle written"),
            // Another client has written the object, and the watch is about to report it.
            Err(CallError::Conflict(error)) => tracing::debug!(name, error, "caBundle not written"),
            Err(error) => {
                tracing::warn!(name, %error, "cannot write caBundle, retrying");
                self.metrics.count_failure();
            }
        }
        self.replica.webhook_patched(&outcome);
    }

    fn report(&self, idle: &Idle) {
        match idle {
            Idle::Done { bundles_in_sync, ca_expires } => {
                self.metrics.set_bundles_in_sync(*bundles_in_sync);
                ca_expires.inspect(|expires| self.metrics.set_ca_expiry(*expires));
            }
            Idle::Failed { error, pause, ca_expires } => {
                ca_expires.inspect(|expires| self.metrics.set_ca_expiry(*expires));
                self.report_failure(error, *pause);
            }
            Idle::Paused => {}
        }
    }

    fn report_failure(&self, error: &RoundError, pause: Duration) {
        let meanwhile = match self.serving.expires() {
            None => "there is no certificate to serve yet",
            Some(_) => "the served certificate stays",
        };
        tracing::warn!(secret = self.secret, %error, ?pause, "cannot maintain the certificate; {meanwhile}");
        self.metrics.count_failure();
    }
}

fn now() -> Moment {
    Moment { date: SystemTime::now(), instant: Instant::now() }
}
