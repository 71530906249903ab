//! Which companions are there already, and what was removed from them since.

use std::borrow::Cow;
use std::collections::HashSet;

use super::candidates::{Candidate, is_offered};
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::companion::{Companion, CompanionKind, Identity};
use crate::inject::patch::status::{Status, StatusEntry};
use crate::inject::pod::Pod;
use crate::inject::request::pod_namespace::PodNamespace;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::Via;
use crate::inject::verdict::reason::Reason;
use crate::json::{JsonError, Reader};
use crate::work::step;

/// How a companion is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::inject) enum Presence {
    Absent,
    /// In this version.
    Same,
    /// In another version, or in one that nobody knows.
    Other,
}

/// The valid companion that a candidate means.
pub(in crate::inject) fn good<'a>(candidate: &Candidate<'a>) -> Option<&'a Companion> {
    match candidate.listed {
        Some(CatalogEntry::Valid(companion)) => Some(companion),
        _ => None,
    }
}

/// Whether a companion is there. What an author can write in the status does not count for a required one.
pub(in crate::inject) fn presence(candidate: &Candidate<'_>, pod: &Pod<'_>, status: &Status<'_>) -> Presence {
    let good = good(candidate);
    let recorded = status.entry(candidate.name);
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
    match recorded.filter(|recorded| recorded.is_present(pod)) {
        Some(recorded) if good.is_none_or(|c| *c.hash == *recorded.hash) => Presence::Same,
        Some(_) => Presence::Other,
        None => {
            let all = |c: &Companion| c.identities().all(|(c, init)| pod.has_container(init, &c.name, Some(&c.image)));
            if good.is_some_and(all) { Presence::Same } else { Presence::Absent }
        }
    }
}

/// The containers that the status lists and that really are those of a companion that is known, by list and name.
pub(in crate::inject) fn known_containers<'a>(
    pod: &Pod<'_>,
    status: &Status<'_>,
    home: PodNamespace<'_>,
    snapshot: &'a Snapshot,
) -> HashSet<(bool, &'a str)> {
    let mut known = HashSet::new();
    for recorded in status.entries() {
        let offered = snapshot.companions.resolve(home.name(), &recorded.companion);
        // What is not offered here is not told from what does not exist, and users declare no companion that could take a
        // container from a required one.
        let offered = offered.filter(|l| l.kind() == CompanionKind::ClusterCompanion && is_offered(l, home));
        let Some(CatalogEntry::Valid(companion)) = offered else { continue };
        let current = companion.identities().map(|(c, init)| (init, &*c.name, &*c.image));
        let accepted = companion.also_accepted.iter().flatten().map(|c| (c.init, &*c.name, &*c.image));
        let listed = current.chain(accepted).filter(|(init, name, _)| recorded.lists(*init, name));
        let there = listed.filter(|(init, name, image)| pod.has_container(*init, name, Some(image)));
        known.extend(there.map(|(init, name, _)| (init, name)));
    }
    known
}

/// How many missing parts are named.
const MAX_NAMED: usize = 3;
/// The most characters of a name that are repeated.
const LONGEST: usize = 40;

/// The most parts that are looked for: whoever writes Pods can write any status.
const MAX_PARTS: usize = 8_192;
/// The longest name of a container that is looked for; no Pod has a longer one.
const LONGEST_CONTAINER: usize = 253;

/// What an entry of the status lists and the Pod lacks, companion by companion.
pub(in crate::inject) fn missing_parts<'s>(pod: &Pod<'_>, entries: &[&'s StatusEntry<'s>]) -> Vec<(usize, Reason)> {
    let mut listed = Listing::default();
    for (entry, recorded) in entries.iter().enumerate() {
        // What could be read when the status was read can be read again, and what is too much is not looked for.
        let _ = listed.read(entry, recorded.json);
    }
    let Listing { containers, mut parts } = listed;
    parts.retain(|part| match part.kind {
        Kind::Volume => pod.volume(&part.name).is_none(),
        Kind::Annotation => pod.annotation(&part.name).is_none(),
        Kind::Mount | Kind::Variable => true,
    });
    find_in_containers(pod, &containers, &mut parts);
    parts.retain(|part| !part.found);
    parts.sort_by_key(|part| part.entry);
    let by_entry = parts.chunk_by(|a, b| a.entry == b.entry);
    by_entry.map(|parts| (parts[0].entry, reason(&containers, parts))).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Volume,
    Annotation,
    Mount,
    Variable,
}

/// What entries of the status list.
#[derive(Default)]
struct Listing<'s> {
    /// The names of containers, each once for all that is listed of it. The first is empty, for what the Pod itself has.
    containers: Vec<Box<str>>,
    parts: Vec<Part<'s>>,
}

/// One thing that the status lists.
struct Part<'s> {
    kind: Kind,
    /// The place of its container among the names.
    container: usize,
    name: Cow<'s, str>,
    /// The entry that lists it.
    entry: usize,
    found: bool,
}

/// Marks the mounts and variables that are there, in one walk over all containers.
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
        let variables = pod.env(container).iter().map(|name| (Kind::Variable, &**name));
        for (kind, name) in mounts.chain(variables) {
            step(16);
            let wanted = (kind, &*container.name, name);
            let first = parts.partition_point(|part| part.key(containers) < wanted);
            // Where the first of them was found before, all of them were.
            let same = parts[first..].iter_mut().take_while(|part| !part.found && part.key(containers) == wanted);
            same.for_each(|part| {
                step(1);
                part.found = true;
            });
        }
    }
}

fn reason(containers: &[Box<str>], parts: &[Part<'_>]) -> Reason {
    let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
    let named = parts.iter().take(MAX_NAMED).map(|part| {
        let (name, container) = (cut(&part.name), cut(&containers[part.container]));
        match part.kind {
            Kind::Volume => format!("volume {name}"),
            Kind::Annotation => format!("annotation {name}"),
            Kind::Mount => format!("mount {name} of container {container}"),
            Kind::Variable => format!("variable {name} of container {container}"),
        }
    });
    let named = named.collect::<Vec<_>>().join(", ");
    Reason::PartsMissing { parts: named.into(), more: parts.len().saturating_sub(MAX_NAMED) }
}

impl<'s> Listing<'s> {
    /// Reads what an entry lists besides containers and ports.
    fn read(&mut self, entry: usize, json: &'s str) -> Result<(), JsonError> {
        if self.containers.is_empty() {
            self.containers.push(Box::default());
        }
        Reader::of(json)
            .object(|r, key| match key {
                "volumes" => self.names(r, Kind::Volume, 0, entry),
                "annotations" => self.names(r, Kind::Annotation, 0, entry),
                "mounts" => self.groups(r, Kind::Mount, entry),
                "env" => self.groups(r, Kind::Variable, entry),
                _ => r.skip(),
            })
            .map(|_| ())
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
