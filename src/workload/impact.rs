//! What a change of companions means for the Pods that a workload creates from then on: the same Pod is reviewed with the
//! companions before and after the change.

use std::fmt;

use super::unregistered::missing_configuration;
use crate::inject;
use crate::inject::Request;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::{Decision, Effect, Finding, Verdict};

/// What a change of companions means for a workload.
#[derive(Debug, PartialEq, Eq)]
pub enum Impact {
    /// The next Pods are as before.
    Unchanged,
    /// The next Pods get another patch.
    Changed,
    /// The next Pods would be denied, for these causes.
    Denied(Vec<String>),
    /// The next Pods are denied with and without the change.
    AlreadyDenied,
}

/// How many workloads a change of companions has an impact on; displays as the end of the sentence "of …".
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ImpactCounts {
    /// All that were reviewed.
    pub workloads: usize,
    /// Those whose next Pods would be denied.
    pub denied: usize,
    /// Those whose next Pods would get another patch.
    pub changed: usize,
}

/// The impact on the Pods of a workload. Pods that no API server sends to podgraft are not reviewed, so nothing changes for them.
#[must_use]
pub fn impact(request: &Request<'_>, before: &Snapshot, after: &Snapshot) -> Impact {
    if after.settings.leaves_out(request.namespace)
        || missing_configuration(&request.pod, request.namespace, after).is_some()
    {
        return Impact::Unchanged;
    }
    match (PodResult::of(&inject::review(request, before)), PodResult::of(&inject::review(request, after))) {
        (PodResult::Denied(_), PodResult::Denied(_)) => Impact::AlreadyDenied,
        (_, PodResult::Denied(causes)) => Impact::Denied(causes),
        (before, after) if before != after => Impact::Changed,
        _ => Impact::Unchanged,
    }
}

impl ImpactCounts {
    /// Counts one more workload.
    pub fn count(&mut self, impact: &Impact) {
        self.workloads += 1;
        match impact {
            Impact::Denied(_) => self.denied += 1,
            Impact::Changed => self.changed += 1,
            Impact::Unchanged | Impact::AlreadyDenied => {}
        }
    }

    /// How many are denied and changed, in words.
    #[must_use]
    pub fn effects(&self) -> String {
        format!("{} would be denied, and {} would change at the next rollout", self.denied, self.changed)
    }
}

impl fmt::Display for ImpactCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.workloads == 1 { "" } else { "s" };
        write!(f, "{} workload{plural}, {}", self.workloads, self.effects())
    }
}

/// The result of one review, as far as two are compared.
#[derive(Debug, PartialEq, Eq)]
enum PodResult {
    Unchanged,
    Patched(Vec<u8>),
    Denied(Vec<String>),
}

impl PodResult {
    fn of(verdict: &Verdict<'_>) -> Self {
        match &verdict.decision {
            Decision::Admit => PodResult::Unchanged,
            Decision::Patch(patch) => PodResult::Patched(patch.clone()),
            Decision::Deny | Decision::Unavailable => {
                let causes: Vec<String> = verdict.with_effect(Effect::Deny).map(Finding::with_reason).collect();
                let all = || verdict.findings.iter().map(Finding::with_reason).collect();
                PodResult::Denied(if causes.is_empty() { all() } else { causes })
            }
        }
    }
}
