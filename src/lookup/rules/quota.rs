//! ResourceQuotas (core/v1): what all Pods of a namespace may have together.

use serde::{Deserialize, Deserializer};

use super::amounts::{AmountKind, NameOnly, ResourceAmounts};
use super::container::PlannedContainer;
use super::planned::{ContainerSet, PlannedPod};
use super::remedies::{AmountChange, NewAmount, Remedies};
use super::scopes::Scopes;
use crate::inject::companion::quantity::Amount;
use crate::inject::companion::resources::{is_extended, is_hugepages};

/// The resources that every container must name if a quota has them (`validationSet` of
/// `k8s.io/kubernetes/pkg/quota/v1/evaluator/core/pods.go`).
const NAMED_BY_EVERY_CONTAINER: [&str; 6] =
    ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
/// The resources that quotas count without a prefix, and as requests and limits.
const NATIVE: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
/// The start of the names of extended resources that are implied by a DeviceClass.
const OF_DEVICE_CLASS: &str = "deviceclass.resource.kubernetes.io/";

/// A ResourceQuota.
#[derive(Debug, Deserialize)]
pub(in crate::lookup) struct Quota {
    metadata: NameOnly,
    spec: QuotaSpec,
    #[serde(default)]
    status: QuotaStatus,
}

#[derive(Debug, Deserialize)]
struct QuotaSpec {
    #[serde(default, deserialize_with = "counted_amounts")]
    hard: ResourceAmounts,
    #[serde(flatten)]
    scopes: Scopes,
}

#[derive(Debug, Default, Deserialize)]
struct QuotaStatus {
    #[serde(default, deserialize_with = "counted_amounts")]
    used: ResourceAmounts,
}

/// A resource that a quota counts, and what Pods have of it.
struct Usage<'q> {
    /// The key of the quota.
    counted: &'q str,
    kind: AmountKind,
    resource: &'q str,
    hard: Amount,
    /// What the Pods that exist have together.
    used: Amount,
    /// What one Pod has.
    total: Amount,
    /// What the quota counts of it without the injected containers.
    own: Amount,
    /// Whether the quota counts it only because of them.
    is_new: bool,
}

impl Quota {
    pub(in crate::lookup) fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Whether it counts more resources of Pods than are known.
    pub(in crate::lookup) fn is_too_long(&self) -> bool {
        self.spec.hard.is_too_long() || self.status.used.is_too_long()
    }

    /// Why Pods with the injected containers are denied, if the injected containers are the cause (`CheckRequest` of
    /// k8s.io/apiserver). The limits are those of the spec: those of the status follow in a moment.
    pub(in crate::lookup) fn violations<'a>(
        &'a self,
        pod: &'a PlannedPod<'_>,
        remedies: &'a Remedies<'_>,
    ) -> impl Iterator<Item = String> + 'a {
        self.usages(pod)
            .filter_map(|usage| self.unnamed(&usage, pod, remedies).or_else(|| self.exceeded(&usage, pod, remedies)))
    }

    /// Why another Pod with the injected containers is denied for as long as the other Pods of the namespace exist.
    pub(in crate::lookup) fn shortages<'a>(
        &'a self,
        pod: &'a PlannedPod<'_>,
        remedies: &'a Remedies<'_>,
    ) -> impl Iterator<Item = String> + 'a {
        self.usages(pod).filter_map(|usage| self.shortage(&usage, pod, remedies))
    }

    /// What it counts of a Pod; nothing if it does not count the Pod, or if that is not certain.
    fn usages<'a>(&'a self, pod: &'a PlannedPod<'_>) -> impl Iterator<Item = Usage<'a>> {
        let selects = |set| self.spec.scopes.select(pod, set);
        let is_selected = selects(ContainerSet::All) == Some(true);
        let is_new = selects(ContainerSet::OfAuthor) == Some(false);
        let hard = self.spec.hard.iter().filter(move |_| is_selected);
        hard.filter_map(move |(counted, hard)| {
            let (kind, resource) = counted_resource(counted)?;
            let charged = |set| pod.charged(set, kind, resource).at_least();
            let own = if is_new { Amount::default() } else { charged(ContainerSet::OfAuthor) };
            let used = self.status.used.get(counted).unwrap_or_default();
            let total = charged(ContainerSet::All);
            pod.is_summed(resource).then_some(Usage { counted, kind, resource, hard, used, total, own, is_new })
        })
    }

    /// A container that does not name a resource that it must name, if the injected containers are the cause.
    fn unnamed(&self, usage: &Usage<'_>, pod: &PlannedPod<'_>, remedies: &Remedies<'_>) -> Option<String> {
        let Usage { kind, resource, counted, is_new, .. } = *usage;
        let is_asked = |container: &&PlannedContainer<'_>| container.is_injected || is_new;
        let mut asked = pod.containers(ContainerSet::All).filter(is_asked);
        let container = asked.find(|container| container.held(kind, resource).is_absent());
        let container = container.filter(|_| NAMED_BY_EVERY_CONTAINER.contains(&counted))?;
        let (default, new) = match kind {
            AmountKind::Request => ("defaultRequest", NewAmount::Any),
            AmountKind::Limit => {
                let request = container.held(AmountKind::Request, resource).at_least();
                ("default", NewAmount::AtLeast(request))
            }
        };
        Some(format!(
            "ResourceQuota {} requires {} of every container, and {} has none; {}, or set {default}.{resource} in a LimitRange",
            self.name(),
            kind.field(resource),
            container.label(),
            remedies.set(container, &AmountChange::of_any(resource, kind, new)),
        ))
    }

    fn exceeded(&self, usage: &Usage<'_>, pod: &PlannedPod<'_>, remedies: &Remedies<'_>) -> Option<String> {
        let Usage { hard, total, own, resource, .. } = *usage;
        (total > hard && own <= hard).then(|| {
            format!(
                "{}, and with the injected containers one Pod has {}; {}",
                self.allows(usage),
                total.text_for(resource),
                usage.remedy(pod, remedies),
            )
        })
    }

    fn shortage(&self, usage: &Usage<'_>, pod: &PlannedPod<'_>, remedies: &Remedies<'_>) -> Option<String> {
        let Usage { hard, used, total, own, resource, .. } = *usage;
        // API servers do not look at what a Pod has nothing of.
        let own_fits = own == Amount::default() || used + own <= hard;
        (total <= hard && total > own && used + total > hard && own_fits).then(|| {
            format!(
                "{}, of which {} are in use, and with the injected containers another Pod has {}; {}",
                self.allows(usage),
                used.text_for(resource),
                total.text_for(resource),
                usage.remedy(pod, remedies),
            )
        })
    }

    fn allows(&self, Usage { kind, resource, hard, .. }: &Usage<'_>) -> String {
        format!("ResourceQuota {} allows {} for {}", self.name(), hard.text_for(resource), kind.field(resource))
    }
}

impl Usage<'_> {
    fn remedy(&self, pod: &PlannedPod<'_>, remedies: &Remedies<'_>) -> String {
        let Usage { kind, resource, counted, used, total, hard, .. } = *self;
        let has = if total > hard { total } else { used + total };
        let reduce = remedies.reduce(pod, (kind, resource), has, hard).map(|reduce| format!("{reduce}, or "));
        format!("{}raise {counted} of the ResourceQuota", reduce.unwrap_or_default())
    }
}

/// What a quota counts; `None` where it is no resource of Pods (`podComputeUsageHelper`).
fn counted_resource(counted: &str) -> Option<(AmountKind, &str)> {
    if let Some(resource) = counted.strip_prefix("limits.") {
        return NATIVE.contains(&resource).then_some((AmountKind::Limit, resource));
    }
    let is_prefixable = |resource: &str| is_extended(resource) || resource.starts_with(OF_DEVICE_CLASS);
    let resource = match counted.strip_prefix("requests.") {
        Some(resource) if is_prefixable(resource) => return Some((AmountKind::Request, resource)),
        Some(resource) => resource,
        None => counted,
    };
    (NATIVE.contains(&resource) || is_hugepages(resource)).then_some((AmountKind::Request, resource))
}

fn counted_amounts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ResourceAmounts, D::Error> {
    ResourceAmounts::read(deserializer, |counted| counted_resource(counted).is_some())
}

#[cfg(test)]
mod tests;
