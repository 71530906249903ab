//! ResourceQuotas (core/v1): what all Pods of a namespace may have together.

use serde::Deserialize;
use serde_json::Value;

use super::amounts::{AmountKind, NameOnly, ResourceAmounts, amounts};
use super::planned::PlannedPod;
use crate::inject::companion::quantity::Amount;

/// The resources that every container must name if a quota has them (`validationSet` of
/// `k8s.io/kubernetes/pkg/quota/v1/evaluator/core/pods.go`).
const NAMED_BY_EVERY_CONTAINER: [&str; 6] =
    ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

/// A ResourceQuota.
#[derive(Debug, Deserialize)]
pub(in crate::lookup) struct Quota {
    metadata: NameOnly,
    spec: QuotaSpec,
    #[serde(default)]
    status: QuotaStatus,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct QuotaSpec {
    #[serde(default, deserialize_with = "amounts")]
    hard: ResourceAmounts,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    scope_selector: Value,
}

#[derive(Debug, Default, Deserialize)]
struct QuotaStatus {
    #[serde(default, deserialize_with = "amounts")]
    used: ResourceAmounts,
}

impl Quota {
    /// Why Pods with the injected containers are denied, if the injected containers are the cause.
    pub(in crate::lookup) fn violations(&self, pod: &PlannedPod<'_>) -> Vec<String> {
        let counted = self.counted().into_iter();
        counted.filter_map(|counted| self.unnamed(counted, pod).or_else(|| self.exceeded(counted, pod))).collect()
    }

    /// Why another Pod with the injected containers is denied for as long as the other Pods of the namespace exist.
    pub(in crate::lookup) fn shortages(&self, pod: &PlannedPod<'_>) -> Vec<String> {
        self.counted().into_iter().filter_map(|counted| self.shortage(counted, pod)).collect()
    }

    /// What it counts. A quota with scopes is left out: it counts only some Pods.
    fn counted(&self) -> Vec<&String> {
        let QuotaSpec { hard, scopes, scope_selector } = &self.spec;
        let has_scopes = !scopes.is_empty() || !scope_selector.is_null();
        hard.keys().filter(|_| !has_scopes).collect()
    }

    /// An injected container that does not name a resource that it must name.
    fn unnamed(&self, counted: &str, pod: &PlannedPod<'_>) -> Option<String> {
        let (kind, resource) = NAMED_BY_EVERY_CONTAINER.contains(&counted).then(|| counted_resource(counted))??;
        let container = pod.injected().find(|container| container.amount(kind, resource).is_none())?;
        Some(format!(
            "ResourceQuota {} requires {} of every container, and the injected container {} has none",
            self.metadata.name,
            words(kind, resource),
            container.name
        ))
    }

    fn exceeded(&self, counted: &str, pod: &PlannedPod<'_>) -> Option<String> {
        let Usage { what, hard, total, own, resource, .. } = self.usage(counted, pod)?;
        (total > hard && own <= hard).then(|| {
            format!(
                "ResourceQuota {} allows {} for {what}, and with the injected containers one Pod has {}",
                self.metadata.name,
                hard.text_for(resource),
                total.text_for(resource)
            )
        })
    }

    fn shortage(&self, counted: &str, pod: &PlannedPod<'_>) -> Option<String> {
        let Usage { what, hard, used, total, own, resource } = self.usage(counted, pod)?;
        (total <= hard && used + total > hard && used + own <= hard).then(|| {
            format!(
                "ResourceQuota {} allows {} for {what}, of which {} are in use, and with the injected containers another Pod has {}",
                self.metadata.name,
                hard.text_for(resource),
                used.text_for(resource),
                total.text_for(resource)
            )
        })
    }

    fn usage<'c>(&self, counted: &'c str, pod: &PlannedPod<'_>) -> Option<Usage<'c>> {
        let (kind, resource) = counted_resource(counted)?;
        Some(Usage {
            what: words(kind, resource),
            hard: *self.spec.hard.get(counted)?,
            used: self.status.used.get(counted).copied().unwrap_or_default(),
            total: pod.total(kind, resource)?,
            own: pod.own_total(kind, resource),
            resource,
        })
    }
}

/// What a quota allows of a resource, and what Pods have of it.
struct Usage<'c> {
    what: String,
    hard: Amount,
    /// What the Pods that exist have together.
    used: Amount,
    /// What one Pod has.
    total: Amount,
    /// What it has without the injected containers.
    own: Amount,
    resource: &'c str,
}

/// What a quota counts; `None` where it is no resource of containers.
fn counted_resource(counted: &str) -> Option<(AmountKind, &str)> {
    match (counted.strip_prefix("requests."), counted.strip_prefix("limits.")) {
        (Some(resource), _) => Some((AmountKind::Request, resource)),
        (_, Some(resource)) => Some((AmountKind::Limit, resource)),
        _ => matches!(counted, "cpu" | "memory" | "ephemeral-storage").then_some((AmountKind::Request, counted)),
    }
}

/// The field of a container, as a quota names it.
fn words(kind: AmountKind, resource: &str) -> String {
    match kind {
        AmountKind::Request => format!("requests.{resource}"),
        AmountKind::Limit => format!("limits.{resource}"),
    }
}
