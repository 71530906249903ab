//! Which companions the Pods of a workload should have: what a review of its template finds.

use std::collections::BTreeMap;

use crate::cli::live::{MatchedPod, Webhooks};
use crate::inject;
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::{Decision, Effect, Finding, Verdict, Via};
use crate::workload::Workload;

/// The companions and Namespaces of the cluster, and the webhooks that are installed.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Engine<'e> {
    pub(in crate::cli) snapshot: &'e Snapshot,
    pub(in crate::cli) webhooks: &'e Webhooks,
}

/// Which companions the Pods of a workload should have.
#[derive(Debug, Clone, Default)]
pub(super) struct Expectation {
    /// By name; the content hash of the version that would be injected now.
    pub(super) companions: BTreeMap<Box<str>, Option<Box<str>>>,
    /// Companions of which the template does not decide whether its Pods get them.
    pub(super) undecided: Vec<Box<str>>,
    /// Why new Pods would be denied.
    pub(super) denial: Option<String>,
    /// Whether Pods request companions, and no webhook that is installed receives them.
    pub(super) unreviewed: bool,
}

impl Engine<'_> {
    /// What the Pods that are created from a workload should have. `None` where its namespace is not known or its template
    /// cannot be read: nothing can be said about its Pods then.
    pub(super) fn expectation(&self, workload: &Workload<'_>) -> Option<Expectation> {
        let name = workload.namespace()?;
        let namespace = self.snapshot.namespaces.listed(name)?;
        let created = workload.created();
        let matched = created.pod().ok()?;
        let of = MatchedPod { template: workload.pod(), pod: &matched, namespace };
        let is_received = self.webhooks.may_receive(&of);
        let request = inject::Request { pod: created.pod().ok()?, namespace: name, webhook: None, requester: "" };
        let verdict = inject::judge(&request, self.snapshot);
        Some(self.of_verdict(name, &verdict, is_received))
    }

    /// The companion with a name in a namespace.
    pub(super) fn companion(&self, namespace: &str, name: &str) -> Option<&CatalogEntry> {
        self.snapshot.companions.resolve(namespace, name)
    }

    fn of_verdict(&self, namespace: &str, verdict: &Verdict<'_>, is_received: bool) -> Expectation {
        let mut expectation = Expectation::default();
        for (name, finding) in verdict.outcomes() {
            // A Pod that no webhook receives gets no companion, but it lacks those that it requests.
            if !is_received && finding.via != Some(Via::Pod) {
                continue;
            }
            if finding.reason.is_undecided() {
                expectation.undecided.push(name.into());
            } else if finding.reason.is_injected() {
                let companion = self.companion(namespace, name).and_then(CatalogEntry::valid);
                expectation.companions.insert(name.into(), companion.map(|companion| companion.hash.clone()));
                expectation.unreviewed |= !is_received;
            }
        }
        if verdict.decision == Decision::Deny && is_received {
            let causes: Vec<String> = verdict.with_effect(Effect::Deny).map(Finding::with_reason).collect();
            expectation.denial = Some(causes.join("; "));
        }
        expectation
    }
}
