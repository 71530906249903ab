//! What an earlier injection left in the Pod, where only the companion's containers were removed.

use std::cell::Cell;

use crate::inject::container_list::ContainerList;
use crate::inject::patch::status::{Status, StatusEntry};
use crate::inject::plan::candidates::Candidate;
use crate::inject::pod::Pod;
use crate::inject::verdict::Via;
use crate::inject::verdict::reason::{Conflict, Holder};
use crate::json::{JsonError, Reader};

/// Upper bound on searches in the status per review; each reads all of it.
const MAX_SEARCHES: usize = 4;

/// Finds out who added what a companion conflicts with.
#[derive(Debug)]
pub(in crate::inject) struct EarlierInjection<'r, 'a> {
    pod: &'a Pod<'a>,
    status: &'r Status<'a>,
    /// How many more searches there may be.
    searches: Cell<usize>,
}

impl<'r, 'a> EarlierInjection<'r, 'a> {
    pub(in crate::inject) fn new(pod: &'a Pod<'a>, status: &'r Status<'a>) -> Self {
        EarlierInjection { pod, status, searches: Cell::new(MAX_SEARCHES) }
    }

    /// Replaces the Pod's author as the holder of a name or path by the companion for which the status lists that, because
    /// the Pod's author did not write it. A container can be left out unless the companion is required.
    pub(in crate::inject) fn attribute(&self, mut conflict: Conflict, candidate: &Candidate<'_>) -> Conflict {
        if let Some(holder) = self.lister(&conflict, candidate) {
            match &mut conflict {
                Conflict::EnvNameConflict { by, .. }
                | Conflict::MountPathConflict { by, .. }
                | Conflict::ContainerNameConflict { by, .. } => *by = holder,
                Conflict::VolumeNameConflict { by, .. } => *by = Some(holder),
                _ => {}
            }
        } else if let Conflict::EnvNameConflict { by, .. } | Conflict::MountPathConflict { by, .. } = &mut conflict
            && let Holder::Container(name) = by
            && candidate.via != Via::Required
        {
            *by = Holder::AppContainer(std::mem::take(name));
        }
        conflict
    }

    /// The companion for which the status lists the other side of a conflict.
    fn lister(&self, conflict: &Conflict, candidate: &Candidate<'_>) -> Option<Holder> {
        let holds: &dyn Fn(&StatusEntry<'_>) -> bool = match conflict {
            Conflict::EnvNameConflict { variable, container, by: Holder::Container(_) } => {
                &|entry| lists(entry, "env", container, variable)
            }
            Conflict::MountPathConflict { container, other, by: Holder::Container(_), .. } => {
                &|entry| lists(entry, "mounts", container, other)
            }
            Conflict::ContainerNameConflict { container, by: Holder::Container(_) } => {
                &|entry| ContainerList::ALL.into_iter().any(|list| entry.lists(list, container))
            }
            Conflict::VolumeNameConflict { volume, by: None } => {
                &|entry| entry.volumes.iter().any(|name| **name == **volume)
            }
            _ => return None,
        };
        let entries = self.status.entries();
        let left = self.searches.get().checked_sub(usize::from(!entries.is_empty()))?;
        self.searches.set(left);
        let entry = entries.iter().find(|entry| holds(entry))?;
        let companion = Box::from(&*entry.companion);
        if !entry.is_present(self.pod) {
            return Some(Holder::Leftover(companion));
        }
        // A companion that the status lists, and that is not present all the same, does not conflict with itself.
        (*companion != *candidate.name).then_some(Holder::Companion(companion))
    }
}

/// Whether an entry lists a name in a group of a container.
fn lists(entry: &StatusEntry<'_>, group: &str, container: &str, name: &str) -> bool {
    let mut found = false;
    // The entry was read before, so it is JSON. What has another type lists nothing.
    let _ = read(entry.json, group, container, |other| found |= other == name);
    found
}

fn read(json: &str, group: &str, container: &str, mut each: impl FnMut(&str)) -> Result<(), JsonError> {
    let mut names =
        |r: &mut Reader<'_>| r.array(|r, _| r.string().map(|name| name.iter().for_each(|name| each(name)))).map(|_| ());
    Reader::of(json)
        .object(|r, key| {
            if key != group {
                return r.skip();
            }
            r.object(|r, other| if other == container { names(r) } else { r.skip() }).map(|_| ())
        })
        .map(|_| ())
}
