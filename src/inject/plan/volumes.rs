//! Volumes that the companion brings. Its private ones are used by nobody else.

use super::Plan;
use super::reservations::Reservations;
use super::same_source::same_source;
use crate::inject::companion::{SharedVolume, Volume};
use crate::inject::verdict::Via;
use crate::inject::verdict::reason::{Holder, Reason, Unshareable};

impl<'a> Plan<'a> {
    /// Claims the private volumes: the companion's own ones, and those of its files and of the mask of the token.
    pub(super) fn fit_volumes(&mut self, claims: &mut Reservations<'a>) -> Result<(), Reason> {
        for volume in &self.companion.volumes {
            self.fit_private(volume, claims)?;
        }
        Ok(())
    }

    /// The Pod has none of the companion's containers, or their names would be taken: whoever uses the volume is another.
    fn fit_private(&mut self, volume: &'a Volume, claims: &mut Reservations<'a>) -> Result<(), Reason> {
        let declared = claims.pod.volume(&volume.name);
        if declared.is_some_and(|declared| !same_source(declared.json, &volume.json)) {
            return Err(Reason::VolumeNameConflict { volume: volume.name.clone(), by: None });
        }
        let user = claims.pod.user_of(&volume.name);
        let is_ours = claims.status_lists_volume(&self.companion.name, &volume.name);
        if user.is_some() || (declared.is_some() && !is_ours) {
            let container = user.map(|container| (&*container.name).into());
            return Err(Reason::PrivateVolumeConflict { volume: volume.name.clone(), container, companion: None });
        }
        self.add_volume(volume, declared.is_some(), claims)
    }

    /// A container can mount the volume by its name, whether the Pod declares it or not.
    pub(super) fn fit_shared_volume(
        &mut self,
        shared: &'a SharedVolume,
        claims: &mut Reservations<'a>,
    ) -> Result<(), Reason> {
        let volume = &shared.volume;
        let declared = claims.pod.volume(&volume.name);
        if declared.is_some_and(|declared| !same_source(declared.json, &volume.json)) {
            return Err(Reason::VolumeNameConflict { volume: volume.name.clone(), by: None });
        }
        if shared.app.read_only
            && let Some((container, path)) = claims.pod.writer_of(&volume.name)
        {
            let (path, container) = (Box::from(path), Box::from(&*container.name));
            if self.via == Via::Required {
                let (by, why) = (Holder::Container(container), Unshareable::Writable);
                return Err(Reason::VolumeNotShareable { path, by, why });
            }
            self.remark(|| Reason::AppCanWrite { path, container });
        }
        self.add_volume(volume, declared.is_some(), claims)
    }

    fn add_volume(&mut self, volume: &'a Volume, declared: bool, claims: &mut Reservations<'a>) -> Result<(), Reason> {
        // A name is claimed whether the Pod declares the volume or not: names of two companions' volumes can be the same.
        claims.volume(&volume.name, &self.companion.name)?;
        if !declared {
            self.volumes.push(volume);
        }
        // The entry in the status replaces the one before it: what podgraft added then is still its own.
        if !declared || claims.status_lists_volume(&self.companion.name, &volume.name) {
            self.added.volumes.push(&volume.name);
        }
        Ok(())
    }
}
