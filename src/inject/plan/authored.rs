//! Which containers of a Pod its author wrote, and which of these a companion gives mounts and variables to.

use std::collections::HashSet;

use super::candidates::Candidate;
use super::chosen::{ByPosition, Choices, ContainerPlaces, Exclusions};
use super::present::{Presence, known_containers};
use crate::inject::companion::Companion;
use crate::inject::companion::selector::Selection;
use crate::inject::container_list::ContainerList;
use crate::inject::pod::{Container, Pod};
use crate::inject::request::context::Context;
use crate::inject::request::namespace::OptIn;
use crate::inject::verdict::Via;

/// The containers that were injected before, by list and name.
#[derive(Debug)]
pub(in crate::inject) struct InjectedContainers<'s>(HashSet<(ContainerList, &'s str)>);

impl<'s> InjectedContainers<'s> {
    /// The containers that the status lists, and those of required companions, whatever the status lists.
    pub(in crate::inject) fn new<'a: 's>(context: &Context<'s, 'a>, candidates: &[Candidate<'a>]) -> Self {
        let mut injected = HashSet::new();
        // Most Pods are new, and have neither.
        if !context.status.entries().is_empty() {
            injected.extend(context.status.containers());
        }
        if candidates.iter().any(Candidate::is_present) {
            injected.extend(present_required(candidates));
        }
        InjectedContainers(injected)
    }

    /// The containers that were not injected, with their places in the Pod's view.
    pub(in crate::inject) fn authored<'a>(&self, pod: &'a Pod<'a>) -> impl Iterator<Item = (usize, &'a Container<'a>)> {
        let injected = |c: &Container<'_>| !self.0.is_empty() && self.0.contains(&(c.list, &*c.name));
        pod.containers.iter().enumerate().filter(move |(_, c)| !injected(c))
    }
}

/// The app containers that companions get: those that the Pod chooses, else all.
///
/// Neither the Pod's choice nor a status, which any user can write, takes a container away from a required companion: it
/// gets all containers but those of known companions.
pub(in crate::inject) fn choices(
    context: &Context<'_, '_>,
    candidates: &[Candidate<'_>],
    injected: &InjectedContainers<'_>,
) -> Choices {
    let pod = context.pod;
    // A Pod that is opted out chooses nothing: its annotations are not validated either.
    let named = context.requested.containers.as_ref().filter(|_| context.requested.pod != OptIn::Disabled);
    let others = if let Some(names) = named {
        let names: HashSet<&str> = names.iter().copied().collect();
        let chosen = injected.authored(pod).filter(|(_, c)| names.contains(&*c.name));
        let chosen: ContainerPlaces = chosen.map(|(place, _)| place).collect();
        ByPosition { first: chosen.clone(), later: chosen }
    } else {
        all_of(pod, injected.authored(pod))
    };
    let mut absent = candidates.iter().filter(|c| c.presence == Presence::Absent);
    let can_differ = absent.any(|c| c.via == Via::Required) && (named.is_some() || !injected.0.is_empty());
    let required = can_differ.then(|| {
        let mut known = known_containers(context);
        known.extend(present_required(candidates));
        let is_authored = |c: &Container<'_>| !known.contains(&(c.list, &*c.name));
        all_of(pod, pod.containers.iter().enumerate().filter(|(_, c)| is_authored(c)))
    });
    let may_be_injected = |c: &&Candidate<'_>| c.presence == Presence::Absent && c.selection == Selection::Selected;
    let excluding = candidates.iter().filter(may_be_injected).filter(|c| c.via != Via::Required);
    Choices::new(others, required, Exclusions::new(pod, excluding.filter_map(Candidate::companion)))
}

/// Of `containers`, those that a companion gets, by its position.
fn all_of<'c, 'a: 'c>(
    pod: &Pod<'_>,
    containers: impl Iterator<Item = (usize, &'c Container<'a>)>,
) -> ByPosition<ContainerPlaces> {
    let is_native = |c: &Container<'_>| c.list.is_init() && c.restarts;
    let first: ContainerPlaces = containers.filter(|(_, c)| !is_native(c)).map(|(place, _)| place).collect();
    let later = first.iter().filter(|place| !pod.containers[*place].list.is_init()).collect();
    ByPosition { first, later }
}

/// The containers of required companions that are in the Pod.
fn present_required<'a>(candidates: &[Candidate<'a>]) -> impl Iterator<Item = (ContainerList, &'a str)> {
    let present = candidates.iter().filter(|c| c.via == Via::Required && c.is_present());
    let companions = present.filter_map(Candidate::companion);
    companions.flat_map(Companion::identities).map(|(container, list)| (list, &*container.name))
}
