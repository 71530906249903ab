//! What the status lists of companions whose containers were removed, and the Pod still has. It remains podgraft's where
//! it is as podgraft would write it; the plan compares that. The status is user input, so a required companion has no
//! leftovers.

use std::borrow::Cow;

use crate::inject::container_list::ContainerList;
use crate::inject::patch::status::{Status, StatusEntry};
use crate::inject::plan::volumes::same_source::same_part;
use crate::inject::pod::{Container, Pod};
use crate::json::{JsonError, Reader};
use crate::work::step;

/// The most parts that are looked for, in the order of the status: any user can write one. Real Pods have a few dozen.
const MAX_PARTS: usize = 2_048;
/// Stands for the place of a container in parts of the Pod itself.
const POD: usize = usize::MAX;

/// The parts, sorted by their keys.
#[derive(Debug, Default)]
pub(in crate::inject) struct Leftovers<'a>(Vec<Leftover<'a>>);

/// A part of a container that the status lists.
#[derive(Debug)]
struct Leftover<'a> {
    /// The place of the container in the Pod's view.
    container: usize,
    kind: LeftoverKind,
    /// The path of a mount, the name of a variable or a Secret, the seconds of a sleep.
    name: Cow<'a, str>,
    companion: &'a str,
    found: Found<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::inject) enum LeftoverKind {
    Mount,
    Variable,
    Sleep,
    PullSecret,
}

/// What the Pod has of a part.
#[derive(Debug, Clone, Copy)]
enum Found<'a> {
    Nothing,
    /// The part as JSON.
    Single(&'a str),
    /// Which of them podgraft wrote is unknown.
    Several,
}

impl<'a> Leftovers<'a> {
    /// Finds the leftovers in one pass over the Pod's containers.
    pub(super) fn of(pod: &'a Pod<'a>, status: &'a Status<'a>) -> Self {
        let mut leftovers = Leftovers::default();
        if status.entries().iter().all(|entry| entry.is_present(pod)) {
            return leftovers;
        }
        for entry in status.entries() {
            // The entry was read before, so it is JSON. Parts beyond the bound are not looked for.
            let _ = leftovers.list(pod, entry);
        }
        leftovers.0.sort_unstable_by(|a, b| {
            step(1);
            a.key().cmp(&b.key())
        });
        leftovers.0.dedup_by(|a, b| a.key() == b.key());
        if leftovers.0.iter().any(|part| part.container != POD) {
            // An invalid item ends the search; the API server denies such a Pod.
            let _ = leftovers.find(pod);
        }
        leftovers.0.retain(|part| part.container == POD || matches!(part.found, Found::Single(_)));
        leftovers
    }

    /// A part of a container as JSON, if the status lists it for a companion and the container has it once.
    pub(in crate::inject) fn part(
        &self,
        companion: &str,
        container: usize,
        kind: LeftoverKind,
        name: &str,
    ) -> Option<&'a str> {
        match self.get((container, kind, name, companion))?.found {
            Found::Single(json) => Some(json),
            Found::Nothing | Found::Several => None,
        }
    }

    /// Whether the status lists a pull secret for a companion.
    pub(in crate::inject) fn lists_pull_secret(&self, companion: &str, name: &str) -> bool {
        self.get((POD, LeftoverKind::PullSecret, name, companion)).is_some()
    }

    /// The preStop sleep of a container in seconds, if it is one that the status lists, for whichever companion.
    pub(in crate::inject) fn sleep(&self, container: usize) -> Option<u32> {
        self.first_sleep(container)?.name.parse().ok()
    }

    /// The preStop sleep of a container in seconds, if it is one that the status lists for this companion.
    pub(in crate::inject) fn sleep_of(&self, companion: &str, container: usize) -> Option<u32> {
        // A container has one hook, so all its listed sleeps that were found have the same seconds.
        let name = &*self.first_sleep(container)?.name;
        self.get((container, LeftoverKind::Sleep, name, companion))?.name.parse().ok()
    }

    pub(in crate::inject) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn first_sleep(&self, container: usize) -> Option<&Leftover<'a>> {
        let first = self.first((container, LeftoverKind::Sleep, "", ""));
        self.0.get(first).filter(|part| (part.container, part.kind) == (container, LeftoverKind::Sleep))
    }

    fn get(&self, key: Key<'_>) -> Option<&Leftover<'a>> {
        self.0.get(self.first(key)).filter(|part| part.key() == key)
    }

    fn first(&self, key: Key<'_>) -> usize {
        self.0.partition_point(|part| {
            step(1);
            part.key() < key
        })
    }

    /// Lists the parts of an entry. Of a companion that is present, only the sleeps: others compare theirs with them.
    fn list(&mut self, pod: &Pod<'a>, entry: &'a StatusEntry<'a>) -> Result<(), JsonError> {
        let (companion, present) = (&*entry.companion, entry.is_present(pod));
        let mut reader = Reader::of(entry.json);
        let listed = reader.object(|r, key| {
            match key {
                "preStop" => r.object(|r, name| {
                    let seconds = r.raw()?;
                    self.add(place(pod, name), LeftoverKind::Sleep, seconds.into(), companion);
                    Ok(())
                }),
                "mounts" if !present => self.groups(r, pod, LeftoverKind::Mount, companion),
                "env" if !present => self.groups(r, pod, LeftoverKind::Variable, companion),
                "imagePullSecrets" if !present => self.names(r, Some(POD), LeftoverKind::PullSecret, companion),
                _ => r.skip().map(|()| true),
            }
            .map(|_| ())
        });
        listed.map(|_| ())
    }

    fn groups(
        &mut self,
        r: &mut Reader<'a>,
        pod: &Pod<'a>,
        kind: LeftoverKind,
        companion: &'a str,
    ) -> Result<bool, JsonError> {
        r.object(|r, name| self.names(r, place(pod, name), kind, companion).map(|_| ()))
    }

    fn names(
        &mut self,
        r: &mut Reader<'a>,
        container: Option<usize>,
        kind: LeftoverKind,
        companion: &'a str,
    ) -> Result<bool, JsonError> {
        r.array(|r, _| {
            let name = r.string_or_empty()?;
            self.add(container, kind, name, companion);
            Ok(())
        })
    }

    fn add(&mut self, container: Option<usize>, kind: LeftoverKind, name: Cow<'a, str>, companion: &'a str) {
        if let Some(container) = container
            && self.0.len() < MAX_PARTS
        {
            self.0.push(Leftover { container, kind, name, companion, found: Found::Nothing });
        }
    }

    /// Reads the parts of the listed containers from the text of the Pod, because the view does not keep them.
    fn find(&mut self, pod: &Pod<'a>) -> Result<(), JsonError> {
        let init = pod.init_containers.unwrap_or(0);
        Reader::of(pod.spec)
            .object(|r, key| match key {
                _ if key == ContainerList::Init.as_str() => r.array(|r, index| self.find_in(r, index)).map(|_| ()),
                _ if key == ContainerList::Containers.as_str() => {
                    r.array(|r, index| self.find_in(r, init + index)).map(|_| ())
                }
                _ => r.skip(),
            })
            .map(|_| ())
    }

    fn find_in(&mut self, r: &mut Reader<'a>, container: usize) -> Result<(), JsonError> {
        let first = self.first((container, LeftoverKind::Mount, "", ""));
        if self.0.get(first).is_none_or(|part| part.container != container) {
            return r.skip();
        }
        r.object(|r, key| match key {
            "volumeMounts" => self.items(r, container, LeftoverKind::Mount, "mountPath"),
            "env" => self.items(r, container, LeftoverKind::Variable, "name"),
            "lifecycle" => {
                let Some(hook) = r.raw_at(&["preStop"])? else { return Ok(()) };
                let seconds = Reader::of(hook).raw_at(&["sleep", "seconds"])?.unwrap_or_default();
                if same_part(hook, &format!(r#"{{"sleep":{{"seconds":{seconds}}}}}"#)) {
                    self.mark((container, LeftoverKind::Sleep, seconds), hook);
                }
                Ok(())
            }
            _ => r.skip(),
        })
        .map(|_| ())
    }

    fn items(
        &mut self,
        r: &mut Reader<'a>,
        container: usize,
        kind: LeftoverKind,
        field: &str,
    ) -> Result<(), JsonError> {
        r.array(|r, _| {
            let json = r.raw()?;
            let mut name = Cow::default();
            Reader::of(json)
                .object(|r, key| if key == field { r.string_or_empty().map(|text| name = text) } else { r.skip() })?;
            self.mark((container, kind, &name), json);
            Ok(())
        })
        .map(|_| ())
    }

    /// Notes that the Pod has a part, for each companion for which the status lists it.
    fn mark(&mut self, (container, kind, name): (usize, LeftoverKind, &str), json: &'a str) {
        let first = self.first((container, kind, name, ""));
        let same = |part: &&mut Leftover<'a>| (part.container, part.kind, &*part.name) == (container, kind, name);
        // A part that occurs twice is marked twice, and no further.
        let open = |part: &&mut Leftover<'a>| same(part) && !matches!(part.found, Found::Several);
        for part in self.0[first..].iter_mut().take_while(open) {
            step(1);
            part.found = match part.found {
                Found::Nothing => Found::Single(json),
                Found::Single(_) | Found::Several => Found::Several,
            };
        }
    }
}

/// What parts are sorted by.
type Key<'k> = (usize, LeftoverKind, &'k str, &'k str);

impl Leftover<'_> {
    fn key(&self) -> Key<'_> {
        (self.container, self.kind, &self.name, self.companion)
    }
}

/// The place of a container by its name.
fn place(pod: &Pod<'_>, name: &str) -> Option<usize> {
    let Container { list, index, .. } = *pod.container(name)?;
    Some(if list == ContainerList::Init { index } else { pod.init_containers.unwrap_or(0) + index })
}
