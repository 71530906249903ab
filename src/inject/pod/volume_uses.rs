//! Which containers use a volume.

use super::index::FEW;
use super::parts::{Container, Parts, places};
use crate::work::step;

/// The uses of volumes, sorted by the volumes' names, so that a volume of a Pod with very many is found quickly.
#[derive(Debug, Default)]
pub(super) struct VolumeUses(Vec<VolumeUse>);

/// A mount, a device or a variable read from a file: the place of its container, and its own place in the lists of mounts,
/// devices and files, counted one after the other.
#[derive(Debug, Clone, Copy)]
struct VolumeUse {
    container: u32,
    part: u32,
}

impl VolumeUses {
    /// The uses of all volumes; empty where there are few.
    pub(super) fn of(containers: &[Container<'_>], parts: &Parts<'_>) -> Self {
        let (mounts, devices) = (parts.mounts.len(), parts.mounts.len() + parts.devices.len());
        let all = devices + parts.env_files.len();
        if all <= FEW {
            return VolumeUses::default();
        }
        let mut uses = Vec::with_capacity(all);
        for (place, container) in containers.iter().enumerate() {
            let own = places(&container.mounts.clone().unwrap_or_default());
            let own_devices = places(&container.devices).map(|device| device + mounts);
            let files = places(&container.env_files).map(|file| file + devices);
            let places = own.chain(own_devices).chain(files).filter_map(|part| u32::try_from(part).ok());
            uses.extend(places.map(|part| VolumeUse { container: u32::try_from(place).unwrap_or(u32::MAX), part }));
        }
        uses.sort_by(|a, b| {
            step(1);
            a.volume(parts).cmp(b.volume(parts))
        });
        VolumeUses(uses)
    }

    /// The first container that uses a volume.
    pub(super) fn first<'p, 'a>(
        &self,
        volume: &str,
        containers: &'p [Container<'a>],
        parts: &Parts<'a>,
    ) -> Option<&'p Container<'a>> {
        if self.0.is_empty() {
            return containers.iter().find(|container| {
                let (mounts, devices, files) =
                    (parts.mounts(container), parts.devices(container), parts.env_files(container));
                step(1 + mounts.len() + devices.len() + files.len());
                let mounted = mounts.iter().any(|m| m.volume == volume);
                mounted || devices.iter().any(|d| d.volume == volume) || files.iter().any(|name| name == volume)
            });
        }
        let found = self.uses(volume, parts).next()?;
        containers.get(found.container as usize)
    }

    /// The first container that can write to a volume, and the path at which it does. Devices can be written.
    pub(super) fn writer<'p, 'a>(
        &self,
        volume: &str,
        containers: &'p [Container<'a>],
        parts: &'p Parts<'a>,
    ) -> Option<(&'p Container<'a>, &'p str)> {
        if self.0.is_empty() {
            return containers.iter().find_map(|container| {
                let (mounts, devices) = (parts.mounts(container), parts.devices(container));
                step(1 + mounts.len() + devices.len());
                let mount = mounts.iter().find(|m| m.volume == volume && !m.read_only).map(|m| &*m.path);
                let device = || devices.iter().find(|d| d.volume == volume).map(|d| &*d.path);
                mount.or_else(device).map(|path| (container, path))
            });
        }
        let mut writable = self.uses(volume, parts).filter_map(|other| Some((other, other.writable(parts)?)));
        let (found, path) = writable.next()?;
        Some((containers.get(found.container as usize)?, path))
    }

    /// The uses of one volume, in the order of containers.
    fn uses<'p>(&'p self, volume: &'p str, parts: &'p Parts<'_>) -> impl Iterator<Item = VolumeUse> {
        let first = self.0.partition_point(|other| {
            step(1);
            other.volume(parts) < volume
        });
        self.0[first..].iter().copied().take_while(move |other| {
            step(1);
            other.volume(parts) == volume
        })
    }
}

impl VolumeUse {
    /// The path at which it can be written.
    fn writable<'p>(self, parts: &'p Parts<'_>) -> Option<&'p str> {
        let part = self.part as usize;
        match part.checked_sub(parts.mounts.len()) {
            None => Some(&parts.mounts[part]).filter(|mount| !mount.read_only).map(|mount| &*mount.path),
            Some(device) => parts.devices.get(device).map(|device| &*device.path),
        }
    }

    fn volume<'p>(self, parts: &'p Parts<'_>) -> &'p str {
        let part = self.part as usize;
        let Some(device) = part.checked_sub(parts.mounts.len()) else { return &parts.mounts[part].volume };
        match device.checked_sub(parts.devices.len()) {
            None => &parts.devices[device].volume,
            Some(file) => &parts.env_files[file],
        }
    }
}
