//! Whether the watches are alive.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::http::Request;
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use kube::runtime::watcher::{self, Event};
use tokio::time::{sleep, timeout};

use crate::watch::error::{status, watch_message};

/// How long the API server may take to begin an answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long a watch has to last before it counts: an API server may accept one, and then say at once that what was missed
/// is to be listed anew.
const LASTS: Duration = Duration::from_millis(50);

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchedResource {
    /// ClusterCompanions.
    ClusterCompanions,
    /// Companions of all namespaces.
    Companions,
    /// Namespaces.
    Namespaces,
}

/// How it is with one watch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Whether all was listed once.
    pub listed: bool,
    /// Whether changes are told.
    pub followed: bool,
    /// Why nothing is heard at the moment.
    pub trouble: Option<String>,
    /// When the API server said something last, be it only that nothing changed.
    pub heard: Option<SystemTime>,
}

/// How it is with all of them.
#[derive(Debug, Default)]
pub struct WatchHealth {
    readings: [Mutex<Reading>; WatchedResource::ALL.len()],
    caught_up: AtomicBool,
}

impl WatchedResource {
    /// All of them.
    pub const ALL: [WatchedResource; 3] =
        [WatchedResource::ClusterCompanions, WatchedResource::Companions, WatchedResource::Namespaces];

    /// As the API server calls it.
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
    /// How it is with one watch now.
    #[must_use]
    pub fn reading(&self, resource: WatchedResource) -> Reading {
        self.of(resource).clone()
    }

    /// Waits until all was listed, and changes are told of all of it. Whoever is sent reviews before is behind whoever
    /// writes a companion's status, for a second or more where the definitions are new.
    pub async fn catch_up(&self) {
        while !self.is_followed() || !self.lasts().await {
            sleep(LASTS).await;
        }
        self.caught_up.store(true, Ordering::Relaxed);
    }

    /// What is still waited for; `None` ever after all of it has been caught up with once.
    #[must_use]
    pub fn waiting(&self) -> Option<String> {
        if self.caught_up.load(Ordering::Relaxed) {
            return None;
        }
        let lacking = |has: fn(&Reading) -> bool| {
            let without = WatchedResource::ALL.map(|resource| (resource.as_str(), self.reading(resource)));
            let words =
                without.iter().filter(|(_, reading)| !has(reading)).map(|(name, reading)| match &reading.trouble {
                    Some(trouble) => format!("{name} ({trouble})"),
                    None => (*name).to_owned(),
                });
            Some(words.collect::<Vec<_>>().join(", ")).filter(|words| !words.is_empty())
        };
        Some(if let Some(unlisted) = lacking(|reading| reading.listed) {
            format!("waiting for the first list of {unlisted}")
        } else if let Some(unfollowed) = lacking(|reading| reading.followed) {
            format!("waiting for a watch of {unfollowed}")
        } else {
            "waiting for the watches to last".to_owned()
        })
    }

    /// A client that notes whatever the API server sends, the bookmarks of a quiet watch included.
    pub(super) fn listening(health: &Arc<WatchHealth>, client: &Client, resource: WatchedResource) -> Client {
        let (health, client) = (Arc::clone(health), client.clone());
        let send = move |request: Request<Body>| {
            let (health, client) = (Arc::clone(&health), client.clone());
            let follows = request.uri().query().is_some_and(|query| query.split('&').any(|word| word == "watch=true"));
            async move {
                let answer = timeout(TIMEOUT, client.send(request)).await;
                let response = answer.map_err(|late| kube::Error::Service(late.into()))??;
                let fine = response.status().is_success();
                if fine {
                    health.record_activity(resource);
                    health.of(resource).followed |= follows;
                }
                Ok::<_, kube::Error>(response.map(|body| {
                    body.map_frame(move |frame| {
                        if fine {
                            health.record_activity(resource);
                        }
                        frame
                    })
                }))
            }
        };
        Client::new(tower::service_fn(send), "default")
    }

    /// Takes note of what a watch yields; `None` is a failure.
    pub(super) fn judge<K>(&self, resource: WatchedResource, event: watcher::Result<Event<K>>) -> Option<Event<K>> {
        match event {
            Ok(event) => {
                if matches!(event, Event::InitDone) {
                    self.of(resource).listed = true;
                }
                Some(event)
            }
            Err(error) => {
                self.of(resource).followed = false;
                match status(&error) {
                    // What was missed is too long ago to be told piece by piece: the list that follows brings all of it.
                    Some(gone) if gone.code == 410 => tracing::debug!(resource = resource.as_str(), "listing anew"),
                    _ => self.record_failure(resource, trouble(resource, &error)),
                }
                None
            }
        }
    }

    fn record_activity(&self, resource: WatchedResource) {
        let mut reading = self.of(resource);
        reading.heard = Some(SystemTime::now());
        if reading.trouble.take().is_some() {
            tracing::info!(resource = resource.as_str(), "the API server answers again");
        }
    }

    fn record_failure(&self, resource: WatchedResource, trouble: String) {
        let mut reading = self.of(resource);
        if reading.trouble.as_ref() != Some(&trouble) {
            let known = if reading.listed { "what was known stays" } else { "nothing is known yet" };
            tracing::warn!(resource = resource.as_str(), trouble, "cannot watch; {known}, and it is tried again");
        }
        reading.trouble = Some(trouble);
    }

    fn is_followed(&self) -> bool {
        WatchedResource::ALL.iter().all(|resource| {
            let reading = self.of(*resource);
            reading.listed && reading.followed
        })
    }

    async fn lasts(&self) -> bool {
        sleep(LASTS).await;
        self.is_followed()
    }

    fn of(&self, resource: WatchedResource) -> MutexGuard<'_, Reading> {
        self.readings[resource as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the matter is, and how to mend it where that is known.
fn trouble(resource: WatchedResource, error: &watcher::Error) -> String {
    match status(error).map(|status| status.code) {
        Some(404) => "the custom resource definitions are not installed; apply what `podgraft crds` prints".to_owned(),
        Some(401) => "the API server does not know who asks; the token may have expired".to_owned(),
        Some(403) => {
            format!("podgraft may not list or watch {} of the whole cluster; see its ClusterRole", resource.as_str())
        }
        _ => watch_message(error),
    }
}
