//! Whether the watches work, and what a replica is still waiting for after its start.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::http::Request;
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use kube::runtime::watcher::{self, Event};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::watch::error::{status, watch_message};

/// How long the API server may take to begin a response.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long the watches must last before the replica has caught up: an API server may accept a watch and end it at once
/// with 410 Gone, so that everything has to be listed again.
const MUST_LAST: Duration = Duration::from_millis(50);

/// A resource that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchedResource {
    /// ClusterCompanions.
    ClusterCompanions,
    /// Companions of all namespaces.
    Companions,
    /// Namespaces.
    Namespaces,
}

/// The state of one watch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchReading {
    /// Whether a list was finished since the start.
    pub listed: bool,
    /// Whether the API server accepted the watch after the last list, and has not ended it with an error.
    pub watched: bool,
    /// Why the last request failed, until the next one succeeds.
    pub failure: Option<String>,
    /// When the API server last sent anything, bookmarks included.
    pub last_event: Option<SystemTime>,
}

/// The state of all watches, shared by the task that watches, the probes and the metrics.
#[derive(Debug, Default)]
pub struct WatchHealth {
    readings: [Mutex<WatchReading>; WatchedResource::ALL.len()],
    caught_up: AtomicBool,
    /// Notifies [`WatchHealth::catch_up`] that a list was finished or a watch accepted.
    progress: Notify,
}

impl WatchedResource {
    /// All of them.
    pub const ALL: [WatchedResource; 3] =
        [WatchedResource::ClusterCompanions, WatchedResource::Companions, WatchedResource::Namespaces];

    /// The plural name, as in the API server's paths.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            WatchedResource::ClusterCompanions => "clustercompanions",
            WatchedResource::Companions => "companions",
            WatchedResource::Namespaces => "namespaces",
        }
    }
}

impl WatchHealth {
    /// The state of one watch now.
    #[must_use]
    pub fn reading(&self, resource: WatchedResource) -> WatchReading {
        self.of(resource).clone()
    }

    /// For how many seconds the failing watch that is silent longest has received nothing; `None` while no watch fails.
    #[must_use]
    pub fn silence(&self, now: SystemTime) -> Option<u64> {
        let failing = WatchedResource::ALL.map(|resource| self.reading(resource)).into_iter();
        let failing = failing.filter(|reading| reading.listed && reading.failure.is_some());
        let silent = failing.filter_map(|reading| now.duration_since(reading.last_event?).ok());
        silent.max().map(|silence| silence.as_secs())
    }

    /// Waits until everything was listed and all watches work. A replica that answered reviews before would use older
    /// companions than the replica that has written their statuses, for a second or more where the definitions are new.
    pub async fn catch_up(&self) {
        while !self.all_watched() || !self.all_last().await {
            self.progress.notified().await;
        }
        self.caught_up.store(true, Ordering::Relaxed);
    }

    /// What this replica is still waiting for; `None` as soon as it has caught up once, whatever happens later.
    #[must_use]
    pub fn waiting(&self) -> Option<String> {
        if self.caught_up.load(Ordering::Relaxed) {
            return None;
        }
        let without = |has: fn(&WatchReading) -> bool| {
            let readings = WatchedResource::ALL.map(|resource| (resource.as_str(), self.reading(resource)));
            let without = readings.iter().filter(|(_, reading)| !has(reading));
            let names = without.map(|(name, reading)| match &reading.failure {
                Some(failure) => format!("{name} ({failure})"),
                None => (*name).to_owned(),
            });
            Some(names.collect::<Vec<_>>().join(", ")).filter(|names| !names.is_empty())
        };
        Some(if let Some(unlisted) = without(|reading| reading.listed) {
            format!("waiting for the first list of {unlisted}")
        } else if let Some(unwatched) = without(|reading| reading.watched) {
            format!("waiting for the watch of {unwatched} to be established")
        } else {
            "waiting until the watches are stable".to_owned()
        })
    }

    /// A client that records whenever the API server sends something, also the bookmarks of an idle watch.
    pub(super) fn observe(health: &Arc<WatchHealth>, client: &Client, resource: WatchedResource) -> Client {
        let (health, client) = (Arc::clone(health), client.clone());
        let send = move |request: Request<Body>| {
            let (health, client) = (Arc::clone(&health), client.clone());
            let watches = request.uri().query().is_some_and(|query| query.split('&').any(|word| word == "watch=true"));
            async move {
                let response = timeout(TIMEOUT, client.send(request)).await;
                let response = response.map_err(|late| kube::Error::Service(late.into()))??;
                let succeeded = response.status().is_success();
                if succeeded {
                    health.record_activity(resource);
                    health.of(resource).watched |= watches;
                    health.progress.notify_one();
                }
                Ok::<_, kube::Error>(response.map(|body| {
                    body.map_frame(move |frame| {
                        if succeeded {
                            health.record_activity(resource);
                        }
                        frame
                    })
                }))
            }
        };
        Client::new(tower::service_fn(send), "default")
    }

    /// Records what a watch yields; returns the event, or `None` after a failure.
    pub(super) fn record<K>(&self, resource: WatchedResource, event: watcher::Result<Event<K>>) -> Option<Event<K>> {
        match event {
            Ok(event) => {
                if matches!(event, Event::InitDone) {
                    self.of(resource).listed = true;
                    self.progress.notify_one();
                }
                Some(event)
            }
            Err(error) => {
                self.of(resource).watched = false;
                match status(&error) {
                    // The missed events are too old to be sent one by one: the list that follows has all of them.
                    Some(gone) if gone.code == 410 => {
                        tracing::debug!(resource = resource.as_str(), "watch expired, listing again");
                    }
                    _ => self.record_failure(resource, message(resource, &error)),
                }
                None
            }
        }
    }

    fn record_activity(&self, resource: WatchedResource) {
        let mut reading = self.of(resource);
        reading.last_event = Some(SystemTime::now());
        if reading.failure.take().is_some() {
            tracing::info!(resource = resource.as_str(), "watch recovered");
        }
    }

    fn record_failure(&self, resource: WatchedResource, error: String) {
        let mut reading = self.of(resource);
        if reading.failure.as_ref() != Some(&error) {
            let known = if reading.listed { "the last known objects stay in use" } else { "no objects are known yet" };
            tracing::warn!(resource = resource.as_str(), error, "watch failed, retrying; {known}");
        }
        reading.failure = Some(error);
    }

    fn all_watched(&self) -> bool {
        WatchedResource::ALL.iter().all(|resource| {
            let reading = self.of(*resource);
            reading.listed && reading.watched
        })
    }

    async fn all_last(&self) -> bool {
        sleep(MUST_LAST).await;
        self.all_watched()
    }

    fn of(&self, resource: WatchedResource) -> MutexGuard<'_, WatchReading> {
        self.readings[resource as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a watch failed, and how to fix it where that is known.
fn message(resource: WatchedResource, error: &watcher::Error) -> String {
    let resource = resource.as_str();
    match status(error).map(|status| status.code) {
        Some(404) => "not found: the custom resource definitions; apply the output of `podgraft crds`".to_owned(),
        Some(401) => "unauthorized: the API server rejected podgraft's token; it may have expired".to_owned(),
        Some(403) => {
            format!("forbidden: podgraft cannot list or watch {resource} of all namespaces; see its ClusterRole")
        }
        _ => watch_message(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_watch_that_fails_is_silent_and_the_longest_silence_counts() {
        let (health, start) = (WatchHealth::default(), SystemTime::UNIX_EPOCH);
        for (resource, at) in WatchedResource::ALL.into_iter().zip([10, 20, 30]) {
            let mut reading = health.of(resource);
            (reading.listed, reading.last_event) = (true, Some(start + Duration::from_secs(at)));
        }
        let silence = |health: &WatchHealth| health.silence(start + Duration::from_secs(62));
        assert_eq!(silence(&health), None);
        health.record_failure(WatchedResource::Companions, "failed".to_owned());
        assert_eq!(silence(&health), Some(42));
        health.record_failure(WatchedResource::ClusterCompanions, "failed".to_owned());
        assert_eq!(silence(&health), Some(52));
        health.of(WatchedResource::ClusterCompanions).listed = false;
        assert_eq!(silence(&health), Some(42), "a replica that has not listed yet answers nothing");
        health.record_activity(WatchedResource::Companions);
        assert_eq!(silence(&health), None);
    }
}
