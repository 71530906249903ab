//! ResourceQuotas (core/v1): what all Pods of a namespace may have together.

use serde::Deserialize;
use serde_json::Value;

use super::amounts::{AmountKind, NameOnly, ResourceAmounts, amounts};
use super::planned::PlannedPod;

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
    /// Why Pods with the injected containers are denied, if the injected containers are the cause. A quota with scopes is left
    /// out: it counts only some Pods.
    pub(in crate::lookup) fn violations(&self, pod: &PlannedPod) -> Vec<String> {
        if !self.spec.scopes.is_empty() || !self.spec.scope_selector.is_null() {
            return Vec::new();
        }
        let hard = self.spec.hard.keys();
        hard.filter_map(|counted| self.unnamed(counted, pod).or_else(|| self.exceeded(counted, pod))).collect()
    }

    /// An injected container that does not name a resource that it must name.
    fn unnamed(&self, counted: &str, pod: &PlannedPod) -> Option<String> {
        let (kind, resource) = NAMED_BY_EVERY_CONTAINER.contains(&counted).then(|| counted_resource(counted))??;
        let container = pod.injected().find(|container| container.amount(kind, resource).is_none())?;
        Some(format!(
            "ResourceQuota {} requires {} of every container, and the injected container {} has none",
            self.metadata.name,
            words(kind, resource),
            container.name
        ))
    }

    fn exceeded(&self, counted: &str, pod: &PlannedPod) -> Option<String> {
        let (kind, resource) = counted_resource(counted)?;
        let hard = *self.spec.hard.get(counted)?;
        let used = self.status.used.get(counted).copied().unwrap_or_default();
        let total = pod.total(kind, resource)?;
        let own = pod.own_total(kind, resource);
        let (name, what) = (&self.metadata.name, words(kind, resource));
        let [hard_text, used_text, total_text] = [hard, used, total].map(|amount| amount.text_for(resource));
        if total > hard && own <= hard {
            Some(format!(
                "ResourceQuota {name} allows {hard_text} for {what}, and with the injected containers one Pod has {total_text}"
            ))
        } else if used + total > hard && used + own <= hard {
            Some(format!(
                "ResourceQuota {name} allows {hard_text} for {what}, of which {used_text} are in use, and with the injected containers another Pod has {total_text}"
            ))
        } else {
            None
        }
    }
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
