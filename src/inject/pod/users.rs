//! Which containers use a volume.

use super::super::work::step;
use super::order::FEW;
use super::{Container, Parts, Pod};

/// The mounts and devices of a Pod that has very many, in the order of the volumes' names.
#[derive(Debug, Default)]
pub(super) struct Users(Vec<Use>);

/// One mount or device: the places of its container, and of itself in the lists of mounts and of devices, one after the other.
#[derive(Debug, Clone, Copy)]
struct Use {
    container: u32,
    part: u32,
}

impl Users {
    /// The uses of all volumes; nothing for a few.
    pub(super) fn of(containers: &[Container<'_>], parts: &Parts<'_>) -> Self {
        let mounts = parts.mounts.len();
        if mounts + parts.devices.len() <= FEW {
            return Users::default();
        }
        let mut uses = Vec::with_capacity(mounts + parts.devices.len());
        for (place, container) in containers.iter().enumerate() {
            let own = container.mounts.clone().unwrap_or_default();
            let devices = container.devices.start + mounts..container.devices.end + mounts;
            let places = own.chain(devices).filter_map(|part| u32::try_from(part).ok());
            uses.extend(places.map(|part| Use { container: u32::try_from(place).unwrap_or(u32::MAX), part }));
        }
        uses.sort_by(|a, b| {
            step(1);
            a.volume(parts).cmp(b.volume(parts))
        });
        Users(uses)
    }

    /// The first container that uses a volume.
    pub(super) fn first<'p, 'a>(&self, volume: &str, pod: &'p Pod<'a>) -> Option<&'p Container<'a>> {
        if self.0.is_empty() {
            return pod.containers.iter().find(|container| {
                let (mounts, devices) = (pod.mounts(container), pod.devices(container));
                step(1 + mounts.len() + devices.len());
                mounts.iter().any(|m| m.volume == volume) || devices.iter().any(|d| d.volume == volume)
            });
        }
        let at = self.0.partition_point(|other| {
            step(1);
            other.volume(&pod.parts) < volume
        });
        let found = self.0.get(at).filter(|other| other.volume(&pod.parts) == volume)?;
        pod.containers.get(found.container as usize)
    }
}

impl Use {
    fn volume<'p>(self, parts: &'p Parts<'_>) -> &'p str {
        let part = self.part as usize;
        match part.checked_sub(parts.mounts.len()) {
            None => &parts.mounts[part].volume,
            Some(device) => &parts.devices[device].volume,
        }
    }
}
