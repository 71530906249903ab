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
pub(in crate::lookup) struct PlannedPod {
    /// `initContainers`, then `containers`, each in order.
    containers: Vec<PlannedContainer>,
}

/// A container of the Pod that will run.
#[derive(Debug)]
pub(super) struct PlannedContainer {
    pub(super) name: String,
    /// Whether podgraft injects it.
    pub(super) is_injected: bool,
    /// Whether it runs to completion before the app starts.
    is_initial: bool,
    requests: ResourceAmounts,
    limits: ResourceAmounts,
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

#[derive(Deserialize, Default)]
struct Resources {
    #[serde(default, deserialize_with = "amounts")]
    requests: ResourceAmounts,
    #[serde(default, deserialize_with = "amounts")]
    limits: ResourceAmounts,
}

impl PlannedPod {
    /// Reads the containers of a Pod and of the patch that podgraft returns for it. `None` where the rules for containers do not
    /// apply, because the Pod has resources of its own, or where it has too many containers.
    pub(in crate::lookup) fn new(pod: &Pod<'_>, patch: &[u8], defaults: &[ContainerDefaults<'_>]) -> Option<Self> {
        if pod.sets_resources() || pod.containers.len() > MOST_CONTAINERS {
            return None;
        }
        let operations: Vec<AddedValue<'_>> = serde_json::from_slice(patch).ok()?;
        let mut containers = Vec::new();
        for list in [ContainerList::Init, ContainerList::Containers] {
            let mut of_list: Vec<_> =
                pod.containers.iter().filter(|c| c.list == list).map(PlannedContainer::own).collect();
            for operation in &operations {
                operation.add_to(list, &mut of_list);
            }
            containers.append(&mut of_list);
        }
        for container in &mut containers {
            container.complete(defaults);
        }
        Some(PlannedPod { containers })
    }

    /// The containers that podgraft injects.
    pub(super) fn injected(&self) -> impl Iterator<Item = &PlannedContainer> {
        self.containers.iter().filter(|container| container.is_injected)
    }

    /// Containers and native sidecars: those that run together.
    pub(super) fn running(&self) -> impl Iterator<Item = &PlannedContainer> {
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
    containers: impl Iterator<Item = &'c PlannedContainer>,
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

impl PlannedContainer {
    /// A container of the Pod's author.
    fn own(container: &Container<'_>) -> Self {
        let text = Reader::of(container.json).raw_at(&["resources"]).ok().flatten().unwrap_or("{}");
        let text = if text.len() > LONGEST_RESOURCES { "{}" } else { text };
        let Resources { requests, limits } = serde_json::from_str(text).unwrap_or_default();
        let name = container.name.to_string();
        PlannedContainer { name, is_injected: false, is_initial: !container.keeps_running(), requests, limits }
    }

    fn injected(added: AddedContainer, list: ContainerList) -> Self {
        let AddedContainer { name, restart_policy, resources } = added;
        let Resources { requests, limits } = resources.unwrap_or_default();
        let is_initial = list.is_init() && restart_policy.as_deref() != Some("Always");
        PlannedContainer { name, is_injected: true, is_initial, requests, limits }
    }

    /// The amount of a resource.
    pub(super) fn amount(&self, kind: AmountKind, resource: &str) -> Option<Amount> {
        let amounts = match kind {
            AmountKind::Request => &self.requests,
            AmountKind::Limit => &self.limits,
        };
        amounts.get(resource).copied()
    }

    /// Adds what API servers add: the limit as the request, and then the defaults of LimitRanges (the plugin LimitRanger runs
    /// again after webhooks).
    fn complete(&mut self, defaults: &[ContainerDefaults<'_>]) {
        for (resource, limit) in &self.limits {
            self.requests.entry(resource.clone()).or_insert(*limit);
        }
        for ContainerDefaults { limits, requests } in defaults {
            for (defaults, own) in [(limits, &mut self.limits), (requests, &mut self.requests)] {
                for (resource, amount) in *defaults {
                    own.entry(resource.clone()).or_insert(*amount);
                }
            }
        }
    }
}

impl AddedValue<'_> {
    /// Inserts the containers that the operation adds to a list, if it does.
    fn add_to(&self, list: ContainerList, containers: &mut Vec<PlannedContainer>) {
        let Some(rest) = self.path.strip_prefix("/spec/").and_then(|path| path.strip_prefix(list.as_str())) else {
            return;
        };
        let value = self.value.get();
        match rest.strip_prefix('/') {
            None if rest.is_empty() => {
                let added: Vec<AddedContainer> = serde_json::from_str(value).unwrap_or_default();
                containers.extend(added.into_iter().map(|container| PlannedContainer::injected(container, list)));
            }
            Some(place) if !place.contains('/') => {
                let Ok(added) = serde_json::from_str(value) else { return };
                let at = place.parse().unwrap_or(containers.len()).min(containers.len());
                containers.insert(at, PlannedContainer::injected(added, list));
            }
            _ => {}
        }
    }
}
