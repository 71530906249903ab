//! Who owns what in a Pod: the app, what stands there already, and the companions of this review.

mod join;
mod ledger;
mod mounts;
mod ports;

use std::cell::OnceCell;

use super::chosen::Choices;
use crate::inject::companion::Companion;
use crate::inject::keys;
use crate::inject::patch::status::Status;
use crate::inject::pod::{Container, Pod};
use crate::inject::verdict::reason::{Holder, Reason};
use crate::work::step;

pub(in crate::inject) use join::ExistingMount;
use ledger::Ledger;
use mounts::ReservedMounts;
pub(in crate::inject) use mounts::{MountSource, ReservedMount};
use ports::PortKey;
pub(in crate::inject) use ports::ReservedPort;

/// The largest patch, in bytes. It is checked before the patch is written, so that few bytes of a request cannot become very
/// many in memory.
pub(in crate::inject) const PATCH_LIMIT: usize = 4 << 20;

/// A Pod, and what the companions that fit so far have claimed in it.
#[derive(Debug)]
pub(in crate::inject) struct Reservations<'a> {
    pub(in crate::inject) pod: &'a Pod<'a>,
    pub(in crate::inject) choices: &'a Choices,
    status: &'a Status<'a>,
    /// Whether an API server asks: then the token's mounts are in the Pod.
    online: bool,
    containers: Ledger<&'a str, &'a str>,
    volumes: Ledger<&'a str, &'a str>,
    /// Private volumes of companions that are there already, with these.
    private: Ledger<&'a str, &'a str>,
    ports: Ledger<PortKey, &'a str>,
    /// Ports that companions' probes ask.
    probed: Ledger<PortKey, &'a str>,
    mounts: ReservedMounts<'a>,
    /// Variables by name and by the set of app containers.
    env: Ledger<(&'a str, usize), &'a str>,
    annotations: Ledger<&'a str, ()>,
    pull_secrets: Ledger<&'a str, ()>,
    /// What the annotations will have together, in bytes.
    annotation_bytes: usize,
    /// At most how many bytes the patch will have.
    patch_bytes: usize,
    /// Whether no companion has an entry in the status yet.
    status_is_empty: bool,
    /// The ports of the Pod's containers that keep running, in order, with the containers' places.
    pod_ports: OnceCell<Vec<(PortKey, usize)>>,
    has_token: OnceCell<bool>,
}

/// How many claims there were: what came after can be given back.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct Mark {
    containers: usize,
    volumes: usize,
    ports: usize,
    probed: usize,
    mounts: usize,
    env: usize,
    annotations: usize,
    pull_secrets: usize,
    annotation_bytes: usize,
    patch_bytes: usize,
    status_is_empty: bool,
}

impl<'a> Reservations<'a> {
    pub(in crate::inject) fn new(pod: &'a Pod<'a>, status: &'a Status<'a>, choices: &'a Choices, online: bool) -> Self {
        // The status is written anew, with what of it stands.
        let (key, before) = pod.annotation(keys::STATUS).map_or((keys::STATUS.len(), 0), |text| (0, text.len()));
        let length = status.length(pod);
        Reservations {
            pod,
            choices,
            status,
            online,
            containers: Ledger::default(),
            volumes: Ledger::default(),
            private: Ledger::default(),
            ports: Ledger::default(),
            probed: Ledger::default(),
            mounts: ReservedMounts::default(),
            env: Ledger::default(),
            annotations: Ledger::default(),
            pull_secrets: Ledger::default(),
            annotation_bytes: pod.annotation_bytes() - before + key + length,
            patch_bytes: super::status_bound(length),
            status_is_empty: length == "{}".len(),
            pod_ports: OnceCell::new(),
            has_token: OnceCell::new(),
        }
    }

    pub(in crate::inject) fn mark(&self) -> Mark {
        Mark {
            containers: self.containers.len(),
            volumes: self.volumes.len(),
            ports: self.ports.len(),
            probed: self.probed.len(),
            mounts: self.mounts.len(),
            env: self.env.len(),
            annotations: self.annotations.len(),
            pull_secrets: self.pull_secrets.len(),
            annotation_bytes: self.annotation_bytes,
            patch_bytes: self.patch_bytes,
            status_is_empty: self.status_is_empty,
        }
    }

    /// Gives back what was claimed since: a skipped companion claims nothing.
    pub(in crate::inject) fn roll_back(&mut self, mark: Mark) {
        self.containers.truncate(mark.containers);
        self.volumes.truncate(mark.volumes);
        self.ports.truncate(mark.ports);
        self.probed.truncate(mark.probed);
        self.mounts.truncate(mark.mounts);
        self.env.truncate(mark.env);
        self.annotations.truncate(mark.annotations);
        self.pull_secrets.truncate(mark.pull_secrets);
        self.annotation_bytes = mark.annotation_bytes;
        self.patch_bytes = mark.patch_bytes;
        self.status_is_empty = mark.status_is_empty;
    }

    /// Claims room for a companion's entry in the status.
    ///
    /// # Errors
    /// The annotations would be too long.
    pub(in crate::inject) fn status_entry(&mut self, companion: &str, entry: usize) -> Result<(), Reason> {
        self.has_room_for(companion, entry)?;
        let comma = usize::from(!std::mem::take(&mut self.status_is_empty));
        self.annotation_bytes += comma + companion.len() + r#""":"#.len() + entry;
        Ok(())
    }

    /// Whether the annotations have room for an entry in the status that has at least so many bytes.
    ///
    /// # Errors
    /// They would be too long.
    pub(in crate::inject) fn has_room_for(&self, companion: &str, entry: usize) -> Result<(), Reason> {
        let comma = usize::from(!self.status_is_empty);
        let bytes = self.annotation_bytes + comma + companion.len() + r#""":"#.len() + entry;
        if bytes > keys::ANNOTATIONS_LIMIT {
            return Err(Reason::AnnotationsTooLarge { bytes });
        }
        Ok(())
    }

    /// Claims a part of the patch that has at most so many bytes.
    ///
    /// # Errors
    /// The patch could be too large.
    pub(in crate::inject) fn patch(&mut self, most: usize) -> Result<(), Reason> {
        self.patch_bytes += most;
        if self.patch_bytes > PATCH_LIMIT {
            return Err(Reason::PatchTooLarge { bytes: self.patch_bytes });
        }
        Ok(())
    }

    /// At most how many bytes the patch of all that fit has.
    pub(in crate::inject) fn patch_bytes(&self) -> usize {
        self.patch_bytes
    }

    pub(in crate::inject) fn container(&mut self, name: &'a str, companion: &'a str) -> Result<(), Reason> {
        let standing = self.pod.container(name).map(holder);
        let claimed = || self.containers.get(&name).map(|by| Holder::Companion((*by).into()));
        if let Some(by) = standing.or_else(claimed) {
            return Err(Reason::ContainerNameConflict { container: name.into(), by });
        }
        self.containers.add(name, companion);
        Ok(())
    }

    /// Claims the name of a volume. Full names of two companions' volumes can be the same:
    /// a volume `b-c` of `a`, and a volume `c` of `a-b`.
    pub(in crate::inject) fn volume(&mut self, name: &'a str, companion: &'a str) -> Result<(), Reason> {
        if let Some(by) = self.volumes.get(&name) {
            return Err(Reason::VolumeNameConflict { volume: name.into(), by: Some((*by).into()) });
        }
        self.volumes.add(name, companion);
        Ok(())
    }

    /// Whether the status says that podgraft added a volume for a companion.
    pub(in crate::inject) fn status_lists_volume(&self, companion: &str, volume: &str) -> bool {
        self.status.entry(companion).is_some_and(|recorded| recorded.volumes.iter().any(|name| name == volume))
    }

    /// Whether the status says that podgraft added an annotation for a companion.
    pub(in crate::inject) fn status_lists_annotation(&self, companion: &str, key: &str) -> bool {
        self.status.entry(companion).is_some_and(|recorded| recorded.annotations.iter().any(|name| name == key))
    }

    /// Records a companion that is there already: its private volumes cannot be joined, and nobody else gets its ports.
    pub(in crate::inject) fn reserve_present(&mut self, companion: &'a Companion) {
        for volume in &companion.volumes {
            self.private.add_once(&volume.name, &companion.name);
            self.volumes.add_once(&volume.name, &companion.name);
        }
        for shared in &companion.shared_volumes {
            self.volumes.add_once(&shared.volume.name, &companion.name);
        }
    }

    /// The companion that is there already and whose private volume this is.
    pub(in crate::inject) fn private_to(&self, volume: &'a str) -> Option<&'a str> {
        self.private.get(&volume).copied()
    }

    /// Claims a variable in all app containers of a set.
    pub(in crate::inject) fn env(&mut self, set: usize, variable: &'a str, companion: &'a str) -> Result<(), Reason> {
        let taken = |container: usize, by: Option<&str>| {
            let view = &self.pod.containers[container];
            let by = by.map_or_else(|| holder(view), |by| Holder::Companion(by.into()));
            Reason::EnvNameConflict { variable: variable.into(), container: (&*view.name).into(), by }
        };
        let chosen = self.choices.set(set);
        if let Some(container) = chosen.setting(self.pod, variable) {
            return Err(taken(container, None));
        }
        for other in 0..self.choices.count() {
            if let Some(by) = self.env.get(&(variable, other))
                && let Some(container) = self.choices.common(other, set)
            {
                return Err(taken(container, Some(by)));
            }
        }
        self.env.add_once((variable, set), companion);
        Ok(())
    }

    pub(in crate::inject) fn mount(&mut self, mount: ReservedMount<'a>) {
        self.mounts.add(mount);
    }

    /// Claims an annotation, unless somebody has it; whether it is ours now.
    pub(in crate::inject) fn annotation(&mut self, key: &'a str, value: &str) -> bool {
        let free = self.annotation_is_free(key);
        if free {
            self.annotations.add(key, ());
            self.annotation_bytes += key.len() + value.len();
        }
        free
    }

    /// Whether nobody has an annotation.
    pub(in crate::inject) fn annotation_is_free(&self, key: &str) -> bool {
        self.pod.annotation(key).is_none() && self.annotations.get(&key).is_none()
    }

    /// Claims a pull secret, unless it is there; whether it is ours now.
    pub(in crate::inject) fn pull_secret(&mut self, name: &'a str) -> bool {
        let free = !self.pod.has_pull_secret(name) && self.pull_secrets.get(&name).is_none();
        if free {
            self.pull_secrets.add(name, ());
        }
        free
    }

    /// Whether the Pod has a token. The API server mounts it before it asks; offline, a Pod has one unless it says otherwise.
    pub(in crate::inject) fn has_token(&self) -> bool {
        *self.has_token.get_or_init(|| {
            step(self.pod.mount_count());
            let mut mounts = self.pod.containers.iter().flat_map(|c| self.pod.mounts(c));
            let offline = !self.online && !self.pod.declines_token;
            offline || mounts.any(|mount| mount.path == keys::TOKEN_PATH)
        })
    }
}

fn holder(container: &Container<'_>) -> Holder {
    Holder::Container((&*container.name).into())
}
