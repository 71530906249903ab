//! The result of a review: what to do with the Pod, and why.

pub mod effect;
pub mod examples;
mod finding;
mod message;
pub mod reason;
mod skipped;
mod via;

pub use effect::Effect;
pub use finding::Finding;
pub(super) use skipped::skipped_text;
pub use via::Via;

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
    /// Deny it. The Pod's author can fix the cause, or another rule of the cluster forbids it.
    Deny,
    /// There is no verdict: the failure policy of the webhook that called decides.
    Unavailable,
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
