//! One replica as a state machine: it returns the next [`Action`] and takes its outcome. It has no I/O, and the time is an
//! argument, so the driver and the simulation run the same code.
//!
//! A round keeps this order, on which safety depends:
//!
//! 1. Where the Secret has changed or should change: read it, and write it with the `resourceVersion` that was read. Where
//!    another replica was faster, read it again.
//! 2. Serve the pair of the Secret, if the clients that trust the present one trust it as well.
//! 3. For each webhook configuration that lacks a CA: read the Secret again, so that a CA that has been removed from it does
//!    not return to a `caBundle`, and patch the configuration.

#[cfg(test)]
mod tests;

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use tokio::time::Instant;

use super::action::{Action, CallError, Idle, RoundError};
use super::moment::Moment;
use super::pacing::Pacing;
use super::view::View;
use super::webhooks::{Configuration, ObservedConfiguration};

/// How many conflicts in succession end a round, so that the next one begins after a pause.
const CONFLICTS: usize = 5;

/// How long a Secret must be missing before a replica that serves a certificate creates it again.
///
/// The certificate stays valid without the Secret. When podgraft is uninstalled, the Secret and the right to create it are
/// deleted one shortly after the other, and the replica must not create a new Secret after that.
const MISSING_FOR_GOOD: Duration = Duration::from_secs(3);

/// One replica's knowledge, and its position in the present round.
pub(super) struct Replica {
    view: View,
    step: Step,
    /// Whether this round has written anything.
    wrote: bool,
    /// Since when the Secret is missing, if it is.
    missing_since: Option<Instant>,
    pacing: Pacing,
}

/// The position in a round. While an outcome is awaited, it is the step to continue with if the outcome never arrives.
enum Step {
    /// Between two rounds.
    Rest,
    /// The Secret is read, and written where it should change, until it is as it should be; then the round continues.
    Secret {
        conflicts: usize,
        then: AfterSecret,
    },
    Serve,
    /// Patches the configuration with this index, if it needs a patch.
    Webhooks(usize),
    /// The Secret has just been read for the patch of this configuration.
    Patch(usize),
    Failed(CallError),
}

#[derive(Clone, Copy)]
enum AfterSecret {
    Serve,
    Patch(usize),
}

impl Replica {
    pub(super) fn new(view: View) -> Self {
        Replica { view, step: Step::Rest, wrote: false, missing_since: None, pacing: Pacing::default() }
    }

    /// What is to be done next. After [`Action::Idle`], the next call begins another round.
    pub(super) fn next(&mut self, now: Moment) -> Action {
        self.advance(now).unwrap_or_else(|error| self.fail(error, now))
    }

    /// A watch reports the `resourceVersion` of the Secret, or that it does not exist.
    pub(super) fn note_secret(&mut self, version: Option<&str>) {
        self.view.note_secret(version);
    }

    /// A watch reports a configuration, or that it does not exist.
    pub(super) fn note_configuration(&mut self, configuration: Configuration, observed: Option<ObservedConfiguration>) {
        self.view.note_configuration(configuration, observed);
    }

    /// The outcome of [`Action::ReadSecret`]; `None` where the Secret does not exist.
    pub(super) fn secret_read(&mut self, outcome: Result<Option<Secret>, CallError>, now: Moment) {
        match outcome {
            Ok(found) if self.waits_for(found.as_ref(), now) => self.leave_secret(),
            Ok(found) => self.view.observed(found),
            Err(error) => self.step = Step::Failed(error),
        }
    }

    /// The outcome of [`Action::WriteSecret`]: the object as the API server stored it.
    pub(super) fn secret_written(&mut self, outcome: Result<Secret, CallError>) {
        match outcome {
            Ok(written) => {
                (self.wrote, self.missing_since) = (true, None);
                self.view.committed(written);
                self.leave_secret();
            }
            Err(CallError::Conflict(error)) => self.count_conflict(error),
            Err(error) => self.step = Step::Failed(error),
        }
    }

    /// The outcome of [`Action::PatchWebhooks`]. A failure does not end the round: the other configurations are patched, and
    /// this one again after some seconds or when it has changed.
    pub(super) fn webhook_patched(&mut self, outcome: &Result<(), CallError>) {
        self.wrote |= outcome.is_ok();
    }

    /// Whether the last round has failed.
    pub(super) fn is_failing(&self) -> bool {
        self.pacing.last_round_failed()
    }

    /// Steps until there is an action. `Rest` is the step that remains where a step fails.
    fn advance(&mut self, now: Moment) -> Result<Action, RoundError> {
        loop {
            let action = match std::mem::replace(&mut self.step, Step::Rest) {
                Step::Rest => self.begin(now)?,
                Step::Secret { conflicts, then } => self.update_secret(conflicts, then, now)?,
                Step::Serve => self.serve(now),
                Step::Webhooks(index) => self.visit(index, now),
                Step::Patch(index) => self.patch(index, now),
                Step::Failed(error) => return Err(error.into()),
            };
            if let Some(action) = action {
                return Ok(action);
            }
        }
    }

    fn begin(&mut self, now: Moment) -> Result<Option<Action>, RoundError> {
        if !self.pacing.is_due(now.instant) {
            return Ok(Some(Action::Idle(Idle::Paused)));
        }
        self.wrote = false;
        if self.view.must_read(now.date)? {
            self.enter_secret(AfterSecret::Serve);
        } else {
            self.step = Step::Serve;
        }
        Ok(None)
    }

    /// Reads the Secret, then writes it where it should change.
    fn update_secret(
        &mut self,
        conflicts: usize,
        then: AfterSecret,
        now: Moment,
    ) -> Result<Option<Action>, RoundError> {
        self.step = Step::Secret { conflicts, then };
        if !self.view.knows_secret() {
            return Ok(Some(Action::ReadSecret));
        }
        let Some(rotated) = self.view.rotate(now.date)? else {
            self.leave_secret();
            return Ok(None);
        };
        let secret = Box::new(self.view.secret_with(&rotated.state));
        self.view.invalidated();
        Ok(Some(Action::WriteSecret { secret, events: rotated.events }))
    }

    fn serve(&mut self, now: Moment) -> Option<Action> {
        self.step = Step::Webhooks(0);
        self.view.adopt(now.date).map(Action::Serve)
    }

    fn visit(&mut self, index: usize, now: Moment) -> Option<Action> {
        let Some(configuration) = Configuration::ALL.get(index) else { return Some(self.finish(now)) };
        if self.view.must_patch(*configuration, now.date) {
            self.enter_secret(AfterSecret::Patch(index));
        } else {
            self.step = Step::Webhooks(index + 1);
        }
        None
    }

    fn patch(&mut self, index: usize, now: Moment) -> Option<Action> {
        self.step = Step::Webhooks(index + 1);
        let configuration = Configuration::ALL[index];
        let patch = self.view.take_patch(configuration, now.date)?;
        Some(Action::PatchWebhooks { configuration, patch })
    }

    fn enter_secret(&mut self, then: AfterSecret) {
        self.view.invalidated();
        self.step = Step::Secret { conflicts: 0, then };
    }

    fn leave_secret(&mut self) {
        if let Step::Secret { then, .. } = self.step {
            self.step = match then {
                AfterSecret::Serve => Step::Serve,
                AfterSecret::Patch(index) => Step::Patch(index),
            };
        }
    }

    fn count_conflict(&mut self, error: String) {
        if let Step::Secret { conflicts, .. } = &mut self.step {
            *conflicts += 1;
            if *conflicts == CONFLICTS {
                self.step = Step::Failed(CallError::Conflict(error));
            }
        }
    }

    /// Whether the Secret is missing, and not yet to be created again.
    fn waits_for(&mut self, found: Option<&Secret>, now: Moment) -> bool {
        if found.is_some() || !self.view.is_serving() {
            self.missing_since = None;
            return false;
        }
        let since = *self.missing_since.get_or_insert(now.instant);
        now.instant.saturating_duration_since(since) < MISSING_FOR_GOOD
    }

    fn finish(&mut self, now: Moment) -> Action {
        self.pacing.succeed(self.wrote, now.instant);
        let (bundles_in_sync, ca_expires) = (self.view.bundles_are_in_sync(now.date), self.view.ca_expires());
        Action::Idle(Idle::Done { bundles_in_sync, ca_expires })
    }

    fn fail(&mut self, error: RoundError, now: Moment) -> Action {
        self.step = Step::Rest;
        let pause = self.pacing.fail(now.instant);
        Action::Idle(Idle::Failed { error, pause, ca_expires: self.view.ca_expires() })
    }
}
