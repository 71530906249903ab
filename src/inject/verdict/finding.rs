//! One thing that a review found, and its sentence.

use std::borrow::Cow;
use std::fmt;

use super::effect::{Effect, effect};
use super::reason::{Outcome, Reason, Remark};
use super::via::Via;
use crate::inject::companion::OnConflict;

/// One thing that a review found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding<'a> {
    /// The companion that the finding is about; `None` where it is about the Pod.
    pub companion: Option<Cow<'a, str>>,
    /// How that companion was requested; `None` for remarks on the Pod.
    pub via: Option<Via>,
    /// Why.
    pub reason: Reason,
    /// How serious it is.
    pub effect: Effect,
    /// Whether it is the companion's outcome. Further mistakes in the same companion's parameters are not.
    pub outcome: bool,
}

impl<'a> Finding<'a> {
    /// A remark on the Pod or its namespace.
    pub(in crate::inject) fn on_pod(remark: Remark) -> Self {
        Finding { companion: None, via: None, effect: remark.effect(), reason: remark.into(), outcome: false }
    }

    /// A remark on a companion.
    pub(in crate::inject) fn on_companion(companion: impl Into<Cow<'a, str>>, via: Via, remark: Remark) -> Self {
        Finding { companion: Some(companion.into()), via: Some(via), ..Finding::on_pod(remark) }
    }

    /// The outcome of a companion.
    pub(in crate::inject) fn outcome(
        companion: &'a str,
        via: Via,
        outcome: Outcome,
        on_conflict: Option<OnConflict>,
    ) -> Self {
        let effect = effect(&outcome, via, on_conflict);
        Finding { companion: Some(companion.into()), via: Some(via), reason: outcome.into(), effect, outcome: true }
    }

    /// The sentence, with the name of the reason at the end, by which users find it in `docs/reasons.md`.
    #[must_use]
    pub fn with_reason(&self) -> String {
        format!("{self} ({})", self.reason.label())
    }

    /// Whether the Pod is admitted without the companion.
    #[must_use]
    pub fn is_skipped(&self) -> bool {
        self.outcome && !self.reason.is_injected() && !self.reason.is_undecided() && self.effect != Effect::Deny
    }
}

/// The sentence that warnings, denials, events and the command line share.
impl fmt::Display for Finding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.companion {
            Some(companion) if self.is_skipped() => write!(f, "companion {companion} is skipped: {}", self.reason),
            Some(companion) => write!(f, "companion {companion}: {}", self.reason),
            None => write!(f, "{}", self.reason),
        }
    }
}
