//! What the app reaches of the companion through a volume that both mount.
//!
//! Whoever can write a directory can unlink or rename what is in it. A mount below it is no protection: the kernel lets
//! its mount point be unlinked from another mount namespace, and the mount is gone in the companion as well. So a file or a
//! mount of the companion below a shared volume is the app's to replace.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;

use super::mounts;
use super::mounts::Moved;
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::SharedVolume;
use crate::inject::keys::TOKEN_PATH;
use crate::inject::names::lies_below;

/// Directories that hold programs, or what programs are configured by, besides [`PROGRAMS`].
const SYSTEM: [&str; 2] = ["/usr", "/etc"];
/// Directories below which everything is programs.
const PROGRAMS: [&str; 12] = [
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/usr/bin",
    "/usr/sbin",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/local/lib",
    "/usr/libexec",
];

/// Volume sources whose content nobody in the Pod can write.
const READ_ONLY: [&str; 5] = ["configMap", "secret", "downwardAPI", "projected", "image"];
/// Volume sources that have a field `readOnly`; in others it means nothing.
const WITH_READ_ONLY: [&str; 18] = [
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "gcePersistentDisk",
    "glusterfs",
    "iscsi",
    "nfs",
    "persistentVolumeClaim",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
];
/// Volume sources that are made for one volume of one Pod, so that nothing else mounts the same.
const MADE_FOR_THE_VOLUME: [&str; 2] = ["emptyDir", "ephemeral"];

/// Whether an app can write what is in a shared volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writes {
    Never,
    /// Only where the Pod's author brings a volume of his own: to the app's path, where it is joined as it is, or of the
    /// same source, which he mounts as he likes.
    Perhaps,
    Always,
}

/// A place at which the companion's containers find something.
struct OwnPath<'o> {
    path: &'o str,
    at: FieldPath,
    what: &'static str,
}

pub(in crate::api) fn check(object: &CompanionObject, found: &mut Report) {
    let own = own(object);
    for (i, volume) in object.spec.shared_volumes.iter().enumerate() {
        token(object, i, volume, found);
        system(object, i, volume, found);
        if let Some((path, ..)) = mounts::unmoved(object, i, true) {
            below(path, own.iter().chain(&others(object, i)), volume, found);
        }
    }
}

/// The companion's files, mounts and devices.
fn own(object: &CompanionObject) -> Vec<OwnPath<'_>> {
    let files = object.spec.files.iter().enumerate().map(|(i, file)| {
        let at = FieldPath::spec("files").item(i).member("path");
        OwnPath { path: &file.path, at, what: "file" }
    });
    let mut own: Vec<_> = files.collect();
    for each in object.containers() {
        own.extend(each.container.volume_mounts.iter().enumerate().map(|(i, mount)| {
            let at = each.at.member("volumeMounts").item(i).member("mountPath");
            OwnPath { path: &mount.mount_path, at, what: "mount" }
        }));
        own.extend(devices(&each));
    }
    own
}

/// The other shared volumes, but those that the app can write in any case: below this one it gains nothing.
fn others(object: &CompanionObject, index: usize) -> Vec<OwnPath<'_>> {
    let volumes = object.spec.shared_volumes.iter().enumerate();
    let others = volumes.filter(|(i, other)| *i != index && writes(other) != Writes::Always);
    let at_paths = others.filter_map(|(i, _)| mounts::unmoved(object, i, true));
    at_paths.map(|(path, at, _)| OwnPath { path, at, what: "shared volume" }).collect()
}

fn devices<'o>(each: &ContainerAt<'o>) -> impl Iterator<Item = OwnPath<'o>> {
    let at = each.at.member("volumeDevices");
    let devices = each.field("volumeDevices").and_then(Value::as_array).into_iter().flatten().enumerate();
    devices.filter_map(move |(i, device)| {
        let at = at.item(i).member("devicePath");
        Some(OwnPath { path: device["devicePath"].as_str()?, at, what: "device" })
    })
}

/// What lies below a shared volume of the companion. Values that move the volume above something are denied in review.
fn below<'o>(path: &str, own: impl Iterator<Item = &'o OwnPath<'o>>, volume: &SharedVolume, found: &mut Report) {
    let writes = writes(volume);
    if path.is_empty() || writes == Writes::Never {
        return;
    }
    for own in own.filter(|own| is_below(own.path, path)) {
        let OwnPath { what, .. } = own;
        if writes == Writes::Always {
            let message = format!(
                "forbidden: the {what} is below shared volume {}, where the app can replace it by unlinking it; move one of them, or let the app only read with readOnly: true",
                volume.name
            );
            found.error(&own.at, message);
        } else {
            let remedy = if volume.source.is_some() { "let the source be an emptyDir" } else { "declare a source" };
            let message = format!(
                "the {what} is below shared volume {}, where an app that brings a volume of its own can replace it by unlinking it; move one of them, or {remedy}",
                volume.name
            );
            found.warn(&own.at, message);
        }
    }
}

/// The token's path is for the token, or for the mask that covers it: what the app writes there is what the companion takes
/// for its identity and for the authority of the API server.
fn token(object: &CompanionObject, i: usize, volume: &SharedVolume, found: &mut Report) {
    let message =
        format!("forbidden: the companion finds its token at {TOKEN_PATH}; mount the shared volume somewhere else");
    for (path, at) in reached(object, i, volume, true) {
        if meets(path, TOKEN_PATH) {
            found.error(&at, message.clone());
        }
    }
    for (path, at) in reached(object, i, volume, false) {
        if is_at_or_above(path, TOKEN_PATH) {
            let message = format!(
                "is at or above {TOKEN_PATH}: every Pod that has a token has a conflict (TokenPathConflict); mount the shared volume somewhere else"
            );
            found.warn(&at, message);
        }
    }
}

fn system(object: &CompanionObject, i: usize, volume: &SharedVolume, found: &mut Report) {
    for (path, at) in reached(object, i, volume, true) {
        let covers = |directory: &&&str| is_at_or_above(path, directory);
        let covered = SYSTEM
            .iter()
            .chain(&PROGRAMS)
            .find(covers)
            .or_else(|| PROGRAMS.iter().find(|programs| lies_below(path, programs)));
        if let Some(directory) = covered {
            let message = format!(
                "the app can replace what the companion runs or is configured by, for the shared volume covers {directory} or is below it; mount it somewhere else"
            );
            found.warn(&at, message);
        }
    }
}

/// The paths of a side of a shared volume, and the places that say them: where it is declared, and where the default of the
/// parameter that moves it, or anything below the directory that it must stay in, can take it.
fn reached<'o>(
    object: &'o CompanionObject,
    i: usize,
    volume: &'o SharedVolume,
    companion: bool,
) -> Vec<(&'o str, FieldPath)> {
    let mut all = Vec::new();
    if let Some((path, at, moved)) = mounts::unmoved(object, i, companion) {
        all.push((path, at));
        if moved == Moved::Never {
            return all;
        }
    }
    let is_moved_by = |slot: Option<&str>| slot.and_then(crate::api::slots::side) == Some((&volume.name, companion));
    let movers = object.spec.parameters.iter().enumerate().filter(|(_, p)| is_moved_by(p.mount_path.as_deref()));
    // On the app's side a value is judged when it is given.
    all.extend(movers.filter(|_| companion).filter_map(|(index, parameter)| {
        Some((parameter.below.as_deref()?, FieldPath::spec("parameters").item(index).member("below")))
    }));
    all.retain(|(path, _)| !path.is_empty());
    all
}

fn writes(volume: &SharedVolume) -> Writes {
    let Some(source) = &volume.source else {
        return if volume.app.read_only { Writes::Perhaps } else { Writes::Always };
    };
    let sources =
        || source.iter().filter(|(_, source)| !source.is_null()).map(|(kind, source)| (kind.as_str(), source));
    let is_read_only = |(kind, source): (&str, &Value)| {
        READ_ONLY.contains(&kind) || (WITH_READ_ONLY.contains(&kind) && source["readOnly"] == true)
    };
    if sources().any(is_read_only) {
        Writes::Never
    } else if !volume.app.read_only {
        Writes::Always
    } else if sources().all(|(kind, _)| MADE_FOR_THE_VOLUME.contains(&kind)) {
        Writes::Never
    } else {
        Writes::Perhaps
    }
}

fn meets(path: &str, other: &str) -> bool {
    is_at_or_above(path, other) || is_below(path, other)
}

fn is_at_or_above(path: &str, other: &str) -> bool {
    real(path) == real(other) || is_below(other, path)
}

/// Whether a path is below another one, as written or in an image in which `/var/run` is a link.
fn is_below(path: &str, other: &str) -> bool {
    lies_below(path, other) || lies_below(&real(path), &real(other))
}

/// A path with `/run` for `/var/run`, which in most images is a link to it.
fn real(path: &str) -> Cow<'_, str> {
    match path.strip_prefix("/var/run") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/run{rest}").into(),
        _ => path.into(),
    }
}
