//! Which companions are in the Pod already.

pub(in crate::inject) mod differing;
pub(in crate::inject) mod earlier_injection;
pub(in crate::inject) mod missing_parts;
pub(in crate::inject) mod restart_policy;

use std::collections::HashSet;

use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::companion::{Companion, CompanionKind, Identity};
use crate::inject::container_list::ContainerList;
use crate::inject::patch::status::{Status, StatusEntry};
use crate::inject::pod::Pod;
use crate::inject::request::context::Context;
use crate::inject::request::selection::is_offered;
use crate::inject::verdict::Via;

/// Whether a companion is in the Pod already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Absent,
    /// In the current version.
    Current,
    /// In another version, or in one that is not known.
    Other,
}

/// Whether a companion is in the Pod already. `companion` is the valid one of that name, if any.
pub(in crate::inject) fn presence(
    name: &str,
    via: Via,
    companion: Option<&Companion>,
    pod: &Pod<'_>,
    status: &Status<'_>,
) -> Presence {
    let entry = status.entry(name);
    if via == Via::Required {
        return companion.map_or(Presence::Absent, |companion| presence_of_required(companion, entry, pod));
    }
    match entry.filter(|entry| entry.is_present(pod)) {
        Some(entry) if companion.is_none_or(|c| *c.hash == *entry.hash) => Presence::Current,
        Some(_) => Presence::Other,
        None => {
            let all = |c: &Companion| c.identities().all(|(c, list)| pod.has_container(list, &c.name, Some(&c.image)));
            if companion.is_some_and(all) { Presence::Current } else { Presence::Absent }
        }
    }
}

/// A required companion is found by names and images of its containers. Any user who can create Pods can write a
/// status, so the status does not count.
fn presence_of_required(companion: &Companion, entry: Option<&StatusEntry<'_>>, pod: &Pod<'_>) -> Presence {
    let is_present = |name: &str, image: &str, list: ContainerList, native: bool| {
        let is_listed = || entry.is_some_and(|entry| entry.lists(list, name));
        // Without `restartPolicy: Always` it is an init container of another author, unless podgraft injected it.
        pod.container_in(list, name, Some(image)).is_some_and(|found| !native || found.restarts || is_listed())
    };
    let is_native = |c, list: ContainerList| list.is_init() && companion.is_long_running(c);
    let mut current = companion.identities();
    let accepted = |version: &[Identity]| version.iter().all(|c| is_present(&c.name, &c.image, c.list, c.native));
    if current.all(|(c, list)| is_present(&c.name, &c.image, list, is_native(c, list))) {
        Presence::Current
    } else if companion.also_accepted.iter().any(|version| accepted(version)) {
        Presence::Other
    } else {
        Presence::Absent
    }
}

/// The containers that the status lists and that really are those of a known companion, by list and name.
pub(in crate::inject) fn known_containers<'a>(context: &Context<'_, 'a>) -> HashSet<(ContainerList, &'a str)> {
    let Context { pod, namespace, snapshot, status, .. } = *context;
    let mut known = HashSet::new();
    for entry in status.entries() {
        let named = snapshot.companions.resolve(namespace.name(), &entry.companion);
        // A companion that is not offered here counts as one that does not exist. One of a namespace's users does not
        // count either: with it they could take containers away from a required companion.
        let offered = named.filter(|e| e.kind() == CompanionKind::ClusterCompanion && is_offered(e, namespace));
        let Some(companion) = offered.and_then(CatalogEntry::valid) else { continue };
        let current = companion.identities().map(|(c, list)| (list, &*c.name, &*c.image));
        let accepted = companion.also_accepted.iter().flatten().map(|c| (c.list, &*c.name, &*c.image));
        let listed = current.chain(accepted).filter(|(list, name, _)| entry.lists(*list, name));
        let present = listed.filter(|(list, name, image)| pod.has_container(*list, name, Some(image)));
        known.extend(present.map(|(list, name, _)| (list, name)));
    }
    known
}
