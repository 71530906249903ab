//! What one replica knows of the Secret and of each `caBundle`, and what follows from it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use k8s_openapi::api::core::v1::Secret;
use rcgen::Error;
use serde_json::Value;

use super::memory::SharedMemory;
use super::policy::RotationPolicy;
use super::rotate::Rotated;
use super::secret::SecretTemplate;
use super::state::CaState;
use super::webhooks::{Bundles, Configuration, ObservedConfiguration};
use crate::tls::ca::TrustAnchor;
use crate::tls::pair::Pair;

/// How long a configuration may stay as it was after a patch, before the patch is sent again: the watch reports the change
/// a moment after the patch succeeded.
const PATCH_AGAIN: Duration = Duration::from_secs(5);

/// What one replica knows. It has no I/O; the time is an argument.
pub(super) struct View {
    policy: RotationPolicy,
    /// The Secret as it was read or written last; `None` where it has to be read.
    secret: Option<ObservedSecret>,
    template: SecretTemplate,
    memory: SharedMemory,
    bundles: Bundles,
    /// For each configuration, the `resourceVersion` that was patched last, and when.
    sent: [Option<(String, SystemTime)>; Configuration::ALL.len()],
}

struct ObservedSecret {
    state: CaState,
    /// `None` where the Secret does not exist.
    object: Option<Secret>,
}

impl View {
    pub(super) fn new(policy: RotationPolicy, template: SecretTemplate, memory: SharedMemory) -> Self {
        let (bundles, sent) = (Bundles::default(), [const { None }; Configuration::ALL.len()]);
        View { policy, secret: None, template, memory, bundles, sent }
    }

    /// A watch reports that the Secret has this `resourceVersion`, or does not exist. Another version than the one that is
    /// known has to be read.
    pub(super) fn note_secret(&mut self, version: Option<&str>) {
        self.secret.take_if(|secret| secret.version() != version);
    }

    /// A watch reports a configuration; `None` where it does not exist.
    pub(super) fn note_configuration(&mut self, configuration: Configuration, observed: Option<ObservedConfiguration>) {
        self.memory.record_registration(configuration, observed.is_some());
        self.bundles.observe(configuration, observed);
    }

    pub(super) fn knows_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// Whether the Secret has to be read, because it has changed or because it should change.
    ///
    /// # Errors
    /// As [`CaState::rotate`].
    pub(super) fn must_read(&mut self, now: SystemTime) -> Result<bool, Error> {
        Ok(!self.knows_secret() || self.rotate(now)?.is_some())
    }

    /// The Secret was read; `None` where it does not exist.
    pub(super) fn observed(&mut self, object: Option<Secret>) {
        if let Some(object) = &object {
            self.template.learn(object);
        }
        self.secret = Some(ObservedSecret { state: CaState::of(object.as_ref()), object });
    }

    /// The Secret was written, and is now as the API server returned it.
    pub(super) fn committed(&mut self, object: Secret) {
        self.observed(Some(object));
        if let Some(state) = self.state() {
            self.memory.lock().remember(state);
        }
    }

    /// What is known of the Secret may be outdated, so it has to be read again.
    pub(super) fn invalidated(&mut self) {
        self.secret = None;
    }

    /// The state that the Secret should hold; `None` where it holds it, or is not known.
    ///
    /// # Errors
    /// As [`CaState::rotate`].
    pub(super) fn rotate(&mut self, now: SystemTime) -> Result<Option<Rotated>, Error> {
        let Some(ObservedSecret { state: read, .. }) = &self.secret else { return Ok(None) };
        self.bundles.record_held(&anchors(read), now);
        let held_since = read.next.as_ref().and_then(|next| self.bundles.held_since(&next.anchor));
        let complete = self.memory.lock().complete(read, now);
        let rotated = complete.rotate(&self.policy, now, held_since)?;
        if rotated.is_none() && complete == *read {
            self.memory.lock().remember(read);
            return Ok(None);
        }
        Ok(Some(rotated.unwrap_or(Rotated { state: complete, events: Vec::new() })))
    }

    /// The object that holds a state, with the `resourceVersion` that is known, so that it replaces no other version.
    pub(super) fn secret_with(&self, state: &CaState) -> Secret {
        let known = self.secret.as_ref().and_then(|secret| secret.object.clone());
        let mut secret = known.unwrap_or_else(|| self.template.instantiate());
        state.write(secret.data.get_or_insert_default());
        secret
    }

    /// The pair to serve from now on; `None` where the served one stays.
    pub(super) fn adopt(&mut self, now: SystemTime) -> Option<Arc<Pair>> {
        let is_relied_on = |anchor: &TrustAnchor| {
            self.bundles.held_since(anchor).is_some_and(|since| self.policy.pause_is_over(since, now))
        };
        self.memory.lock().adopt(&self.policy.names, is_relied_on, now)
    }

    pub(super) fn is_serving(&self) -> bool {
        self.memory.lock().is_serving()
    }

    /// Whether every `caBundle` holds what it should.
    pub(super) fn bundles_are_in_sync(&self, now: SystemTime) -> bool {
        self.state().is_some_and(|state| self.bundles.are_in_sync(&anchors(state), now))
    }

    /// When the signing CA expires.
    pub(super) fn ca_expires(&self) -> Option<SystemTime> {
        Some(self.state()?.signing.as_ref()?.anchor.expires())
    }

    /// Whether a configuration needs a patch that was not sent just now.
    pub(super) fn must_patch(&self, configuration: Configuration, now: SystemTime) -> bool {
        self.patch(configuration, now).is_some()
    }

    /// The patch that a configuration needs. It is recorded as sent.
    pub(super) fn take_patch(&mut self, configuration: Configuration, now: SystemTime) -> Option<Value> {
        let (version, patch) = self.patch(configuration, now)?;
        self.sent[configuration as usize] = Some((version, now));
        Some(patch)
    }

    fn patch(&self, configuration: Configuration, now: SystemTime) -> Option<(String, Value)> {
        let observed = self.bundles.observed(configuration)?;
        let sent = self.sent[configuration as usize].as_ref();
        let just_now = |at: SystemTime| now.duration_since(at).is_ok_and(|elapsed| elapsed < PATCH_AGAIN);
        if sent.is_some_and(|(version, at)| *version == observed.version && just_now(*at)) {
            return None;
        }
        Some((observed.version.clone(), observed.patch(&anchors(self.state()?), now)?))
    }

    fn state(&self) -> Option<&CaState> {
        self.secret.as_ref().map(|secret| &secret.state)
    }
}

impl ObservedSecret {
    fn version(&self) -> Option<&str> {
        self.object.as_ref()?.metadata.resource_version.as_deref()
    }
}

fn anchors(state: &CaState) -> Vec<TrustAnchor> {
    state.anchors().cloned().collect()
}
