//! Which companions are there already, and what was removed from them since.

use std::collections::HashSet;

use super::catalogue::Listed;
use super::choose::Candidate;
use super::companion::{Companion, Identity};
use super::home::Home;
use super::json::{Reader, Unreadable};
use super::pod::Pod;
use super::reason::Reason;
use super::status::{Recorded, Status};
use super::verdict::Via;
use super::work::step;
use super::world::World;

/// How a companion is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Absent,
    /// In this version.
    Same,
    /// In another version, or in one that nobody knows.
    Other,
}

/// The valid companion that a candidate means.
pub(super) fn good<'a>(candidate: &Candidate<'a>) -> Option<&'a Companion> {
    match candidate.listed {
        Some(Listed::Good(companion)) => Some(companion),
        _ => None,
    }
}

/// Whether a companion is there. What an author can write in the status does not count for a required one.
pub(super) fn presence(candidate: &Candidate<'_>, pod: &Pod<'_>, status: &Status<'_>) -> Presence {
    let good = good(candidate);
    let recorded = status.of(candidate.name);
    if candidate.via == Via::Required {
        let Some(companion) = good else { return Presence::Absent };
        let is_there = |name: &str, image: &str, init: bool, native: bool| {
            let listed = || recorded.is_some_and(|recorded| recorded.lists(init, name));
            // Without `restartPolicy: Always` it is an init container of somebody else, unless podgraft injected it.
            pod.container_in(init, name, Some(image)).is_some_and(|found| !native || found.restarts || listed())
        };
        let stands = |version: &[Identity]| version.iter().all(|c| is_there(&c.name, &c.image, c.init, c.native));
        let mut current = companion.identities();
        return if current.all(|(c, init)| is_there(&c.name, &c.image, init, init && companion.is_long_running(c))) {
            Presence::Same
        } else if companion.also_accepted.iter().any(|version| stands(version)) {
            Presence::Other
        } else {
            Presence::Absent
        };
    }
    match recorded.filter(|recorded| recorded.stands(pod)) {
        Some(recorded) if good.is_none_or(|c| *c.hash == *recorded.hash) => Presence::Same,
        Some(_) => Presence::Other,
        None => {
            let all = |c: &Companion| c.identities().all(|(c, init)| pod.has_container(init, &c.name, Some(&c.image)));
            if good.is_some_and(all) { Presence::Same } else { Presence::Absent }
        }
    }
}

/// The containers that the status lists and that really are those of a companion that is known, by list and name.
pub(super) fn known_containers<'a>(
    pod: &Pod<'_>,
    status: &Status<'_>,
    home: Home<'_>,
    world: &'a World,
) -> HashSet<(bool, &'a str)> {
    let mut known = HashSet::new();
    for recorded in status.entries() {
        let Some(Listed::Good(companion)) = world.companions.resolve(home.name(), &recorded.companion) else {
            continue;
        };
        let current = companion.identities().map(|(c, init)| (init, &*c.name, &*c.image));
        let accepted = companion.also_accepted.iter().flatten().map(|c| (c.init, &*c.name, &*c.image));
        let listed = current.chain(accepted).filter(|(init, name, _)| recorded.lists(*init, name));
        let there = listed.filter(|(init, name, image)| pod.has_container(*init, name, Some(image)));
        known.extend(there.map(|(init, name, _)| (init, name)));
    }
    known
}

/// How many missing parts are named.
const MOST_NAMED: usize = 3;
/// The most characters of a name that are repeated.
const LONGEST: usize = 40;

/// What an entry of the status lists and the Pod lacks, companion by companion.
pub(super) fn missing_parts<'s>(pod: &Pod<'_>, entries: &[&'s Recorded<'s>]) -> Vec<(usize, Reason)> {
    let mut parts = Vec::new();
    for (entry, recorded) in entries.iter().enumerate() {
        // What could be read when the status was read can be read again.
        let _ = read_parts(recorded.json, |kind, container, name| {
            parts.push(Part { kind, container: container.into(), name: name.into(), entry, found: false });
        });
    }
    for part in &mut parts {
        part.found = match part.kind {
            Kind::Volume => pod.volume(&part.name).is_some(),
            Kind::Annotation => pod.annotation(&part.name).is_some(),
            Kind::Mount | Kind::Variable => false,
        };
    }
    parts.retain(|part| !part.found);
    find_in_containers(pod, &mut parts);
    parts.retain(|part| !part.found);
    parts.sort_by_key(|part| part.entry);
    let by_entry = parts.chunk_by(|a, b| a.entry == b.entry);
    by_entry.map(|parts| (parts[0].entry, reason(parts))).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Volume,
    Annotation,
    Mount,
    Variable,
}

/// One thing that the status lists.
struct Part {
    kind: Kind,
    /// The container that has it; empty where the Pod has it.
    container: Box<str>,
    name: Box<str>,
    /// The entry that lists it.
    entry: usize,
    found: bool,
}

/// Marks the mounts and variables that are there, in one walk over all containers.
fn find_in_containers(pod: &Pod<'_>, parts: &mut [Part]) {
    parts.sort_by(|a, b| {
        step(1);
        (a.kind, &a.container, &a.name).cmp(&(b.kind, &b.container, &b.name))
    });
    if parts.is_empty() {
        return;
    }
    for container in &pod.containers {
        let mounts = pod.mounts(container).iter().map(|mount| (Kind::Mount, &*mount.path));
        let variables = pod.env(container).iter().map(|name| (Kind::Variable, &**name));
        for (kind, name) in mounts.chain(variables) {
            step(16);
            let wanted = (kind, &*container.name, name);
            let first = parts.partition_point(|part| (part.kind, &*part.container, &*part.name) < wanted);
            let same = parts[first..].iter_mut();
            same.take_while(|part| (part.kind, &*part.container, &*part.name) == wanted)
                .for_each(|part| part.found = true);
        }
    }
}

fn reason(parts: &[Part]) -> Reason {
    let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
    let named = parts.iter().take(MOST_NAMED).map(|part| {
        let (name, container) = (cut(&part.name), cut(&part.container));
        match part.kind {
            Kind::Volume => format!("volume {name}"),
            Kind::Annotation => format!("annotation {name}"),
            Kind::Mount => format!("mount {name} of container {container}"),
            Kind::Variable => format!("variable {name} of container {container}"),
        }
    });
    let named = named.collect::<Vec<_>>().join(", ");
    Reason::PartsMissing { parts: named.into(), more: parts.len().saturating_sub(MOST_NAMED) }
}

/// Reads what an entry lists besides containers and ports: the kind, the container, and the name or path.
fn read_parts(json: &str, mut part: impl FnMut(Kind, &str, &str)) -> Result<(), Unreadable> {
    Reader::of(json)
        .object(|r, key| match key {
            "volumes" => read_names(r, |name| part(Kind::Volume, "", name)),
            "annotations" => read_names(r, |name| part(Kind::Annotation, "", name)),
            "mounts" => read_groups(r, |container, path| part(Kind::Mount, container, path)),
            "env" => read_groups(r, |container, name| part(Kind::Variable, container, name)),
            _ => r.skip(),
        })
        .map(|_| ())
}

fn read_groups(r: &mut Reader<'_>, mut item: impl FnMut(&str, &str)) -> Result<(), Unreadable> {
    r.object(|r, container| read_names(r, |name| item(container, name))).map(|_| ())
}

fn read_names(r: &mut Reader<'_>, mut name: impl FnMut(&str)) -> Result<(), Unreadable> {
    r.array(|r, _| r.string().map(|text| text.iter().for_each(|text| name(text)))).map(|_| ())
}
