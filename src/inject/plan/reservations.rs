//! Who has which names, ports, paths and variables of a Pod: the app, present companions, and those of this review.

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
use crate::inject::verdict::reason::{Conflict, Holder};
use crate::work::step;

pub(in crate::inject) use join::{ExistingMount, MountsAtPath};
use ledger::Ledger;
use mounts::ReservedMounts;
pub(in crate::inject) use mounts::{MountSource, ReservedMount};
use ports::PortKey;
pub(in crate::inject) use ports::{PortScope, ReservedPort};

/// A Pod, and what the companions that fit so far have reserved in it.
#[derive(Debug)]
pub(in crate::inject) struct Reservations<'a> {
    pub(in crate::inject) pod: &'a Pod<'a>,
    pub(in crate::inject) choices: &'a Choices,
    status: &'a Status<'a>,
    /// Whether an API server sent the Pod: then the token's mounts are in it.
    online: bool,
    containers: Ledger<&'a str, &'a str>,
    volumes: Ledger<&'a str, &'a str>,
    /// Private volumes of present companions, with the companions.
    private: Ledger<&'a str, &'a str>,
    ports: Ledger<PortKey, &'a str>,
    /// Ports that companions' probes reach.
    probed: Ledger<PortKey, &'a str>,
    mounts: ReservedMounts<'a>,
    /// Variables by name and by the set of app containers.
    env: Ledger<(&'a str, usize), &'a str>,
    annotations: Ledger<&'a str, ()>,
    pull_secrets: Ledger<&'a str, ()>,
    /// The size of all annotations after injection, in bytes.
    annotation_bytes: usize,
    /// An upper bound of the size of the patch, in bytes.
    patch_bytes: usize,
    /// Whether the status has no entry yet.
    status_is_empty: bool,
    /// The ports of the Pod's long-running containers, in order, with the containers' places.
    pod_ports: OnceCell<Vec<(PortKey, usize)>>,
    has_token: OnceCell<bool>,
}

/// How much was reserved at some point, to roll back to it.
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
        // The status is rewritten, with the entries of companions that are present.
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
            patch_bytes: super::size::status_bound(length),
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

    /// Drops everything that was reserved since the mark: a companion that does not fit reserves nothing.
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

    /// Reserves room for a companion's status entry.
    ///
    /// # Errors
    /// The annotations would be too large.
    pub(in crate::inject) fn status_entry(&mut self, companion: &str, entry: usize) -> Result<(), Conflict> {
        self.has_room_for(companion, entry)?;
        let comma = usize::from(!std::mem::take(&mut self.status_is_empty));
        self.annotation_bytes += comma + companion.len() + r#""":"#.len() + entry;
        Ok(())
    }

    /// Checks that the annotations have room for a status entry of at least `entry` bytes.
    ///
    /// # Errors
    /// The annotations would be too large.
    pub(in crate::inject) fn has_room_for(&self, companion: &str, entry: usize) -> Result<(), Conflict> {
        let comma = usize::from(!self.status_is_empty);
        let bytes = self.annotation_bytes + comma + companion.len() + r#""":"#.len() + entry;
        if bytes > keys::ANNOTATIONS_LIMIT {
            return Err(Conflict::AnnotationsTooLarge { bytes });
        }
        Ok(())
    }

    /// Reserves room in the patch for at most `most` bytes.
    ///
    /// # Errors
    /// The patch could be too large.
    pub(in crate::inject) fn patch(&mut self, most: usize) -> Result<(), Conflict> {
        self.patch_bytes += most;
        if self.patch_bytes > keys::PATCH_LIMIT {
            return Err(Conflict::PatchTooLarge { bytes: self.patch_bytes });
        }
        Ok(())
    }

    /// An upper bound of the size of the patch of all companions that fit, in bytes.
    pub(in crate::inject) fn patch_bytes(&self) -> usize {
        self.patch_bytes
    }

    /// Reserves the name of a container.
    ///
    /// # Errors
    /// A container of the Pod or of another companion has it.
    pub(in crate::inject) fn container(&mut self, name: &'a str, companion: &'a str) -> Result<(), Conflict> {
        let existing = self.pod.container(name).map(holder);
        let reserved = || self.containers.get(&name).map(|by| Holder::Companion((*by).into()));
        if let Some(by) = existing.or_else(reserved) {
            return Err(Conflict::ContainerNameConflict { container: name.into(), by });
        }
        self.containers.add(name, companion);
        Ok(())
    }

    /// Reserves the name of a volume.
    ///
    /// # Errors
    /// A volume of another companion has it: volume `b-c` of companion `a`, and volume `c` of companion `a-b`.
    pub(in crate::inject) fn volume(&mut self, name: &'a str, companion: &'a str) -> Result<(), Conflict> {
        if let Some(by) = self.volumes.get(&name) {
            return Err(Conflict::VolumeNameConflict { volume: name.into(), by: Some((*by).into()) });
        }
        self.volumes.add(name, companion);
        Ok(())
    }

    /// Whether the status lists a volume as added for a companion.
    pub(in crate::inject) fn status_lists_volume(&self, companion: &str, volume: &str) -> bool {
        self.status.entry(companion).is_some_and(|entry| entry.volumes.iter().any(|name| name == volume))
    }

    /// Whether the status lists an annotation as added for a companion.
    pub(in crate::inject) fn status_lists_annotation(&self, companion: &str, key: &str) -> bool {
        self.status.entry(companion).is_some_and(|entry| entry.annotations.iter().any(|name| name == key))
    }

    /// Records the volumes of a present companion: their names are in use, and the private ones cannot be joined.
    pub(in crate::inject) fn reserve_present(&mut self, companion: &'a Companion) {
        for volume in &companion.volumes {
            self.private.add_once(&volume.name, &companion.name);
            self.volumes.add_once(&volume.name, &companion.name);
        }
        for shared in &companion.shared_volumes {
            self.volumes.add_once(&shared.volume.name, &companion.name);
        }
    }

    /// The present companion whose private volume this is.
    pub(in crate::inject) fn private_to(&self, volume: &'a str) -> Option<&'a str> {
        self.private.get(&volume).copied()
    }

    /// Reserves a variable in all app containers of a set.
    ///
    /// # Errors
    /// One of the containers sets it, or another companion does in one of them.
    pub(in crate::inject) fn env(&mut self, set: usize, variable: &'a str, companion: &'a str) -> Result<(), Conflict> {
        let conflict = |container: usize, by: Option<&str>| {
            let view = &self.pod.containers[container];
            let by = by.map_or_else(|| holder(view), |by| Holder::Companion(by.into()));
            Conflict::EnvNameConflict { variable: variable.into(), container: (&*view.name).into(), by }
        };
        let chosen = self.choices.set(set);
        if let Some(container) = chosen.setting(self.pod, variable) {
            return Err(conflict(container, None));
        }
        for other in 0..self.choices.count() {
            if let Some(by) = self.env.get(&(variable, other))
                && let Some(container) = self.choices.common(other, set)
            {
                return Err(conflict(container, Some(by)));
            }
        }
        self.env.add_once((variable, set), companion);
        Ok(())
    }

    pub(in crate::inject) fn mount(&mut self, mount: ReservedMount<'a>) {
        self.mounts.add(mount);
    }

    /// Reserves an annotation unless it is in use; whether it was free.
    pub(in crate::inject) fn annotation(&mut self, key: &'a str, value: &str) -> bool {
        let free = self.annotation_is_free(key);
        if free {
            self.annotations.add(key, ());
            self.annotation_bytes += key.len() + value.len();
        }
        free
    }

    /// Whether neither the Pod nor a companion has an annotation.
    pub(in crate::inject) fn annotation_is_free(&self, key: &str) -> bool {
        self.pod.annotation(key).is_none() && self.annotations.get(&key).is_none()
    }

    /// Reserves a pull secret unless it is in use; whether it was free.
    pub(in crate::inject) fn pull_secret(&mut self, name: &'a str) -> bool {
        let free = !self.pod.has_pull_secret(name) && self.pull_secrets.get(&name).is_none();
        if free {
            self.pull_secrets.add(name, ());
        }
        free
    }

    /// Whether the Pod has a token. The API server mounts it before it calls webhooks. Offline, a Pod has one unless
    /// `automountServiceAccountToken` is false.
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
