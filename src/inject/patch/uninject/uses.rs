//! Which containers use a volume.

use std::collections::{HashMap, HashSet};
use std::fmt::{Display, Formatter, Result};

use serde_json::Value;

use super::remarks::short;
use crate::inject::container_list::ContainerList;
use crate::work::step;

/// A container's use of a volume. Its text is the use and the remedy, as clauses of a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum VolumeUse<'v> {
    /// A mount or a block device.
    Path { container: &'v Value, path: &'v Value },
    /// A variable that is read from a file of the volume.
    Variable { container: &'v Value, variable: &'v Value },
}

/// The first use of each of these volumes, in the order of the containers.
pub(super) fn first_uses<'v>(spec: Option<&'v Value>, volumes: &HashSet<&str>) -> HashMap<&'v str, VolumeUse<'v>> {
    let mut first = HashMap::new();
    let lists = ContainerList::ALL.map(ContainerList::as_str).into_iter().chain(["ephemeralContainers"]);
    let containers = lists.flat_map(|list| spec.and_then(|spec| spec[list].as_array()).into_iter().flatten());
    for (volume, used) in containers.flat_map(uses) {
        step(1);
        if let Some(volume) = volume.as_str().filter(|volume| volumes.contains(volume)) {
            first.entry(volume).or_insert(used);
        }
    }
    first
}

/// The volumes that a container uses.
fn uses(container: &Value) -> impl Iterator<Item = (&Value, VolumeUse<'_>)> {
    let items = |list: &str| container[list].as_array().into_iter().flatten();
    let path = move |item, path| (item, VolumeUse::Path { container, path });
    let mounts = items("volumeMounts").map(move |mount| path(&mount["name"], &mount["mountPath"]));
    let devices = items("volumeDevices").map(move |device| path(&device["name"], &device["devicePath"]));
    let variables = items("env").map(move |variable| {
        let volume = &variable["valueFrom"]["fileKeyRef"]["volumeName"];
        (volume, VolumeUse::Variable { container, variable: &variable["name"] })
    });
    mounts.chain(devices).chain(variables)
}

impl Display for VolumeUse<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let text = |value: &Value| short(value.as_str().unwrap_or_default());
        match self {
            VolumeUse::Path { container, path } => {
                let (name, path) = (text(&container["name"]), text(path));
                write!(f, "container {name:?} mounts the volume at {path}; remove the mount and the volume")
            }
            VolumeUse::Variable { container, variable } => {
                let (name, variable) = (text(&container["name"]), text(variable));
                write!(
                    f,
                    "container {name:?} reads variable {variable:?} from the volume; remove the variable and the volume"
                )
            }
        }
    }
}
