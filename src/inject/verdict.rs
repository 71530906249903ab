//! What a review comes to.

pub(super) mod effect;
pub mod reason;

use std::borrow::Cow;
use std::fmt;

use reason::Reason;

/// The result of one review: what to do, and why.
#[derive(Debug)]
pub struct Verdict<'a> {
    /// What to do.
    pub decision: Decision,
    /// Why: exactly one outcome for each companion that was considered, in order of rank, and remarks.
    pub findings: Vec<Finding<'a>>,
}

/// What to do with a Pod.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision {
    /// Admit it as it is.
    Admit,
    /// Admit it with this JSON patch (RFC 6902), which has `add` operations only.
    Patch(Vec<u8>),
    /// Refuse it: its author can mend it.
    Deny,
    /// No verdict; the failure policy of the webhook that called decides.
    Unavailable,
}

/// One thing that a review found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding<'a> {
    /// The companion that it is about; `None` where it is about the Pod.
    pub companion: Option<Cow<'a, str>>,
    /// How that companion was asked for; `None` for remarks on the Pod.
    pub via: Option<Via>,
    /// Why.
    pub reason: Reason,
    /// How loudly it is said.
    pub effect: Effect,
    /// Whether it is the companion's outcome, and not a remark.
    pub outcome: bool,
}

/// How a companion was asked for, by falling rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// It is required.
    Required,
    /// The Pod's annotation names it.
    Pod,
    /// The namespace's annotation names it.
    NamespaceList,
    /// It comes by itself.
    Automatic,
}

/// How loudly a finding is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// In logs, metrics and audit annotations.
    Info,
    /// As a warning, too.
    Warn,
    /// As the message of a refusal.
    Deny,
}

impl Via {
    /// Its stable name.
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

impl Verdict<'_> {
    /// The outcomes of the companions that were considered, by name.
    pub fn outcomes(&self) -> impl Iterator<Item = (&str, &Finding<'_>)> {
        self.findings.iter().filter(|f| f.outcome).filter_map(|f| Some((f.companion.as_deref()?, f)))
    }

    /// What is said aloud: the grounds of a refusal, or the warnings.
    pub fn with_effect(&self, effect: Effect) -> impl Iterator<Item = &Finding<'_>> {
        self.findings.iter().filter(move |f| f.effect == effect)
    }
}

impl Finding<'_> {
    /// Whether the Pod goes on without the companion.
    fn is_skipped(&self) -> bool {
        let comes = matches!(self.reason, Reason::Injected | Reason::PodDenied | Reason::AlreadyInjected);
        self.outcome && !comes && self.effect != Effect::Deny
    }
}

/// The one sentence that warnings, refusals and the command line share.
impl fmt::Display for Finding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.companion {
            Some(companion) if self.is_skipped() => write!(f, "companion {companion} is skipped: {}", self.reason),
            Some(companion) => write!(f, "companion {companion}: {}", self.reason),
            None => write!(f, "{}", self.reason),
        }
    }
}
