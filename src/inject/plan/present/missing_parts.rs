//! What the status lists of companions that are in the Pod, and the Pod no longer has.

use std::borrow::Cow;

use super::restart_policy::LostRestartPolicy;
use crate::inject::container_list::ContainerList;
use crate::inject::patch::status::StatusEntry;
use crate::inject::pod::{Lifecycle, Pod};
use crate::inject::verdict::reason::Remark;
use crate::json::{JsonError, Reader};
use crate::work::step;

/// How many missing parts a message names.
const MAX_NAMED: usize = 3;
/// The most characters of a name that a message repeats.
const LONGEST: usize = 40;

/// The most parts that are looked for: a user can write any status.
const MAX_PARTS: usize = 8_192;
/// The longest name of a container that is looked for, in bytes; API servers accept 63.
const LONGEST_CONTAINER: usize = 253;

/// The parts that entries of the status list and the Pod does not have: one remark for each entry that has some, with the
/// entry's place in `entries`. `lost` are the restart policies that stay lost.
pub(in crate::inject) fn missing_parts<'s>(
    pod: &Pod<'_>,
    entries: &[&'s StatusEntry<'s>],
    lost: &[LostRestartPolicy<'_>],
) -> Vec<(usize, Remark)> {
    let mut listing = Listing::default();
    for (place, entry) in entries.iter().enumerate() {
        // The entry was read before, so it is JSON. Parts beyond the bounds are not looked for.
        let _ = listing.read(place, entry.json);
        listing.lost(place, lost.iter().filter(|lost| lost.companion == entry.companion));
    }
    let Listing { containers, mut parts } = listing;
    parts.retain(|part| match part.kind {
        Kind::Volume => pod.volume(&part.name).is_none(),
        Kind::Annotation => pod.annotation(&part.name).is_none(),
        Kind::PullSecret => !pod.has_pull_secret(&part.name),
        Kind::Mount | Kind::Variable | Kind::PreStop | Kind::RestartPolicy => true,
    });
    find_in_containers(pod, &containers, &mut parts);
    parts.retain(|part| !part.found);
    parts.sort_by_key(|part| part.entry);
    let by_entry = parts.chunk_by(|a, b| a.entry == b.entry);
    by_entry.map(|parts| (parts[0].entry, remark(&containers, parts))).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Volume,
    Annotation,
    PullSecret,
    Mount,
    Variable,
    PreStop,
    RestartPolicy,
}

/// All parts that entries of the status list.
#[derive(Default)]
struct Listing<'s> {
    /// The names of containers, once for each group of parts. The first is empty: it is for parts of the Pod itself.
    containers: Vec<Box<str>>,
    parts: Vec<Part<'s>>,
}

/// A part that the status lists. Hooks have no name of their own; that of a restart policy is what else is to be said of it.
struct Part<'s> {
    kind: Kind,
    /// The place of its container among the names.
    container: usize,
    name: Cow<'s, str>,
    /// The entry that lists it.
    entry: usize,
    found: bool,
}

/// Marks the mounts, variables and hooks that the Pod has, in one pass over all containers.
fn find_in_containers(pod: &Pod<'_>, containers: &[Box<str>], parts: &mut Vec<Part<'_>>) {
    if parts.is_empty() {
        return;
    }
    parts.sort_by(|a, b| {
        step(1);
        (a.key(containers), a.entry).cmp(&(b.key(containers), b.entry))
    });
    parts.dedup_by(|a, b| (a.key(containers), a.entry) == (b.key(containers), b.entry));
    for container in &pod.containers {
        let mounts = pod.mounts(container).iter().map(|mount| (Kind::Mount, &*mount.path));
        let variables = pod.env(container).map(|name| (Kind::Variable, name));
        let hook = (container.lifecycle == Lifecycle::PreStop).then_some((Kind::PreStop, ""));
        for (kind, name) in mounts.chain(variables).chain(hook) {
            step(16);
            let wanted = (kind, &*container.name, name);
            let first = parts.partition_point(|part| part.key(containers) < wanted);
            // Equal parts of several entries are marked together, so the first one stands for all.
            let same = parts[first..].iter_mut().take_while(|part| !part.found && part.key(containers) == wanted);
            same.for_each(|part| {
                step(1);
                part.found = true;
            });
        }
    }
}

fn remark(containers: &[Box<str>], parts: &[Part<'_>]) -> Remark {
    let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
    let named = parts.iter().take(MAX_NAMED).map(|part| {
        let (name, container) = (cut(&part.name), cut(&containers[part.container]));
        match part.kind {
            Kind::Volume => format!("volume {name}"),
            Kind::Annotation => format!("annotation {name}"),
            Kind::PullSecret => format!("pull secret {name}"),
            Kind::PreStop => format!("preStop hook of container {container}"),
            Kind::RestartPolicy => format!("restartPolicy: Always of container {container}{name}"),
            Kind::Mount => format!("mount {name} of container {container}"),
            Kind::Variable => format!("variable {name} of container {container}"),
        }
    });
    let named = named.collect::<Vec<_>>().join(", ");
    Remark::PartsMissing { parts: named.into(), more: parts.len().saturating_sub(MAX_NAMED), listed: true }
}

/// The containers that an entry of the status lists and the Pod does not have, joined by commas, and how many more there
/// are. `None` where the Pod has all of them.
pub(in crate::inject) fn missing_containers(pod: &Pod<'_>, entry: &StatusEntry<'_>) -> Option<(Box<str>, usize)> {
    let listed = ContainerList::ALL.into_iter().flat_map(|list| entry.list(list).iter().map(move |name| (list, name)));
    let missing = listed.filter(|(list, name)| !pod.has_container(*list, name, None));
    let named: Vec<String> =
        missing.map(|(_, name)| format!("container {}", name.chars().take(LONGEST).collect::<String>())).collect();
    let more = named.len().saturating_sub(MAX_NAMED);
    let parts = named[..named.len() - more].join(", ").into();
    (!named.is_empty()).then_some((parts, more))
}

impl<'s> Listing<'s> {
    /// Reads the parts of an entry; its containers and ports are read by `Status`.
    fn read(&mut self, entry: usize, json: &'s str) -> Result<(), JsonError> {
        if self.containers.is_empty() {
            self.containers.push(Box::default());
        }
        Reader::of(json)
            .object(|r, key| match key {
                "volumes" => self.names(r, Kind::Volume, 0, entry),
                "annotations" => self.names(r, Kind::Annotation, 0, entry),
                "imagePullSecrets" => self.names(r, Kind::PullSecret, 0, entry),
                "preStop" => self.hooks(r, entry),
                "mounts" => self.groups(r, Kind::Mount, entry),
                "env" => self.groups(r, Kind::Variable, entry),
                _ => r.skip(),
            })
            .map(|_| ())
    }

    /// Reads the containers that got a preStop hook.
    fn hooks(&mut self, r: &mut Reader<'s>, entry: usize) -> Result<(), JsonError> {
        r.object(|r, container| {
            self.part_of(container, Kind::PreStop, entry, "");
            r.skip()
        })
        .map(|_| ())
    }

    fn lost<'l, 'p: 'l>(&mut self, entry: usize, lost: impl Iterator<Item = &'l LostRestartPolicy<'p>>) {
        lost.for_each(|lost| self.part_of(&lost.container.name, Kind::RestartPolicy, entry, lost.other_value()));
    }

    /// Lists a part that a container has once.
    fn part_of(&mut self, container: &str, kind: Kind, entry: usize, name: &'static str) {
        if container.len() <= LONGEST_CONTAINER && self.containers.len() < MAX_PARTS && self.parts.len() < MAX_PARTS {
            self.containers.push(container.into());
            let container = self.containers.len() - 1;
            self.parts.push(Part { kind, container, name: name.into(), entry, found: false });
        }
    }

    fn groups(&mut self, r: &mut Reader<'s>, kind: Kind, entry: usize) -> Result<(), JsonError> {
        r.object(|r, container| {
            if container.len() > LONGEST_CONTAINER || self.containers.len() == MAX_PARTS {
                return r.skip();
            }
            self.containers.push(container.into());
            self.names(r, kind, self.containers.len() - 1, entry)
        })
        .map(|_| ())
    }

    fn names(&mut self, r: &mut Reader<'s>, kind: Kind, container: usize, entry: usize) -> Result<(), JsonError> {
        r.array(|r, _| {
            let Some(name) = r.string()? else { return Ok(()) };
            if self.parts.len() < MAX_PARTS {
                self.parts.push(Part { kind, container, name, entry, found: false });
            }
            Ok(())
        })
        .map(|_| ())
    }
}

impl Part<'_> {
    fn key<'k>(&'k self, containers: &'k [Box<str>]) -> (Kind, &'k str, &'k str) {
        (self.kind, &containers[self.container], &self.name)
    }
}
