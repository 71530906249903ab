//! Native sidecars of present companions that have lost `restartPolicy: Always`, because a webhook that does not know the
//! field drops it. Without it the Pod waits forever for an init container that does not complete.

use crate::inject::companion::{self, Companion};
use crate::inject::container_list::ContainerList;
use crate::inject::patch::status::StatusEntry;
use crate::inject::plan::candidates::Candidate;
use crate::inject::pod::{Container, Pod};
use crate::inject::request::context::Context;

/// A container that podgraft injected as a native sidecar and that is none any more.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct LostRestartPolicy<'a> {
    /// The name of the companion.
    pub(in crate::inject) companion: &'a str,
    pub(in crate::inject) container: &'a Container<'a>,
    /// Whether the status lists the container.
    pub(in crate::inject) listed: bool,
    /// Whether podgraft puts the field back.
    pub(in crate::inject) restored: bool,
}

impl LostRestartPolicy<'_> {
    /// A clause where the container has another restart policy; else empty.
    pub(in crate::inject) fn other_value(&self) -> &'static str {
        if self.container.has_restart_policy { ", which has another value" } else { "" }
    }
}

/// The native sidecars of present companions that do not have `restartPolicy: Always`.
pub(in crate::inject) fn lost_restart_policies<'a>(
    context: &Context<'_, 'a>,
    candidates: &[Candidate<'a>],
) -> Vec<LostRestartPolicy<'a>> {
    let mut lost = Vec::new();
    for candidate in candidates.iter().filter(|candidate| candidate.is_present()) {
        match context.status.entry(candidate.name) {
            Some(entry) => lost.extend(of_entry(context.pod, candidate, entry)),
            None => lost.extend(of_companion(context.pod, candidate)),
        }
    }
    lost
}

/// Those that the status lists.
fn of_entry<'a>(
    pod: &'a Pod<'a>,
    candidate: &Candidate<'a>,
    entry: &StatusEntry<'_>,
) -> impl Iterator<Item = LostRestartPolicy<'a>> {
    let companion = candidate.companion();
    let natives = entry.list(ContainerList::Init).iter().filter(move |name| is_native(companion, entry, name));
    let lost = natives.filter_map(|name| without_policy(pod, name));
    lost.map(move |container| {
        let is_known =
            companion.is_some_and(|companion| has_native(companion, &container.name, Some(&container.image)));
        let restored = is_known && !container.has_restart_policy;
        LostRestartPolicy { companion: candidate.name, container, listed: true, restored }
    })
}

/// Those of a companion that was found by names and images. Their author may not be podgraft.
fn of_companion<'a>(pod: &'a Pod<'a>, candidate: &Candidate<'a>) -> impl Iterator<Item = LostRestartPolicy<'a>> {
    let companion = candidate.companion();
    let lost = companion.into_iter().flat_map(natives).filter_map(|native| without_policy(pod, &native.name));
    lost.map(|container| LostRestartPolicy { companion: candidate.name, container, listed: false, restored: false })
}

fn without_policy<'a>(pod: &'a Pod<'a>, name: &str) -> Option<&'a Container<'a>> {
    pod.container_in(ContainerList::Init, name, None).filter(|container| !container.restarts)
}

/// Whether a container that the status lists was injected as a native sidecar. Of a companion, or a version, that is not
/// known, that is certain of the last container of an entry without plain ones only: others may be its init containers.
fn is_native(companion: Option<&Companion>, entry: &StatusEntry<'_>, name: &str) -> bool {
    let is_init = |companion: &Companion| companion.init_containers.iter().any(|c| *c.name == *name);
    let is_last = || {
        let last = entry.list(ContainerList::Init).last().is_some_and(|last| last == name);
        last && entry.list(ContainerList::Containers).is_empty()
    };
    companion.is_some_and(|companion| has_native(companion, name, None))
        || (!companion.is_some_and(is_init) && is_last())
}

/// Whether a version of a companion has a native sidecar of this name, and of this image where one is given.
fn has_native(companion: &Companion, name: &str, image: Option<&str>) -> bool {
    let is_same = |n: &str, i: &str| n == name && image.is_none_or(|image| image == i);
    let mut accepted = companion.also_accepted.iter().flatten().filter(|c| c.native);
    natives(companion).any(|c| is_same(&c.name, &c.image)) || accepted.any(|c| is_same(&c.name, &c.image))
}

/// The native sidecars of the current version.
fn natives(companion: &Companion) -> impl Iterator<Item = &companion::Container> {
    let is_native = |c, list: ContainerList| list.is_init() && companion.is_long_running(c);
    companion.identities().filter(move |(c, list)| is_native(c, *list)).map(|(c, _)| c)
}
