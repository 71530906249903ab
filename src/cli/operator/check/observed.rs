//! What was read of an installation, and all findings about it.

use std::time::SystemTime;

use serde_json::Value;

use super::call::{DryRun, call};
use super::companions::{companions, is_cluster_wide};
use super::finding::{CheckFinding, CheckReason};
use super::installation::InstallationSettings;
use super::namespaces::{is_opted_in, namespaces};
use super::outage::{Consequence, consequences};
use super::policies::{AdmissionPolicies, policies, required};
use super::replicas::{BUNDLES_IN_SYNC, ObservedReplica, replicas, service};
use super::rights::NeededRight;
use super::trust::{are_bundles_complete, trust};
use super::webhooks::{Needs, webhooks};
use crate::inject::snapshot::Snapshot;

/// Something that was read, or the finding that it could not be.
pub(super) type Readable<T> = Result<T, CheckFinding>;

/// What was read of an installation.
pub(super) struct Observed {
    pub(super) settings: InstallationSettings,
    pub(super) deployment: Option<Value>,
    pub(super) replicas: Readable<Vec<ObservedReplica>>,
    pub(super) service: Readable<ObservedService>,
    pub(super) configurations: Readable<Vec<Value>>,
    pub(super) secret: Readable<Option<Value>>,
    pub(super) companions: Readable<ObservedCompanions>,
    pub(super) namespaces: Readable<Vec<Value>>,
    pub(super) policies: Readable<ObservedPolicies>,
    /// The rights that podgraft's ServiceAccount lacks.
    pub(super) missing_rights: Readable<Vec<NeededRight>>,
    /// The answer to a Pod that requests a companion.
    pub(super) call: Option<DryRun>,
    pub(super) now: SystemTime,
}

/// The Service, where it exists, and its EndpointSlices.
pub(super) struct ObservedService {
    pub(super) service: Option<Value>,
    pub(super) slices: Vec<Value>,
}

/// The companions of the cluster.
pub(super) struct ObservedCompanions {
    pub(super) clustered: Vec<Value>,
    pub(super) namespaced: Vec<Value>,
    /// The engine with these companions, those of files, and the Namespaces; `None` where they cannot be read.
    pub(super) snapshot: Option<Snapshot>,
}

/// The ValidatingAdmissionPolicies and bindings of the cluster.
pub(super) struct ObservedPolicies {
    pub(super) policies: Vec<Value>,
    pub(super) bindings: Vec<Value>,
}

impl Observed {
    /// All findings, the most serious first.
    pub(super) fn findings(&self) -> Vec<CheckFinding> {
        let mut findings = Vec::new();
        self.of_replicas(&mut findings);
        self.of_webhooks(&mut findings);
        self.of_companions(&mut findings);
        match &self.missing_rights {
            Ok(rights) => findings.extend(rights.iter().map(|right| right.missing(&self.settings))),
            Err(unread) => findings.push(unread.clone()),
        }
        without_repeats(&mut findings, self.are_bundles_complete());
        findings.sort_by_key(|finding| finding.severity);
        findings
    }

    /// Whether each `caBundle` is known to have every CA.
    fn are_bundles_complete(&self) -> bool {
        let (Ok(configurations), Ok(Some(secret))) = (&self.configurations, &self.secret) else { return false };
        are_bundles_complete(&self.settings, configurations, secret)
    }

    /// What would happen to Pods if podgraft did not answer.
    pub(super) fn consequences(&self) -> Vec<Consequence> {
        let opted_in = self.namespaces.iter().flatten().filter(|namespace| is_opted_in(namespace)).count();
        let clustered = self.companions.as_ref().map_or(&[][..], |companions| &companions.clustered);
        let configurations = self.configurations.as_deref().unwrap_or_default();
        consequences(&self.settings, configurations, opted_in, &required(clustered))
    }

    fn of_replicas(&self, findings: &mut Vec<CheckFinding>) {
        match &self.replicas {
            Ok(found) => findings.extend(replicas(&self.settings, self.deployment.as_ref(), found, self.now)),
            Err(unread) => findings.push(unread.clone()),
        }
        match &self.service {
            Ok(found) => findings.extend(service(&self.settings, found.service.as_ref(), &found.slices)),
            Err(unread) => findings.push(unread.clone()),
        }
    }

    fn of_webhooks(&self, findings: &mut Vec<CheckFinding>) {
        let configurations = match &self.configurations {
            Ok(configurations) => configurations,
            Err(unread) => return findings.push(unread.clone()),
        };
        let companions = self.companions.iter().flat_map(|found| found.clustered.iter().chain(&found.namespaced));
        let needs = Needs {
            opted_in: self.namespaces.iter().flatten().any(is_opted_in),
            cluster_wide: companions.into_iter().any(is_cluster_wide),
        };
        findings.extend(webhooks(&self.settings, configurations, needs));
        match &self.secret {
            Ok(secret) => findings.extend(trust(&self.settings, configurations, secret.as_ref(), self.now)),
            Err(unread) => findings.push(unread.clone()),
        }
        findings.extend(self.call.as_ref().and_then(|answer| call(&self.settings, answer)));
    }

    fn of_companions(&self, findings: &mut Vec<CheckFinding>) {
        let found = match &self.companions {
            Ok(found) => found,
            Err(unread) => return findings.push(unread.clone()),
        };
        findings.extend(companions(&found.clustered, &found.namespaced));
        match &self.policies {
            Ok(all) => {
                let all = AdmissionPolicies { policies: &all.policies, bindings: &all.bindings };
                findings.extend(policies(&self.settings, all, &required(&found.clustered)));
            }
            Err(unread) => findings.push(unread.clone()),
        }
        match (&self.namespaces, &found.snapshot) {
            (Ok(all), Some(snapshot)) => findings.extend(namespaces(all, snapshot, &self.settings.at.namespace)),
            (Err(unread), _) => findings.push(unread.clone()),
            (Ok(_), None) => {}
        }
    }
}

/// Removes what replicas report of a configuration that does not exist, which is a finding of its own. They report the same where
/// a `caBundle` lacks a CA, which has another fix.
fn without_repeats(findings: &mut Vec<CheckFinding>, are_bundles_complete: bool) {
    if are_bundles_complete && findings.iter().any(|finding| finding.reason == CheckReason::WebhookMissing) {
        findings.retain(|finding| finding.field != BUNDLES_IN_SYNC);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::operator::check::finding::ObjectName;

    #[test]
    fn a_bundle_that_lacks_a_ca_is_reported_besides_a_configuration_that_does_not_exist() {
        let found = |reasons: &[CheckReason], are_bundles_complete: bool| {
            let finding = |reason: &CheckReason| {
                let finding = CheckFinding::error(*reason, ObjectName::of_cluster("x", "x"), "m");
                if *reason == CheckReason::ReplicaFailing { finding.at(BUNDLES_IN_SYNC) } else { finding }
            };
            let mut findings: Vec<CheckFinding> = reasons.iter().map(finding).collect();
            without_repeats(&mut findings, are_bundles_complete);
            findings.into_iter().map(|finding| finding.reason).collect::<Vec<_>>()
        };
        let both = [CheckReason::WebhookMissing, CheckReason::ReplicaFailing];
        assert_eq!(found(&both, false), both);
        assert_eq!(found(&both, true), [CheckReason::WebhookMissing]);
        assert_eq!(found(&[CheckReason::ReplicaFailing], true), [CheckReason::ReplicaFailing]);
    }
}
