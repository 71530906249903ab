//! Names that can be used once: of containers, volumes, variables, annotations and pull secrets.

use super::mounts::ReservedMount;
use super::reserved::Reservations;
use crate::inject::companion::Companion;
use crate::inject::pod::Container;
use crate::inject::verdict::reason::{Conflict, Holder};

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

/// A container of the Pod as the holder of a name.
pub(super) fn holder(container: &Container<'_>) -> Holder {
    Holder::Container((&*container.name).into())
}
