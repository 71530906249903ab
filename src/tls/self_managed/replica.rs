//! What one replica knows of the Secret and of each `caBundle`, and what follows from it. No I/O; the time is told.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::SharedMemory;
use super::memory::ReplicaMemory;
use super::rotation::{CaState, Event, RotationPolicy};
use super::webhooks::{Bundles, Configuration, ObservedConfiguration};
use crate::tls::Pair;
use crate::tls::ca::TrustAnchor;

/// How long after a patch its object may stay as it was before it is sent again.
const PATCH_AGAIN: Duration = Duration::from_secs(5);

/// One replica's view, and its decisions.
#[derive(Debug)]
pub(super) struct Replica {
    terms: RotationPolicy,
    /// What is in the Secret, and at which resourceVersion (none where it is gone); nothing where it is to be read.
    view: Option<(CaState, Option<String>)>,
    learned: SharedMemory,
    bundles: Bundles,
    /// For each configuration, the resourceVersion that was patched last, and when.
    sent: [Option<(String, SystemTime)>; Configuration::ALL.len()],
}

impl Replica {
    pub(super) fn new(terms: RotationPolicy, learned: SharedMemory) -> Self {
        let (bundles, sent) = (Bundles::default(), [const { None }; Configuration::ALL.len()]);
        Replica { terms, view: None, learned, bundles, sent }
    }

    /// A watch told that the Secret has this resourceVersion: another than the one that was read makes the view old.
    pub(super) fn note_secret(&mut self, version: Option<&str>) {
        self.view.take_if(|(_, read)| read.as_deref() != version);
    }

    /// A watch told what a configuration is like, or that there is none.
    pub(super) fn note_configuration(&mut self, configuration: Configuration, seen: Option<ObservedConfiguration>) {
        self.bundles.note(configuration, seen);
    }

    /// What is in the Secret as far as it is known.
    pub(super) fn state(&self) -> Option<&CaState> {
        self.view.as_ref().map(|(state, _)| state)
    }

    /// Whether the Secret has to be read: it has changed, or it should.
    ///
    /// # Errors
    /// As [`State::step`].
    pub(super) fn must_read(&mut self, now: SystemTime) -> Result<bool, rcgen::Error> {
        Ok(self.view.is_none() || self.step(now)?.is_some())
    }

    /// The Secret was read: this is in it.
    pub(super) fn observed(&mut self, state: CaState, version: Option<String>) {
        self.view = Some((state, version));
    }

    /// The Secret was written as [`Replica::step`] said.
    pub(super) fn committed(&mut self, state: CaState, version: Option<String>) {
        self.memory().note(&state);
        self.observed(state, version);
    }

    /// The Secret was not written: it has to be read again.
    pub(super) fn invalidated(&mut self) {
        self.view = None;
    }

    /// What the Secret should hold, if that is not what it holds.
    ///
    /// # Errors
    /// As [`State::step`].
    pub(super) fn step(&mut self, now: SystemTime) -> Result<Option<(CaState, Vec<Event>)>, rcgen::Error> {
        let Some((read, _)) = &self.view else { return Ok(None) };
        self.bundles.look(&anchors(read), now);
        let held_since = read.next.as_ref().and_then(|next| self.bundles.held_since(&next.anchor));
        let complete = self.memory().complete(read, now);
        let stepped = complete.rotate(&self.terms, now, held_since)?;
        Ok(match stepped {
            None if complete == *read => {
                self.memory().note(read);
                None
            }
            None => Some((complete, Vec::new())),
            stepped => stepped,
        })
    }

    /// What is to be served from now on, if that changes.
    pub(super) fn adopt(&mut self, now: SystemTime) -> Option<Arc<Pair>> {
        let rested = |since: SystemTime| now.duration_since(since).is_ok_and(|rested| rested >= self.terms.pause);
        let relied_on = |anchor: &TrustAnchor| self.bundles.held_since(anchor).is_some_and(rested);
        self.memory().adopt(&self.terms.names, relied_on, now)
    }

    /// Whether each `caBundle` is what it should be.
    pub(super) fn bundles_in_step(&self, now: SystemTime) -> bool {
        self.state().is_some_and(|state| self.bundles.in_step(&anchors(state), now))
    }

    /// Whether a configuration needs a patch that was not sent just now.
    pub(super) fn must_patch(&self, configuration: Configuration, now: SystemTime) -> bool {
        self.patch(configuration, now).is_some()
    }

    /// The patch that a configuration needs; it counts as sent.
    pub(super) fn send(&mut self, configuration: Configuration, now: SystemTime) -> Option<Value> {
        let (version, patch) = self.patch(configuration, now)?;
        self.sent[configuration as usize] = Some((version, now));
        Some(patch)
    }

    fn memory(&self) -> MutexGuard<'_, ReplicaMemory> {
        // Each change of it is one assignment, so nobody who panicked has left half of one.
        self.learned.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn patch(&self, configuration: Configuration, now: SystemTime) -> Option<(String, Value)> {
        let seen = self.bundles.seen(configuration)?;
        let sent = self.sent[configuration as usize].as_ref();
        let just_now = |at: SystemTime| now.duration_since(at).is_ok_and(|ago| ago < PATCH_AGAIN);
        if sent.is_some_and(|(version, at)| *version == seen.version && just_now(*at)) {
            return None;
        }
        Some((seen.version.clone(), seen.patch(&anchors(self.state()?), now)?))
    }
}

fn anchors(state: &CaState) -> Vec<TrustAnchor> {
    state.anchors().cloned().collect()
}
