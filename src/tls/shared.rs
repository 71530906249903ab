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

mod bundles;
mod cluster;
mod content;
mod memory;
mod rotation;
mod trust;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Serving;
use bundles::{Bundles, Configuration};
use cluster::{CallError, Cluster, Event};
use memory::Memory;
use rotation::{Did, State, Terms};

/// How often a race may be lost before somebody else has a turn.
const RACES: usize = 5;
/// The pauses after calls that failed: the first, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(30)];
/// How long after a patch its object may stay as it was before it is sent again.
const PATCH_AGAIN: Duration = Duration::from_secs(5);

/// What is issued, and where it is kept.
#[derive(Debug, Clone)]
pub struct SharedCertificate {
    /// The namespace of Secret and Service.
    pub namespace: String,
    /// The Secret's name.
    pub secret: String,
    /// The name of the Service, and the first part of the names of the webhook configurations.
    pub installation: String,
    /// How long a pair is valid.
    pub lifetime: Duration,
    /// How long an authority is valid.
    pub authority_lifetime: Duration,
    /// How long the next authority is trusted everywhere before it signs. Less than a third of its lifetime.
    pub pause: Duration,
}

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
    /// Keeps the Secret, the `caBundle` and what is being served in step, for as long as the process lives.
    pub async fn keep(self, client: Client, serving: Arc<Serving>, look: Duration, tell: impl FnMut(News) + Send) {
        let cluster = Cluster::new(&client, &self.namespace, &self.secret, &self.installation);
        let (sender, events) = channel(16);
        cluster.watch(&sender);
        drop(sender);
        let keeper = Keeper {
            terms: self.terms(),
            described: format!("{}/{}", self.namespace, self.secret),
            cluster,
            serving,
            tell,
            view: None,
            metadata: Secret::default(),
            memory: Memory::default(),
            bundles: Bundles::default(),
            sent: [const { None }; Configuration::ALL.len()],
            retry: Retry::default(),
        };
        keeper.run(events, look).await;
    }

    fn terms(&self) -> Terms {
        let (name, namespace) = (&self.installation, &self.namespace);
        let names = vec![
            format!("{name}.{namespace}.svc"),
            format!("{name}.{namespace}.svc.cluster.local"),
            format!("{name}.{namespace}"),
            name.clone(),
        ];
        Terms { names, pair: self.lifetime, authority: self.authority_lifetime, pause: self.pause }
    }
}

struct Keeper<F> {
    terms: Terms,
    /// The Secret, in words.
    described: String,
    cluster: Cluster,
    serving: Arc<Serving>,
    tell: F,
    /// What was in the Secret, and at which resourceVersion; nothing where it is to be read.
    view: Option<(State, Option<String>)>,
    /// Labels, annotations and owners that the Secret had, for one that has to be created again.
    metadata: Secret,
    memory: Memory,
    bundles: Bundles,
    /// The resourceVersion of each configuration that was patched last, and when.
    sent: [Option<(String, Instant)>; Configuration::ALL.len()],
    retry: Retry,
}

/// When what failed is tried again.
#[derive(Debug, Default)]
struct Retry(Option<(Instant, Duration)>);

impl<F: FnMut(News)> Keeper<F> {
    async fn run(mut self, mut events: Receiver<Event>, look: Duration) {
        let mut clock = interval(look);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(event) = events.recv() => self.note(event),
                _ = clock.tick() => {}
            }
            if self.retry.is_due() {
                match self.work().await {
                    Ok(()) => self.retry = Retry::default(),
                    Err(error) => self.fail(&error),
                }
            }
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Secret(version) => {
                if self.view.as_ref().is_some_and(|(_, seen)| *seen != version) {
                    self.view = None;
                }
            }
            Event::Configuration(configuration, seen) => self.bundles.note(configuration, seen),
        }
    }

    async fn work(&mut self) -> Result<(), KeepError> {
        if self.view.is_none() || self.step(SystemTime::now())?.is_some() {
            self.refresh().await?;
        }
        self.serve();
        self.mend().await?;
        let bundle = self.view.as_ref().map(|(state, _)| state.bundle()).unwrap_or_default();
        (self.tell)(News::BundlesInStep(self.bundles.in_step(&bundle)));
        Ok(())
    }

    /// What the Secret should hold, if that is not what it was seen to hold.
    fn step(&mut self, now: SystemTime) -> Result<Option<(State, Vec<Did>)>, rcgen::Error> {
        let Some((read, _)) = &self.view else { return Ok(None) };
        let held_since = self.bundles.held_since(read.next.as_ref().map(|next| &next.anchor), now);
        let complete = self.memory.complete(read, now);
        Ok(match complete.step(&self.terms, now, held_since)? {
            None => (complete != *read).then(|| (complete, Vec::new())),
            stepped => stepped,
        })
    }

    /// Reads the Secret, and writes it where there is something to be done.
    async fn refresh(&mut self) -> Result<(), KeepError> {
        let mut lost = None;
        for _ in 0..RACES {
            let found = self.cluster.read().await?;
            let read = found.as_ref().and_then(|secret| secret.data.as_ref()).map(State::read).unwrap_or_default();
            let version = found.as_ref().and_then(|secret| secret.metadata.resource_version.clone());
            self.view = Some((read, version));
            let Some((state, did)) = self.step(SystemTime::now())? else {
                self.keep_in_mind(found);
                return Ok(());
            };
            let mut secret = found.unwrap_or_else(|| self.metadata.clone());
            state.write(secret.data.get_or_insert_default());
            match self.cluster.write(secret).await {
                Ok(written) => {
                    self.view = Some((state, written.metadata.resource_version.clone()));
                    self.keep_in_mind(Some(written));
                    self.report(did);
                    return Ok(());
                }
                Err(error) => {
                    self.view = None;
                    if !error.lost_the_race() {
                        return Err(error.into());
                    }
                    lost = Some(error);
                }
            }
        }
        Err(lost.map_or(KeepError::Call(CallError::Silent), KeepError::Call))
    }

    fn keep_in_mind(&mut self, secret: Option<Secret>) {
        if let Some(secret) = secret {
            let found = secret.metadata;
            let metadata = &mut self.metadata.metadata;
            metadata.labels = found.labels;
            metadata.annotations = found.annotations;
            metadata.owner_references = found.owner_references;
            self.metadata.type_ = secret.type_;
        }
        if let Some((state, _)) = &self.view {
            self.memory.note(state);
            if let Some(signing) = &state.signing {
                (self.tell)(News::Authority(signing.anchor.expires()));
            }
        }
    }

    /// Serves what the Secret holds, once it is trusted.
    fn serve(&mut self) {
        let bundles = &self.bundles;
        if let Some(pair) = self.memory.adopt(&self.terms.names, |anchor| bundles.hold(anchor), SystemTime::now()) {
            let expires = pair.expires();
            self.serving.replace(pair);
            tracing::info!(
                secret = self.described,
                valid_seconds = seconds_until(expires),
                "serving a new certificate"
            );
            (self.tell)(News::Serving(expires));
        }
    }

    /// Fills each `caBundle` that is not what it should be, after the Secret was read anew: an old view must not take
    /// an authority out.
    async fn mend(&mut self) -> Result<(), KeepError> {
        for configuration in Configuration::ALL {
            if self.patch(configuration).is_none() {
                continue;
            }
            self.refresh().await?;
            let Some((version, patch)) = self.patch(configuration) else { continue };
            self.sent[configuration as usize] = Some((version, Instant::now()));
            let name = self.cluster.name(configuration);
            match self.cluster.patch(configuration, &patch).await {
                Ok(()) => tracing::info!(name, "caBundle written"),
                // Somebody else has written to it, and the watch is about to tell.
                Err(error) if error.lost_the_race() || error.found_another() => {
                    tracing::debug!(name, %error, "caBundle not written");
                }
                Err(error) => {
                    tracing::warn!(name, %error, "cannot write caBundle, trying again");
                    (self.tell)(News::Failed);
                }
            }
        }
        Ok(())
    }

    /// The patch that a configuration needs and that was not sent just now, and the resourceVersion that it is for.
    fn patch(&self, configuration: Configuration) -> Option<(String, serde_json::Value)> {
        let seen = self.bundles.seen(configuration)?;
        let (state, _) = self.view.as_ref()?;
        let patch = seen.patch(&state.bundle())?;
        let sent = self.sent[configuration as usize].as_ref();
        let waits = sent.is_some_and(|(version, at)| *version == seen.version && at.elapsed() < PATCH_AGAIN);
        (!waits).then(|| (seen.version.clone(), patch))
    }

    fn report(&mut self, did: Vec<Did>) {
        let secret = &self.described;
        for did in did {
            match did {
                Did::Founded(ca) => {
                    tracing::info!(
                        secret,
                        serial = ca.serial(),
                        valid_seconds = seconds_until(ca.expires()),
                        "made a certificate authority"
                    );
                    (self.tell)(News::IssuedAuthority);
                }
                Did::Announced(ca) => {
                    tracing::info!(
                        secret,
                        serial = ca.serial(),
                        valid_seconds = seconds_until(ca.expires()),
                        "made the next certificate authority, which signs once it is trusted everywhere"
                    );
                    (self.tell)(News::IssuedAuthority);
                }
                Did::Promoted(ca) => {
                    tracing::info!(secret, serial = ca.serial(), "the next certificate authority signs from now on");
                }
                Did::Forgot(ca) => {
                    tracing::info!(
                        secret,
                        serial = ca.serial(),
                        "a certificate authority has expired, and is trusted no more"
                    );
                }
                Did::Issued(expires) => {
                    tracing::info!(secret, valid_seconds = seconds_until(expires), "issued a certificate");
                    (self.tell)(News::IssuedPair);
                }
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

impl Retry {
    fn is_due(&self) -> bool {
        self.0.is_none_or(|(at, _)| at <= Instant::now())
    }

    /// Each time twice as long as the time before.
    fn postpone(&mut self) -> Duration {
        let pause = self.0.map_or(PAUSES[0], |(_, pause)| (pause * 2).min(PAUSES[1]));
        self.0 = Some((Instant::now() + pause, pause));
        pause
    }
}

fn seconds_until(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::now()).unwrap_or_default().as_secs()
}
