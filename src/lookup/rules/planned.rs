//! The Pod that will run: with the containers that a patch adds to it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::amounts::{AmountKind, MOST_RESOURCES, ResourceAmounts};
use super::container::{AddedContainer, PlannedContainer};
use super::defaults::{ContainerDefaults, Held};
use crate::inject::companion::quantity::Amount;
use crate::inject::companion::resources::is_pod_level;
use crate::inject::container_list::ContainerList;
use crate::inject::pod::Pod;

/// The most containers of a Pod's author that are examined. Nothing runs more.
const MOST_CONTAINERS: usize = 256;

/// The Pod that will run, as far as its resources are known.
#[derive(Debug)]
pub(in crate::lookup) struct PlannedPod<'d> {
    /// `initContainers`, then `containers`, each in order.
    containers: Vec<PlannedContainer<'d>>,
    /// Whether it has resources of its own (KEP-2837).
    pub(super) sets_resources: bool,
    pub(super) spec: PlannedSpec,
}

/// The fields of a Pod's `spec` that quotas look at, besides its containers.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PlannedSpec {
    overhead: ResourceAmounts,
    pub(super) active_deadline_seconds: Option<i64>,
    pub(super) priority_class_name: Option<String>,
    pub(super) affinity: Option<IgnoredAny>,
}

/// Which containers of a Pod are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContainerSet {
    /// All, with the injected ones.
    All,
    /// Those of the Pod's author.
    OfAuthor,
}

/// Why a Pod is not examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lookup) enum NotExamined {
    /// It has more than [`MOST_CONTAINERS`].
    TooManyContainers,
    /// It has a container that no API server admits, or that has more than [`MOST_RESOURCES`] in a list.
    Unreadable,
}

/// An operation of a patch.
#[derive(Deserialize)]
struct PatchOperation<'t> {
    #[serde(borrow)]
    path: Cow<'t, str>,
    /// `None` where the operation removes something.
    #[serde(borrow, default)]
    value: Option<&'t RawValue>,
}

impl fmt::Display for NotExamined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotExamined::TooManyContainers => write!(f, "the Pod has more than {MOST_CONTAINERS} containers"),
            NotExamined::Unreadable => {
                write!(f, "the resources of a container cannot be read, or are more than {MOST_RESOURCES}")
            }
        }
    }
}

impl<'d> PlannedPod<'d> {
    /// Reads a Pod and the patch that podgraft returns for it.
    ///
    /// # Errors
    /// They cannot be read, or there are too many containers.
    pub(in crate::lookup) fn new(
        pod: &Pod<'_>,
        patch: &[u8],
        defaults: &'d ContainerDefaults<'d>,
    ) -> Result<Self, NotExamined> {
        if pod.containers.len() > MOST_CONTAINERS {
            return Err(NotExamined::TooManyContainers);
        }
        PlannedPod::read(pod, patch, defaults).ok_or(NotExamined::Unreadable)
    }

    fn read(pod: &Pod<'_>, patch: &[u8], defaults: &'d ContainerDefaults<'d>) -> Option<Self> {
        let operations: Vec<PatchOperation<'_>> = serde_json::from_slice(patch).ok()?;
        let mut containers = Vec::new();
        for list in [ContainerList::Init, ContainerList::Containers] {
            let of_list = pod.containers.iter().filter(|c| c.list == list);
            let of_list = of_list.map(|container| PlannedContainer::of_author(container, defaults));
            let mut of_list = of_list.collect::<Option<Vec<_>>>()?;
            for operation in &operations {
                operation.add_to(list, &mut of_list, defaults)?;
            }
            containers.append(&mut of_list);
        }
        let spec = serde_json::from_str(pod.spec_json()).ok()?;
        Some(PlannedPod { containers, sets_resources: pod.sets_resources(), spec })
    }

    /// The containers of a set, in order.
    pub(super) fn containers(&self, set: ContainerSet) -> impl Iterator<Item = &PlannedContainer<'d>> {
        self.containers.iter().filter(move |container| set == ContainerSet::All || !container.is_injected)
    }

    /// The containers that podgraft injects.
    pub(super) fn injected(&self) -> impl Iterator<Item = &PlannedContainer<'d>> {
        self.containers.iter().filter(|container| container.is_injected)
    }

    /// Containers and native sidecars: those that run together.
    pub(super) fn running(&self) -> impl Iterator<Item = &PlannedContainer<'d>> {
        self.containers.iter().filter(|container| !container.is_initial)
    }

    /// Whether the containers decide what the Pod has of a resource, and not resources of the Pod itself.
    pub(super) fn is_summed(&self, resource: &str) -> bool {
        !(self.sets_resources && is_pod_level(resource))
    }

    /// What the containers of a set have of a resource: what runs together, or more if an init container needs more
    /// (`podRequests` and `podLimits` of the plugin LimitRanger).
    pub(super) fn total(&self, set: ContainerSet, kind: AmountKind, resource: &str) -> Held {
        let (mut running, mut most, mut is_named, mut is_exact) = (Amount::default(), Amount::default(), false, true);
        for container in self.containers(set) {
            let held = container.held(kind, resource);
            is_named |= held.amount.is_some();
            is_exact &= held.is_exact;
            let together = running + held.at_least();
            if container.is_initial {
                most = most.max(together);
            } else {
                running = together;
            }
        }
        Held { amount: is_named.then(|| most.max(running)), is_exact }
    }

    /// What quotas count for the containers of a set: the total, with the overhead of the Pod's RuntimeClass (`PodRequests` and
    /// `PodLimits` of k8s.io/component-helpers).
    pub(super) fn charged(&self, set: ContainerSet, kind: AmountKind, resource: &str) -> Held {
        let total = self.total(set, kind, resource);
        let is_added = kind == AmountKind::Request || total.at_least() > Amount::default();
        let overhead = self.spec.overhead.get(resource).filter(|_| is_added);
        Held { amount: overhead.map(|overhead| total.at_least() + overhead).or(total.amount), ..total }
    }
}

impl PatchOperation<'_> {
    /// Inserts the containers that the operation adds to a list, if it does; `None` where they cannot be read.
    fn add_to<'d>(
        &self,
        list: ContainerList,
        containers: &mut Vec<PlannedContainer<'d>>,
        defaults: &'d ContainerDefaults<'d>,
    ) -> Option<()> {
        let rest = self.path.strip_prefix("/spec/").and_then(|path| path.strip_prefix(list.as_str()));
        let Some((rest, value)) = rest.zip(self.value.map(RawValue::get)) else { return Some(()) };
        match rest.strip_prefix('/') {
            None if rest.is_empty() => {
                let added: Vec<AddedContainer> = serde_json::from_str(value).ok()?;
                for container in added {
                    containers.push(PlannedContainer::injected(container, list, defaults)?);
                }
            }
            Some(place) if !place.contains('/') => {
                let added = serde_json::from_str(value).ok()?;
                let at = place.parse().unwrap_or(containers.len()).min(containers.len());
                containers.insert(at, PlannedContainer::injected(added, list, defaults)?);
            }
            _ => {}
        }
        Some(())
    }
}

#[cfg(test)]
mod tests;
