//! LimitRanges (core/v1): what each container, and each Pod, may have of a resource.

use serde::Deserialize;

use super::amounts::{AmountKind, NameOnly, ResourceAmounts};
use super::bound::ResourceBound;
use super::constraint::Constraint;
use super::container::PlannedContainer;
use super::defaults::ContainerDefaults;
use super::planned::{ContainerSet, PlannedPod};
use super::remedies::{AmountChange, NewAmount, Remedies};
use crate::inject::companion::quantity::Amount;
use crate::inject::companion::resources::allows_overcommit;

/// A LimitRange.
#[derive(Debug, Deserialize)]
pub(in crate::lookup) struct LimitRange {
    metadata: NameOnly,
    spec: LimitRangeSpec,
}

#[derive(Debug, Deserialize)]
struct LimitRangeSpec {
    /// API servers write `null` for an empty list.
    limits: Option<Vec<LimitRangeItem>>,
}

/// The bounds of one type of object.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LimitRangeItem {
    #[serde(rename = "type")]
    of: String,
    #[serde(default)]
    default: ResourceAmounts,
    #[serde(default)]
    default_request: ResourceAmounts,
    #[serde(default)]
    max: ResourceAmounts,
    #[serde(default)]
    min: ResourceAmounts,
    #[serde(default)]
    max_limit_request_ratio: ResourceAmounts,
}

impl LimitRange {
    pub(in crate::lookup) fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Whether it has lists of which not all resources are known.
    pub(in crate::lookup) fn is_too_long(&self) -> bool {
        self.items().flat_map(LimitRangeItem::lists).any(ResourceAmounts::is_too_long)
    }

    /// Adds what it gives containers that do not declare it.
    pub(in crate::lookup) fn add_defaults<'a>(&'a self, defaults: &mut ContainerDefaults<'a>) {
        self.items_of("Container").for_each(|item| defaults.add(&item.default, &item.default_request));
    }

    /// Why Pods with the injected containers are denied, if the injected containers are the cause, or its own defaults
    /// (`PodValidateLimitFunc` of the plugin LimitRanger). They are found one after the other.
    pub(in crate::lookup) fn violations<'a>(
        &'a self,
        pod: &'a PlannedPod<'_>,
        remedies: &'a Remedies<'_>,
    ) -> impl Iterator<Item = String> + 'a {
        let containers = || pod.containers(ContainerSet::All);
        let below_request = self.items_of("Container").flat_map(move |item| {
            item.default.iter().flat_map(move |default| {
                containers().filter_map(move |container| self.below_request(item, default, container, remedies))
            })
        });
        let of_containers = self
            .bounds("Container")
            .flat_map(move |bound| pod.injected().filter_map(move |container| bound.of_container(container, remedies)));
        let of_pod = self.bounds("Pod").filter_map(move |bound| bound.of_pod(pod, remedies));
        below_request.chain(of_containers).chain(of_pod)
    }

    fn items(&self) -> impl Iterator<Item = &LimitRangeItem> {
        self.spec.limits.iter().flatten()
    }

    fn items_of(&self, of: &'static str) -> impl Iterator<Item = &LimitRangeItem> {
        self.items().filter(move |item| item.of == of)
    }

    fn bounds(&self, of: &'static str) -> impl Iterator<Item = ResourceBound<'_>> {
        let of_item =
            move |item| Constraint::ALL.into_iter().flat_map(move |constraint| self.bounds_of(item, constraint));
        self.items_of(of).flat_map(of_item)
    }

    fn bounds_of<'a>(
        &'a self,
        item: &'a LimitRangeItem,
        constraint: Constraint,
    ) -> impl Iterator<Item = ResourceBound<'a>> {
        let bound = move |(resource, amount)| ResourceBound { limit_range: self.name(), constraint, resource, amount };
        item.bounds(constraint).iter().map(bound)
    }

    /// A default limit that is less than what a container requests. API servers compare the two after defaults were added
    /// (`validateResourceRequirements`).
    fn below_request(
        &self,
        item: &LimitRangeItem,
        (resource, limit): (&str, Amount),
        container: &PlannedContainer<'_>,
        remedies: &Remedies<'_>,
    ) -> Option<String> {
        let request = container.request_without_limit(resource)?;
        let is_used = container.held(AmountKind::Limit, resource).exact() == Some(limit);
        let (is_invalid, differs) = if allows_overcommit(resource) {
            (request > limit, "less than")
        } else {
            (request != limit, "not equal to")
        };
        (is_used && is_invalid).then(|| {
            format!(
                "LimitRange {} sets limits.{resource} of {} to {}, {differs} its request of {}; {}",
                self.name(),
                container.label(),
                limit.text_for(resource),
                request.text_for(resource),
                item.limit_remedy((resource, request), container, remedies),
            )
        })
    }
}

impl LimitRangeItem {
    fn bounds(&self, constraint: Constraint) -> &ResourceAmounts {
        match constraint {
            Constraint::Max => &self.max,
            Constraint::Min => &self.min,
            Constraint::MaxLimitRequestRatio => &self.max_limit_request_ratio,
        }
    }

    /// How a container gets a limit that its request allows, or a request that its limit allows if the maximum is below it.
    fn limit_remedy(
        &self,
        (resource, request): (&str, Amount),
        container: &PlannedContainer<'_>,
        remedies: &Remedies<'_>,
    ) -> String {
        let is_above_max = self.max.get(resource).is_some_and(|most| most < request);
        if let Some(limit) = self.default.get(resource).filter(|_| is_above_max) {
            let to = format!(" to at most {}", limit.text_for(resource));
            let change = AmountChange::new(resource, [(AmountKind::Request, NewAmount::AtMost(limit))], to);
            let set = remedies.set(container, &change);
            return format!("{set}, or raise max.{resource} and default.{resource} of the LimitRange");
        }
        let at_least = if allows_overcommit(resource) { "at least " } else { "" };
        let to = format!(" to {at_least}{}", request.text_for(resource));
        let change = AmountChange::new(resource, [(AmountKind::Limit, NewAmount::AtLeast(request))], to);
        format!("{}, or change default.{resource} of the LimitRange", remedies.set(container, &change))
    }

    fn lists(&self) -> [&ResourceAmounts; 5] {
        [&self.default, &self.default_request, &self.max, &self.min, &self.max_limit_request_ratio]
    }
}

#[cfg(test)]
mod tests;
