//! Names that can be used once: of containers, volumes, variables, annotations and pull secrets.

use super::mounts::ReservedMount;
use super::reserved::Reservations;
use crate::inject::companion::Companion;
use crate::inject::keys::SAFE_TO_EVICT_VOLUMES;
use crate::inject::pod::Container;
use crate::inject::verdict::reason::{Conflict, Holder};
use crate::work::step;

/// The place that stands for any set of app containers.
const ANY_SET: usize = usize::MAX;

impl<'a> Reservations<'a> {
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
            let by = Some(Holder::Companion((*by).into()));
            return Err(Conflict::VolumeNameConflict { volume: name.into(), by });
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

    /// Records the volumes of a present companion: their names are in use, and the private ones cannot be joined. The
    /// ports that it reads are the app's, although its probes ask them.
    pub(in crate::inject) fn reserve_present(&mut self, companion: &'a Companion) {
        for container in &companion.containers {
            container.probed_inputs.iter().for_each(|port| self.inputs.add_once((&container.name, *port), ()));
        }
        for volume in companion.private_volumes() {
            self.private.add_once(volume, &companion.name);
            self.volumes.add_once(volume, &companion.name);
        }
        for shared in &companion.shared_volumes {
            self.volumes.add_once(&shared.volume.name, &companion.name);
        }
    }

    /// The present companion whose private volume this is.
    pub(in crate::inject) fn private_to(&self, volume: &'a str) -> Option<&'a str> {
        self.private.get(&volume).copied()
    }

    /// Reserves a variable in all app containers of a set. It may be a leftover in some of them.
    ///
    /// # Errors
    /// One of the containers sets it, or another companion does in one of them.
    pub(in crate::inject) fn env(
        &mut self,
        set: usize,
        variable: &'a str,
        companion: &'a str,
        leftover_in: impl Fn(usize) -> bool,
    ) -> Result<(), Conflict> {
        let conflict = |container: usize, by: Option<&str>| {
            let view = &self.pod.containers[container];
            let by = by.map_or_else(|| holder(view), |by| Holder::Companion(by.into()));
            Conflict::EnvNameConflict { variable: variable.into(), container: (&*view.name).into(), by }
        };
        let chosen = self.choices.set(set);
        if let Some(container) = chosen.setting(self.pod, variable).find(|container| !leftover_in(*container)) {
            return Err(conflict(container, None));
        }
        // Most variables are reserved in no set; then the sets need not be searched one by one.
        let is_reserved = self.env.get(&(variable, ANY_SET)).is_some();
        for other in (0..self.choices.count()).filter(|_| is_reserved) {
            if let Some(by) = self.env.get(&(variable, other))
                && let Some(container) = self.choices.common(other, set)
            {
                return Err(conflict(container, Some(by)));
            }
        }
        self.env.add_once((variable, ANY_SET), companion);
        self.env.add_once((variable, set), companion);
        Ok(())
    }

    pub(in crate::inject) fn mount(&mut self, mount: ReservedMount<'a>) {
        self.mounts.add(mount);
    }

    /// Reserves an annotation unless it is in use; whether it was free.
    pub(in crate::inject) fn annotation(&mut self, key: &'a str, value: &str, companion: &'a Companion) -> bool {
        let free = self.annotation_is_free(key);
        if free {
            self.annotations.add(key, companion);
            self.annotation_bytes += key.len() + value.len();
        }
        free
    }

    /// Reserves room for a part of an annotation that several companions share; whether it is the first part.
    pub(in crate::inject) fn joined_annotation(
        &mut self,
        key: &'a str,
        bytes: usize,
        companion: &'a Companion,
    ) -> bool {
        let is_first = self.annotation_is_free(key);
        if is_first {
            self.annotations.add(key, companion);
        }
        self.annotation_bytes += bytes + if is_first { key.len() } else { ",".len() };
        is_first
    }

    /// The companion of this review that sets an annotation.
    pub(in crate::inject) fn annotation_of(&self, key: &'a str) -> Option<&'a Companion> {
        self.annotations.get(&key).copied()
    }

    /// Whether the Pod's own annotation lists a volume as one that does not keep a node.
    pub(in crate::inject) fn is_evictable(&self, volume: &str) -> bool {
        let all = self.evictable.get_or_init(|| {
            let value = self.pod.annotation(SAFE_TO_EVICT_VOLUMES).unwrap_or_default();
            step(16 * value.len());
            let mut all: Vec<&str> = listed_names(value).collect();
            all.sort_unstable();
            all
        });
        step(16);
        all.binary_search(&volume).is_ok()
    }

    /// Whether neither the Pod nor a companion has an annotation.
    pub(in crate::inject) fn annotation_is_free(&self, key: &str) -> bool {
        self.pod.annotation(key).is_none() && self.annotations.get(&key).is_none()
    }

    /// Whether the next pull secret creates the list in a template. The API server adds the pull secrets of the
    /// ServiceAccount only to Pods without a list, and it has done so before it sends a Pod for review.
    pub(in crate::inject) fn would_create_pull_secrets(&self) -> bool {
        let has_none = self.pod.image_pull_secrets.as_ref().is_none_or(Vec::is_empty);
        !self.online && has_none && self.pull_secrets.len() == 0
    }

    /// Reserves a pull secret unless it is in use; whether it was free.
    pub(in crate::inject) fn pull_secret(&mut self, name: &'a str) -> bool {
        let free = !self.pod.has_pull_secret(name) && self.pull_secrets.get(&name).is_none();
        if free {
            self.pull_secrets.add(name, ());
        }
        free
    }
}

/// The names in an annotation that is a list, such as the one of evictable volumes.
fn listed_names(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// A container of the Pod as the holder of a name.
pub(super) fn holder(container: &Container<'_>) -> Holder {
    Holder::Container((&*container.name).into())
}
