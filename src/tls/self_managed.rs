//! A certificate that nobody looks after: all replicas keep it in one Secret, rotate it, and write its authority into
//! the `caBundle` of the webhook configurations.
//!
//! ```text
//! Secret -> State -> step -> Secret (compare and swap)
//!             |-> Serving
//!             '-> caBundle of each webhook (JSON patch of what was seen)
//! ```
//!
//! All replicas do the same, none is in charge: whoever writes first wins, and the others read again.

mod cluster;
mod memory;
mod replica;
mod retry;
mod rotation;
mod secret;
mod secret_template;
#[cfg(test)]
mod simulation;
mod trust;
mod watch_log;
mod webhooks;

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures_util::{Stream, StreamExt as _};
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Serving;
use cluster::{CallError, ClusterClient, ClusterEvent};
use memory::ReplicaMemory;
use replica::Replica;
use retry::Retry;
use rotation::{CaState, Event, RotationPolicy};
use secret_template::SecretTemplate;
use watch_log::{WatchFailureLog, seconds_until};
use webhooks::Configuration;

/// How often a race may be lost before somebody else has a turn.
const RACES: usize = 5;

/// What is issued, and where it is kept.
#[derive(Debug, Clone)]
pub struct SharedCertificate {
    /// The namespace of Secret and Service.
    pub namespace: String,
    /// The Secret's name.
    pub secret: String,
    /// The name of the Service, and the first part of the names of the webhook configurations.
    pub installation: String,
    /// The Helm release that the Secret belongs to, where it belongs to one.
    pub release: Option<String>,
    /// How long a pair is valid.
    pub lifetime: Duration,
    /// How long an authority is valid.
    pub authority_lifetime: Duration,
    /// How long the next authority is trusted everywhere before it signs. Less than a third of its lifetime.
    pub pause: Duration,
}

/// What one who keeps a certificate has learned, for the one who goes on after a panic.
#[derive(Debug, Clone, Default)]
pub struct SharedMemory(Arc<Mutex<ReplicaMemory>>);

/// What there is to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Another pair is being served, until then.
    Serving(SystemTime),
    /// The signing authority is valid until then.
    Authority(SystemTime),
    /// This replica issued a pair.
    IssuedPair,
    /// This replica made an authority.
    IssuedAuthority,
    /// Whether each `caBundle` is what it should be.
    BundlesInStep(bool),
    /// A call to the API server failed, or nothing could be issued.
    Failed,
}

impl SharedCertificate {
    /// Keeps the Secret, the `caBundle` and what is being served in step, for as long as it is polled.
    ///
    /// `learned` outlives it: another one that goes on in its place serves what it served, and still knows whom API
    /// servers have to trust for that.
    pub async fn keep(
        self,
        client: Client,
        serving: Arc<Serving>,
        learned: SharedMemory,
        look: Duration,
        tell: impl FnMut(News) + Send,
    ) {
        let cluster = ClusterClient::new(&client, &self.namespace, &self.secret, &self.installation);
        let events = cluster.watch();
        let keeper = Driver {
            replica: Replica::new(self.terms(), learned),
            described: format!("{}/{}", self.namespace, self.secret),
            cluster,
            serving,
            tell,
            mould: SecretTemplate::new(self.release.as_deref(), &self.namespace),
            gone: None,
            wrote: false,
            retry: Retry::default(),
            deaf: WatchFailureLog::default(),
        };
        keeper.run(events, look).await;
    }

    fn terms(&self) -> RotationPolicy {
        let (name, namespace) = (&self.installation, &self.namespace);
        let names = vec![
            format!("{name}.{namespace}.svc"),
            format!("{name}.{namespace}.svc.cluster.local"),
            format!("{name}.{namespace}"),
            name.clone(),
        ];
        RotationPolicy { names, pair: self.lifetime, authority: self.authority_lifetime, pause: self.pause }
    }
}

/// How long a Secret stays gone before it is made again.
const GONE_FOR_GOOD: Duration = Duration::from_secs(3);

/// The replica, and its hands.
struct Driver<F> {
    replica: Replica,
    /// The Secret, in words.
    described: String,
    cluster: ClusterClient,
    serving: Arc<Serving>,
    tell: F,
    mould: SecretTemplate,
    /// Since when the Secret is gone, where it is.
    gone: Option<Instant>,
    /// Whether anything was written in this round.
    wrote: bool,
    retry: Retry,
    deaf: WatchFailureLog,
}

impl<F: FnMut(News)> Driver<F> {
    async fn run(mut self, events: impl Stream<Item = ClusterEvent>, look: Duration) {
        let mut events = pin!(events);
        let mut clock = interval(look);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(event) = events.next() => self.note(event),
                _ = clock.tick() => {}
            }
            if self.retry.is_due() {
                self.wrote = false;
                match self.work().await {
                    Ok(()) => self.retry.succeed(self.wrote),
                    Err(error) => self.fail(&error),
                }
            }
        }
    }

    fn note(&mut self, event: ClusterEvent) {
        match event {
            ClusterEvent::Secret(version) => self.replica.note_secret(version.as_deref()),
            ClusterEvent::Configuration(configuration, seen) => self.replica.note_configuration(configuration, seen),
            // Where no call succeeds, that is said already.
            ClusterEvent::Deaf(..) if self.retry.failed() => {}
            ClusterEvent::Deaf(name, error) => {
                if let Some(names) = self.deaf.complain(name, Instant::now()) {
                    tracing::warn!(names, error, "cannot watch, trying again; what is served stays");
                }
            }
        }
    }

    async fn work(&mut self) -> Result<(), KeepError> {
        if self.replica.must_read(SystemTime::now())? {
            self.refresh().await?;
        }
        self.serve();
        for configuration in Configuration::ALL {
            if self.replica.must_patch(configuration, SystemTime::now()) {
                self.update_ca_bundle(configuration).await?;
            }
        }
        (self.tell)(News::BundlesInStep(self.replica.bundles_in_step(SystemTime::now())));
        Ok(())
    }

    /// Reads the Secret, and writes it where there is something to be done.
    async fn refresh(&mut self) -> Result<(), KeepError> {
        let mut lost = CallError::Silent;
        for _ in 0..RACES {
            self.replica.invalidated();
            let found = self.cluster.read().await?;
            if self.waits_for(found.as_ref()) {
                return Ok(());
            }
            let read = found.as_ref().and_then(|secret| secret.data.as_ref()).map(CaState::read).unwrap_or_default();
            self.replica.observed(read, found.as_ref().and_then(|secret| secret.metadata.resource_version.clone()));
            let Some((state, did)) = self.replica.step(SystemTime::now())? else {
                self.keep_in_mind(found);
                return Ok(());
            };
            let mut secret = found.unwrap_or_else(|| self.mould.instantiate());
            state.write(secret.data.get_or_insert_default());
            match self.cluster.write(secret).await {
                Ok(written) => {
                    (self.wrote, self.gone) = (true, None);
                    self.replica.committed(state, written.metadata.resource_version.clone());
                    self.keep_in_mind(Some(written));
                    self.report(&did);
                    return Ok(());
                }
                Err(error) => {
                    self.replica.invalidated();
                    if !error.lost_the_race() {
                        return Err(error.into());
                    }
                    lost = error;
                }
            }
        }
        Err(lost.into())
    }

    /// Whether a Secret that is gone is not to be made again yet. What is served is known without it. When podgraft is
    /// uninstalled its rights go with the Secret, a moment before or after, and nothing of it may be left behind.
    fn waits_for(&mut self, found: Option<&Secret>) -> bool {
        if found.is_some() || self.serving.expires().is_none() {
            self.gone = None;
            return false;
        }
        self.gone.get_or_insert_with(Instant::now).elapsed() < GONE_FOR_GOOD
    }

    fn keep_in_mind(&mut self, secret: Option<Secret>) {
        if let Some(secret) = secret {
            self.mould.learn(secret);
        }
        if let Some(signing) = self.replica.state().and_then(|state| state.signing.as_ref()) {
            (self.tell)(News::Authority(signing.anchor.expires()));
        }
    }

    fn serve(&mut self) {
        if let Some(pair) = self.replica.adopt(SystemTime::now()) {
            let expires = pair.expires();
            self.serving.replace(pair);
            let valid_seconds = seconds_until(expires);
            tracing::info!(secret = self.described, valid_seconds, "serving a new certificate");
            (self.tell)(News::Serving(expires));
        }
    }

    /// Fills a `caBundle`, after the Secret was read anew: what was taken out of it does not come back.
    async fn update_ca_bundle(&mut self, configuration: Configuration) -> Result<(), KeepError> {
        self.refresh().await?;
        let Some(patch) = self.replica.send(configuration, SystemTime::now()) else { return Ok(()) };
        let name = self.cluster.name(configuration);
        match self.cluster.patch(configuration, &patch).await {
            Ok(()) => {
                self.wrote = true;
                tracing::info!(name, "caBundle written");
            }
            // Somebody else has written to it, and the watch is about to tell.
            Err(error) if error.lost_the_race() || error.found_another() => {
                tracing::debug!(name, %error, "caBundle not written");
            }
            Err(error) => {
                tracing::warn!(name, %error, "cannot write caBundle, trying again");
                (self.tell)(News::Failed);
            }
        }
        Ok(())
    }

    fn report(&mut self, did: &[Event]) {
        if did.is_empty() {
            tracing::warn!(secret = self.described, "put back what was lost from the Secret and is in use here");
        }
        for did in did {
            did.log(&self.described);
            match did {
                Event::CaCreated(_) | Event::NextCaAdded(_) => (self.tell)(News::IssuedAuthority),
                Event::Issued(_) => (self.tell)(News::IssuedPair),
                Event::CaPromoted(_) | Event::CaExpired(_) => {}
            }
        }
    }

    fn fail(&mut self, error: &KeepError) {
        let pause = self.retry.postpone();
        let waiting = if self.serving.expires().is_none() { "waiting for a certificate" } else { "serving on" };
        tracing::warn!(secret = self.described, %error, ?pause, "cannot look after the certificate; {waiting}");
        (self.tell)(News::Failed);
    }
}

/// Why the work is not done.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("cannot issue: {0}")]
    Issue(#[from] rcgen::Error),
}
