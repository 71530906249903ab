//! LimitRanges (core/v1): what each container, and each Pod, may have of a resource.

use serde::Deserialize;

use super::amounts::{AmountKind, ContainerDefaults, NameOnly, ResourceAmounts, amounts};
use super::planned::{PlannedContainer, PlannedPod};

/// A LimitRange.
#[derive(Debug, Deserialize)]
pub(in crate::lookup) struct LimitRange {
    metadata: NameOnly,
    spec: LimitRangeSpec,
}

#[derive(Debug, Deserialize)]
struct LimitRangeSpec {
    #[serde(default)]
    limits: Vec<LimitRangeItem>,
}

/// The bounds of one type of object.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LimitRangeItem {
    #[serde(rename = "type")]
    of: String,
    #[serde(default, deserialize_with = "amounts")]
    default: ResourceAmounts,
    #[serde(default, deserialize_with = "amounts")]
    default_request: ResourceAmounts,
    #[serde(default, deserialize_with = "amounts")]
    max: ResourceAmounts,
    #[serde(default, deserialize_with = "amounts")]
    min: ResourceAmounts,
}

impl LimitRange {
    /// Adds what it gives containers that do not declare it.
    pub(in crate::lookup) fn add_defaults<'a>(&'a self, defaults: &mut ContainerDefaults<'a>) {
        self.of_containers().for_each(|item| defaults.add(&item.default, &item.default_request));
    }

    fn of_containers(&self) -> impl Iterator<Item = &LimitRangeItem> {
        self.spec.limits.iter().filter(|item| item.of == "Container")
    }

    /// Why Pods with the injected containers are denied, if the injected containers are the cause (`PodValidateLimitFunc` of the
    /// plugin LimitRanger). They are found one after the other, because a LimitRange can have thousands of items.
    pub(in crate::lookup) fn violations<'a>(&'a self, pod: &'a PlannedPod<'_>) -> impl Iterator<Item = String> + 'a {
        let name = &self.metadata.name;
        let of_containers =
            self.of_containers().flat_map(move |item| pod.injected().flat_map(move |c| item.of_container(name, c)));
        let of_pod =
            self.spec.limits.iter().filter(|item| item.of == "Pod").flat_map(move |item| item.of_pod(name, pod));
        of_containers.chain(of_pod)
    }
}

impl LimitRangeItem {
    fn of_container(&self, name: &str, container: &PlannedContainer<'_>) -> Vec<String> {
        let own = &container.name;
        let of = |kind, resource: &str| container.amount(kind, resource);
        let too_much = self.max.iter().filter_map(|(resource, most)| {
            let limit = of(AmountKind::Limit, resource);
            let what = match limit {
                None => format!("no limit of {resource}"),
                Some(limit) if limit > *most => format!("a limit of {} {resource}", limit.text_for(resource)),
                Some(_) => return None,
            };
            Some(format!(
                "LimitRange {name} allows a container at most {} {resource}, and the injected container {own} has {what}",
                most.text_for(resource)
            ))
        });
        let too_little = self.min.iter().filter_map(|(resource, least)| {
            let what = match of(AmountKind::Request, resource) {
                None => format!("no {resource}"),
                Some(request) if request < *least => format!("{} {resource}", request.text_for(resource)),
                Some(_) => return None,
            };
            Some(format!(
                "LimitRange {name} requires a container to request at least {} {resource}, and the injected container {own} requests {what}",
                least.text_for(resource)
            ))
        });
        too_much.chain(too_little).collect()
    }

    fn of_pod(&self, name: &str, pod: &PlannedPod<'_>) -> Vec<String> {
        let too_much = self.max.iter().filter_map(|(resource, most)| {
            let own = pod.own_total(AmountKind::Limit, resource);
            let total = pod.total(AmountKind::Limit, resource).filter(|total| total > most && own <= *most)?;
            let (most, total) = (most.text_for(resource), total.text_for(resource));
            Some(format!(
                "LimitRange {name} allows a Pod at most {most} {resource}, and with the injected containers it has a limit of {total}"
            ))
        });
        too_much.collect()
    }
}
