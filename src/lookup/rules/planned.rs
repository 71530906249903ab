//! The resources of a Pod with the containers that a patch adds to it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::amounts::{AmountKind, ContainerDefaults, ResourceAmounts, amounts};
use crate::inject::companion::quantity::Amount;
use crate::inject::container_list::ContainerList;
use crate::inject::pod::{Container, Pod};
use crate::json::Reader;

/// The most containers of a Pod that are examined. A Pod with more is left alone: nothing runs that many.
const MOST_CONTAINERS: usize = 256;
/// The longest text of a container's resources that is read, in bytes.
const LONGEST_RESOURCES: usize = 4096;

/// The Pod that will run, as far as its resources are known.
#[derive(Debug)]
pub(in crate::lookup) struct PlannedPod<'d> {
    /// `initContainers`, then `containers`, each in order.
    containers: Vec<PlannedContainer<'d>>,
}

/// A container of the Pod that will run.
#[derive(Debug)]
pub(super) struct PlannedContainer<'d> {
    pub(super) name: String,
    /// Whether podgraft injects it.
    pub(super) is_injected: bool,
    /// Whether it runs to completion before the app starts.
    is_initial: bool,
    own: Resources,
    defaults: &'d ContainerDefaults<'d>,
}

/// An operation of a patch.
#[derive(Deserialize)]
struct AddedValue<'t> {
    #[serde(borrow)]
    path: Cow<'t, str>,
    #[serde(borrow)]
    value: &'t RawValue,
}

/// The fields of a container that are examined.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddedContainer {
    name: String,
    restart_policy: Option<String>,
    resources: Option<Resources>,
}

#[derive(Debug, Deserialize, Default)]
struct Resources {
    #[serde(default, deserialize_with = "amounts")]
    requests: ResourceAmounts,
    #[serde(default, deserialize_with = "amounts")]
    limits: ResourceAmounts,
}

impl<'d> PlannedPod<'d> {
    /// Reads the containers of a Pod and of the patch that podgraft returns for it. `None` where the rules for containers do not
    /// apply, because the Pod has resources of its own, or where it has too many containers.
    pub(in crate::lookup) fn new(pod: &Pod<'_>, patch: &[u8], defaults: &'d ContainerDefaults<'d>) -> Option<Self> {
        if pod.sets_resources() || pod.containers.len() > MOST_CONTAINERS {
            return None;
        }
        let operations: Vec<AddedValue<'_>> = serde_json::from_slice(patch).ok()?;
        let mut containers = Vec::new();
        for list in [ContainerList::Init, ContainerList::Containers] {
            let own = pod.containers.iter().filter(|c| c.list == list);
            let mut of_list: Vec<_> = own.map(|container| PlannedContainer::own(container, defaults)).collect();
            for operation in &operations {
                operation.add_to(list, &mut of_list, defaults);
            }
            containers.append(&mut of_list);
        }
        Some(PlannedPod { containers })
    }

    /// The containers that podgraft injects.
    pub(super) fn injected(&self) -> impl Iterator<Item = &PlannedContainer<'d>> {
        self.containers.iter().filter(|container| container.is_injected)
    }

    /// Containers and native sidecars: those that run together.
    pub(super) fn running(&self) -> impl Iterator<Item = &PlannedContainer<'d>> {
        self.containers.iter().filter(|container| !container.is_initial)
    }

    /// What the Pod has of a resource. `None` where no container names the resource.
    pub(super) fn total(&self, kind: AmountKind, resource: &str) -> Option<Amount> {
        total(self.containers.iter(), kind, resource)
    }

    /// What the containers of the Pod's author have of a resource.
    pub(super) fn own_total(&self, kind: AmountKind, resource: &str) -> Amount {
        let own = self.containers.iter().filter(|container| !container.is_injected);
        total(own, kind, resource).unwrap_or_default()
    }
}

/// The sum of what runs together, or more if an init container needs more (`AggregateContainerRequests` of
/// k8s.io/component-helpers).
fn total<'c>(
    containers: impl Iterator<Item = &'c PlannedContainer<'c>>,
    kind: AmountKind,
    resource: &str,
) -> Option<Amount> {
    let (mut running, mut most, mut is_named) = (Amount::default(), Amount::default(), false);
    for container in containers {
        let amount = container.amount(kind, resource);
        is_named |= amount.is_some();
        let together = running + amount.unwrap_or_default();
        if container.is_initial {
            most = most.max(together);
        } else {
            running = together;
        }
    }
    is_named.then(|| most.max(running))
}

impl<'d> PlannedContainer<'d> {
    /// A container of the Pod's author.
    fn own(container: &Container<'_>, defaults: &'d ContainerDefaults<'d>) -> Self {
        let text = Reader::of(container.json).raw_at(&["resources"]).ok().flatten().unwrap_or("{}");
        let text = if text.len() > LONGEST_RESOURCES { "{}" } else { text };
        let own = serde_json::from_str(text).unwrap_or_default();
        let name = container.name.to_string();
        PlannedContainer { name, is_injected: false, is_initial: !container.keeps_running(), own, defaults }
    }

    fn injected(added: AddedContainer, list: ContainerList, defaults: &'d ContainerDefaults<'d>) -> Self {
        let AddedContainer { name, restart_policy, resources } = added;
        let is_initial = list.is_init() && restart_policy.as_deref() != Some("Always");
        PlannedContainer { name, is_injected: true, is_initial, own: resources.unwrap_or_default(), defaults }
    }

    /// The amount of a resource in the Pod that API servers store: without a request the limit, and without both the default of
    /// LimitRanges (the plugin LimitRanger runs again after webhooks).
    pub(super) fn amount(&self, kind: AmountKind, resource: &str) -> Option<Amount> {
        let Resources { requests, limits } = &self.own;
        let own = match kind {
            AmountKind::Request => requests.get(resource).or_else(|| limits.get(resource)),
            AmountKind::Limit => limits.get(resource),
        };
        own.or_else(|| self.defaults.amount(kind, resource)).copied()
    }
}

impl AddedValue<'_> {
    /// Inserts the containers that the operation adds to a list, if it does.
    fn add_to<'d>(
        &self,
        list: ContainerList,
        containers: &mut Vec<PlannedContainer<'d>>,
        defaults: &'d ContainerDefaults<'d>,
    ) {
        let Some(rest) = self.path.strip_prefix("/spec/").and_then(|path| path.strip_prefix(list.as_str())) else {
            return;
        };
        let value = self.value.get();
        match rest.strip_prefix('/') {
            None if rest.is_empty() => {
                let added: Vec<AddedContainer> = serde_json::from_str(value).unwrap_or_default();
                containers
                    .extend(added.into_iter().map(|container| PlannedContainer::injected(container, list, defaults)));
            }
            Some(place) if !place.contains('/') => {
                let Ok(added) = serde_json::from_str(value) else { return };
                let at = place.parse().unwrap_or(containers.len()).min(containers.len());
                containers.insert(at, PlannedContainer::injected(added, list, defaults));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_of_defaults_are_found_and_need_no_memory_for_each_container() {
        let containers: Vec<String> = (0..250).map(|i| format!(r#"{{"name":"c{i}","image":"i:1"}}"#)).collect();
        let json = format!(r#"{{"spec":{{"containers":[{}]}}}}"#, containers.join(","));
        let pod = Pod::read(json.as_bytes()).unwrap();
        let one = Amount::parse("1").unwrap();
        let many: ResourceAmounts = (0..20_000).map(|i| (format!("example.com/r{i}"), one)).collect();
        let (none, mut defaults) = (ContainerDefaults::default(), ContainerDefaults::default());
        defaults.add(&many, &many);
        let planned = PlannedPod::new(&pod, b"[]", &defaults).unwrap();
        assert_eq!(planned.containers[249].amount(AmountKind::Request, "example.com/r19999"), Some(one));
        let bytes = |defaults| {
            let counts = allocation_counter::measure(|| drop(PlannedPod::new(&pod, b"[]", defaults)));
            counts.bytes_total
        };
        assert_eq!(bytes(&defaults), bytes(&none));
    }
}
