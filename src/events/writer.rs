//! Creates events, each once in ten minutes among all replicas.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use super::metrics::{EventResult, Metrics};
use super::occurrence::Occurrence;
use super::queue::PendingEvents;
use super::recent::RecentEvents;
use crate::watch::error::{request_message, timeout_message};

/// The least time between two events: a flood of them must not become a flood of requests.
const PACE: Duration = Duration::from_millis(50);
/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The least time between two log lines about events that could not be created.
const WARNING_INTERVAL: Duration = Duration::from_secs(600);

/// Who reports an event.
#[derive(Debug, Clone)]
pub struct Reporter {
    /// The name of the installation: `reportingController`, and the first part of the names of events.
    pub installation: Arc<str>,
    /// The name of the Pod: `reportingInstance`.
    pub instance: Arc<str>,
}

/// Creates events.
pub struct EventWriter {
    client: Client,
    reporter: Reporter,
    recent: RecentEvents,
    metrics: Metrics,
    last_warning: Option<Instant>,
}

impl EventWriter {
    /// A writer that has created nothing yet.
    #[must_use]
    pub fn new(client: Client, reporter: Reporter, metrics: Metrics) -> Self {
        EventWriter { client, reporter, recent: RecentEvents::default(), metrics, last_warning: None }
    }

    /// The client that creates the events.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Creates the events of a queue, until its other end is dropped. The queue is locked meanwhile: after a panic, another
    /// task goes on with it.
    pub async fn drain(mut self, pending: Arc<Mutex<PendingEvents>>) {
        let mut pending = pending.lock().await;
        while let Some(occurrence) = pending.recv().await {
            if self.create(occurrence).await {
                sleep(PACE).await;
            }
        }
    }

    /// Creates an event, unless there is one of the same object, subject and reason. Returns whether a request was sent.
    pub async fn create(&mut self, occurrence: Occurrence) -> bool {
        let digest = occurrence.digest(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
        if !self.recent.insert(digest) {
            self.metrics.count(EventResult::Repeated);
            return false;
        }
        let result = self.send(self.event(occurrence, digest)).await;
        match &result {
            Ok(result) => self.metrics.count(*result),
            Err(error) => {
                self.recent.remove(digest);
                self.metrics.count(EventResult::Failed);
                self.warn(error);
            }
        }
        true
    }

    fn event(&self, occurrence: Occurrence, digest: u64) -> Event {
        let Occurrence { regarding, reason, action, note, event_type, .. } = occurrence;
        let Reporter { installation, instance } = &self.reporter;
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{installation}.{digest:016x}")),
                namespace: regarding.namespace.clone(),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(Timestamp::now())),
            action: Some(action.to_owned()),
            reason: Some(reason.to_owned()),
            note: Some(note),
            type_: Some(event_type.as_str().to_owned()),
            regarding: Some(regarding),
            reporting_controller: Some(installation.to_string()),
            reporting_instance: Some(instance.to_string()),
            ..Event::default()
        }
    }

    async fn send(&self, event: Event) -> Result<EventResult, String> {
        let namespace = event.metadata.namespace.as_deref().unwrap_or("default");
        let events: Api<Event> = Api::namespaced(self.client.clone(), namespace);
        match timeout(TIMEOUT, events.create(&PostParams::default(), &event)).await {
            Ok(Ok(_)) => Ok(EventResult::Created),
            Ok(Err(kube::Error::Api(status))) if status.is_already_exists() => Ok(EventResult::Repeated),
            Ok(Err(error)) => Err(request_message(&error)),
            Err(_) => Err(timeout_message(TIMEOUT)),
        }
    }

    fn warn(&mut self, error: &str) {
        if self.last_warning.is_none_or(|last| last.elapsed() >= WARNING_INTERVAL) {
            self.last_warning = Some(Instant::now());
            tracing::warn!(error, "cannot create events; see podgraft's ClusterRole and Role");
        }
    }
}
