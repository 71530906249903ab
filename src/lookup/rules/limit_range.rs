//! LimitRanges (core/v1): what each container, and each Pod, may have of a resource.

use serde::Deserialize;

use super::amounts::{AmountKind, NameOnly, ResourceAmounts};
use super::constraint::{Breach, Constraint};
use super::container::PlannedContainer;
use super::defaults::{ContainerDefaults, Held};
use super::planned::{ContainerSet, PlannedPod};
use super::remedies::{NewAmount, Remedies};
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

/// A bound of a LimitRange on a resource.
struct Bound<'a> {
    limit_range: &'a str,
    constraint: Constraint,
    resource: &'a str,
    amount: Amount,
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

    fn bounds(&self, of: &'static str) -> impl Iterator<Item = Bound<'_>> {
        let of_item =
            move |item| Constraint::ALL.into_iter().flat_map(move |constraint| self.bounds_of(item, constraint));
        self.items_of(of).flat_map(of_item)
    }

    fn bounds_of<'a>(&'a self, item: &'a LimitRangeItem, constraint: Constraint) -> impl Iterator<Item = Bound<'a>> {
        let bound = move |(resource, amount)| Bound { limit_range: self.name(), constraint, resource, amount };
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
            let set = remedies.set(container, AmountKind::Request, resource, NewAmount::AtMost(limit));
            let limit = limit.text_for(resource);
            return format!(
                "{set} to at most {limit}, or raise max.{resource} and default.{resource} of the LimitRange"
            );
        }
        let set = remedies.set(container, AmountKind::Limit, resource, NewAmount::AtLeast(request));
        let at_least = if allows_overcommit(resource) { "at least " } else { "" };
        format!("{set} to {at_least}{}, or change default.{resource} of the LimitRange", request.text_for(resource))
    }

    fn lists(&self) -> [&ResourceAmounts; 5] {
        [&self.default, &self.default_request, &self.max, &self.min, &self.max_limit_request_ratio]
    }
}

impl Bound<'_> {
    fn of_container(&self, container: &PlannedContainer<'_>, remedies: &Remedies<'_>) -> Option<String> {
        let [request, limit] = [AmountKind::Request, AmountKind::Limit].map(|kind| container.held(kind, self.resource));
        // A container whose limit is below its request is invalid, and reported as such.
        let breach = self.constraint.breach(self.amount, request, limit).filter(|_| !is_below(limit, request))?;
        let set = remedies.set(container, breach.kind_to_set(), self.resource, self.new_amount(breach));
        let (rule, has) = (self.rule("container"), self.has(breach));
        Some(format!(
            "{rule}, and {} {has}; {set} to {}, {}",
            container.label(),
            self.wanted(breach),
            self.other_remedy()
        ))
    }

    fn of_pod(&self, pod: &PlannedPod<'_>, remedies: &Remedies<'_>) -> Option<String> {
        let breach = |set| {
            let [request, limit] =
                [AmountKind::Request, AmountKind::Limit].map(|kind| pod.total(set, kind, self.resource));
            self.constraint.breach(self.amount, request, limit)
        };
        let found = breach(ContainerSet::All).filter(|_| pod.is_summed(self.resource))?;
        if breach(ContainerSet::OfAuthor).is_some() {
            return None;
        }
        let reduce = remedies.reduce(pod, found.kind_to_set(), self.resource)?;
        let (rule, has) = (self.rule("Pod"), self.has(found));
        Some(format!("{rule}, and with the injected containers it {has}; {reduce}, {}", self.other_remedy()))
    }

    /// What the LimitRange demands.
    fn rule(&self, of: &str) -> String {
        let Bound { limit_range, resource, amount, .. } = self;
        match self.constraint {
            Constraint::Max => {
                format!("LimitRange {limit_range} allows a {of} at most {} {resource}", amount.text_for(resource))
            }
            Constraint::Min => {
                let least = amount.text_for(resource);
                format!("LimitRange {limit_range} requires a {of} to request at least {least} {resource}")
            }
            Constraint::MaxLimitRequestRatio => {
                let ratio = self.ratio();
                format!(
                    "LimitRange {limit_range} allows a {of} a limit of at most {ratio} times its request of {resource}"
                )
            }
        }
    }

    fn has(&self, breach: Breach) -> String {
        let resource = self.resource;
        match breach {
            Breach::Missing(AmountKind::Limit) => format!("has no limit of {resource}"),
            Breach::Missing(AmountKind::Request) => format!("requests no {resource}"),
            Breach::Amount(AmountKind::Limit, amount) => {
                format!("has a limit of {} {resource}", amount.text_for(resource))
            }
            Breach::Amount(AmountKind::Request, amount) => format!("requests {} {resource}", amount.text_for(resource)),
            Breach::Ratio { limit, request } => {
                format!("has a limit of {} and a request of {}", limit.text_for(resource), request.text_for(resource))
            }
        }
    }

    fn new_amount(&self, breach: Breach) -> NewAmount {
        match (self.constraint, breach) {
            (Constraint::Max, _) => NewAmount::AtMost(self.amount),
            (Constraint::Min, _) => NewAmount::AtLeast(self.amount),
            (_, Breach::Ratio { limit, .. }) => NewAmount::Below(limit),
            (Constraint::MaxLimitRequestRatio, _) => NewAmount::Any,
        }
    }

    fn wanted(&self, breach: Breach) -> String {
        match (self.constraint, breach) {
            (Constraint::Max, _) => format!("at most {}", self.amount.text_for(self.resource)),
            (Constraint::Min, _) => format!("at least {}", self.amount.text_for(self.resource)),
            (_, Breach::Missing(AmountKind::Request)) => "more than 0".to_owned(),
            (Constraint::MaxLimitRequestRatio, _) => format!("at most {} times its request", self.ratio()),
        }
    }

    fn other_remedy(&self) -> String {
        let verb = if self.constraint == Constraint::Min { "lower" } else { "raise" };
        format!("or {verb} {}.{} of the LimitRange", self.constraint.field(), self.resource)
    }

    fn ratio(&self) -> f64 {
        self.amount.ratio_to(Amount::ONE)
    }
}

fn is_below(limit: Held, request: Held) -> bool {
    limit.exact().zip(request.exact()).is_some_and(|(limit, request)| limit < request)
}

#[cfg(test)]
mod tests;
