//! The result of a review: what to do with the Pod, and why.

pub mod effect;
pub mod examples;
mod message;
pub mod reason;

use std::borrow::Cow;
use std::fmt;

use super::companion::OnConflict;
use effect::effect;
use reason::{Outcome, Reason, Remark};

/// The result of one review.
#[derive(Debug)]
pub struct Verdict<'a> {
    /// What to do with the Pod.
    pub decision: Decision,
    /// Why: exactly one outcome for each companion that was considered, in order of rank, and remarks.
    pub findings: Vec<Finding<'a>>,
}

/// What to do with a Pod.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision {
    /// Admit it unchanged.
    Admit,
    /// Admit it with this JSON patch (RFC 6902), which consists of `add` operations.
    Patch(Vec<u8>),
    /// Deny it. The Pod's author can fix the cause, or somebody else's rule forbids the Pod.
    Deny,
    /// There is no verdict: the failure policy of the webhook that called decides.
    Unavailable,
}

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

/// How a companion was requested, by falling rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// The companion is required.
    Required,
    /// The Pod's annotation names the companion.
    Pod,
    /// The namespace's annotation names the companion.
    NamespaceList,
    /// The companion is automatic.
    Automatic,
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Reported in logs, metrics and audit annotations.
    Info,
    /// Reported as a warning of the API server as well.
    Warn,
    /// Denies the Pod.
    Deny,
}

impl Via {
    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Via::Required => "Required",
            Via::Pod => "Pod",
            Via::NamespaceList => "NamespaceList",
            Via::Automatic => "Automatic",
        }
    }
}

impl<'a> Verdict<'a> {
    /// The Pod is admitted unchanged, for one reason.
    pub(super) fn unchanged(remark: Remark) -> Self {
        Verdict { decision: Decision::Admit, findings: vec![Finding::on_pod(remark)] }
    }

    /// There is no verdict, for one reason.
    pub(super) fn unavailable(remark: Remark) -> Self {
        Verdict { decision: Decision::Unavailable, ..Verdict::unchanged(remark) }
    }

    /// The Pod is denied: companions that would fit are not injected either.
    pub(super) fn denied(mut findings: Vec<Finding<'a>>) -> Self {
        let injected = Reason::Outcome(Outcome::Injected);
        for finding in findings.iter_mut().filter(|finding| finding.reason == injected) {
            finding.reason = Outcome::PodDenied.into();
        }
        Verdict { decision: Decision::Deny, findings }
    }

    /// The outcomes of the companions that were considered, by name.
    pub fn outcomes(&self) -> impl Iterator<Item = (&str, &Finding<'_>)> {
        self.findings.iter().filter(|f| f.outcome).filter_map(|f| Some((f.companion.as_deref()?, f)))
    }

    /// The findings with one effect: the causes of a denial, or the warnings.
    pub fn with_effect(&self, effect: Effect) -> impl Iterator<Item = &Finding<'_>> {
        self.findings.iter().filter(move |f| f.effect == effect)
    }
}

impl<'a> Finding<'a> {
    /// A remark on the Pod or its namespace.
    pub(super) fn on_pod(remark: Remark) -> Self {
        Finding { companion: None, via: None, effect: remark.effect(), reason: remark.into(), outcome: false }
    }

    /// A remark on a companion.
    pub(super) fn on_companion(companion: impl Into<Cow<'a, str>>, via: Via, remark: Remark) -> Self {
        Finding { companion: Some(companion.into()), via: Some(via), ..Finding::on_pod(remark) }
    }

    /// The outcome of a companion.
    pub(super) fn outcome(companion: &'a str, via: Via, outcome: Outcome, on_conflict: Option<OnConflict>) -> Self {
        let effect = effect(&outcome, via, on_conflict);
        Finding { companion: Some(companion.into()), via: Some(via), reason: outcome.into(), effect, outcome: true }
    }

    /// Whether the Pod is admitted without the companion.
    fn is_skipped(&self) -> bool {
        self.outcome && !self.reason.is_injected() && self.effect != Effect::Deny
    }
}

/// The sentence that warnings, denials and the command line share.
impl fmt::Display for Finding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.companion {
            Some(companion) if self.is_skipped() => write!(f, "companion {companion} is skipped: {}", self.reason),
            Some(companion) => write!(f, "companion {companion}: {}", self.reason),
            None => write!(f, "{}", self.reason),
        }
    }
}
