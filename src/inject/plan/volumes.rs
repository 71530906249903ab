//! The companion's own volumes. Its private ones are used by no other container.

pub(in crate::inject) mod evictable;
pub(super) mod same_source;
mod secrets;

use super::planned::Plan;
use super::reservations::Reservations;
use crate::inject::companion::{SharedVolume, Volume};
use crate::inject::verdict::Via;
use crate::inject::verdict::reason::{Conflict, Holder, Remark, Unshareable};
use same_source::same_source;

impl<'a> Plan<'a> {
    /// Reserves the private volumes: those that the companion declares, those of its files and of the token mask, and those
    /// that its parameters fill.
    pub(super) fn fit_volumes(&mut self, reservations: &mut Reservations<'a>) -> Result<(), Conflict> {
        for volume in &self.companion.volumes {
            let declared = self.fit_private(&volume.name, &volume.json, &[], reservations)?;
            self.add_volume(volume, declared, reservations)?;
        }
        self.fit_secrets(reservations)?;
        let Some(mask) = &self.companion.token_mask else { return Ok(()) };
        let declared = self.fit_private(&mask.volume.name, &mask.volume.json, &mask.earlier, reservations)?;
        // A mask that podgraft added before stays, and the new status lists it again.
        self.masks_token = declared || reservations.may_mount_token();
        if self.masks_token {
            return self.add_volume(&mask.volume, declared, reservations);
        }
        // No other companion can have the name: the policies of required companions reserve it.
        reservations.volume(&mask.volume.name, &self.companion.name)
    }

    /// Whether the Pod declares the volume already, because podgraft added it before: as it is, or as `earlier` versions wrote
    /// it. Any container that uses the volume is not the companion's: if the Pod had one of those, its name would conflict.
    fn fit_private(
        &self,
        name: &str,
        json: &str,
        earlier: &[Box<str>],
        reservations: &Reservations<'a>,
    ) -> Result<bool, Conflict> {
        let declared = reservations.pod.volume(name);
        let is_same = |theirs: &str| same_source(theirs, json) || earlier.iter().any(|e| same_source(theirs, e));
        if declared.is_some_and(|declared| !is_same(declared.json)) {
            return Err(Conflict::VolumeNameConflict { volume: name.into(), by: None });
        }
        let user = reservations.pod.user_of(name);
        let is_ours = reservations.status_lists_volume(&self.companion.name, name);
        if user.is_some() || (declared.is_some() && !is_ours) {
            let container = user.map(|container| (&*container.name).into());
            return Err(Conflict::PrivateVolumeConflict { volume: name.into(), container, companion: None });
        }
        Ok(declared.is_some())
    }

    /// An app container may mount the volume by its name already, whether the Pod declares it or not.
    pub(super) fn fit_shared_volume(
        &mut self,
        shared: &'a SharedVolume,
        reservations: &mut Reservations<'a>,
    ) -> Result<(), Conflict> {
        let volume = &shared.volume;
        let declared = reservations.pod.volume(&volume.name);
        if declared.is_some_and(|declared| !same_source(declared.json, &volume.json)) {
            return Err(Conflict::VolumeNameConflict { volume: volume.name.clone(), by: None });
        }
        if shared.app.read_only
            && let Some((container, path)) = reservations.pod.writer_of(&volume.name)
        {
            let (path, container) = (Box::from(path), Box::from(&*container.name));
            if self.via == Via::Required {
                let (by, why) = (Holder::Container(container), Unshareable::Writable);
                return Err(Conflict::VolumeNotShareable { volume: volume.name.clone(), path, by, why });
            }
            let remark = Remark::AppCanWrite { path, container };
            // The mount at the shared path was reported with the path.
            if !self.remarks.contains(&remark) {
                self.remark(|| remark);
            }
        }
        self.add_volume(volume, declared.is_some(), reservations)
    }

    fn add_volume(
        &mut self,
        volume: &'a Volume,
        declared: bool,
        reservations: &mut Reservations<'a>,
    ) -> Result<(), Conflict> {
        self.list_volume(&volume.name, declared, reservations)?;
        if !declared {
            self.volumes.push(volume);
        }
        Ok(())
    }

    fn list_volume(
        &mut self,
        name: &'a str,
        declared: bool,
        reservations: &mut Reservations<'a>,
    ) -> Result<(), Conflict> {
        // The name is reserved even where the Pod declares the volume: two companions can have volumes of the same name.
        reservations.volume(name, &self.companion.name)?;
        // The new status entry replaces the old one, so a volume that podgraft added before is listed again.
        if !declared || reservations.status_lists_volume(&self.companion.name, name) {
            self.added.volumes.push(name);
        }
        Ok(())
    }
}
