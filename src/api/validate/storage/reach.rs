//! What the app can do to the companion through a shared volume.
//!
//! A process that can write a directory can unlink and rename its entries. Mounts are no exception: the kernel allows
//! a mount point to be unlinked from another mount namespace, which removes the mount in the companion. Therefore the
//! app can replace every file and mount of the companion that is below a shared volume.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;

use super::mounts;
use super::mounts::Moved;
use super::read_only::is_read_only;
use crate::api::message::{Code, forbidden};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::SharedVolume;
use crate::inject::keys::TOKEN_PATH;
use crate::inject::names::lies_below;

/// Directories of programs and their configuration, besides [`PROGRAMS`].
const SYSTEM: [&str; 2] = ["/usr", "/etc"];
/// Directories that contain only programs and libraries.
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

/// Volume sources whose data belongs to one volume of one Pod, so that no other volume shares it.
const MADE_FOR_THE_VOLUME: [&str; 2] = ["emptyDir", "ephemeral"];

/// Whether the app can write to a shared volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writes {
    Never,
    /// Only if the author of the Pod mounts a volume: one at the app's path, which the companion joins, or one with
    /// the same source.
    Perhaps,
    Always,
}

/// A path in the companion's containers at which the companion itself puts something.
struct OwnPath<'o> {
    path: &'o str,
    at: FieldPath,
    what: &'static str,
}

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    let own = own(object);
    for (i, volume) in object.spec.shared_volumes.iter().enumerate() {
        token_of_companion(object, i, volume, report);
        token_of_app(object, i, volume, report);
        system(object, i, volume, report);
        if let Some((path, ..)) = mounts::unmoved(object, i, true) {
            below(path, own.iter().chain(&others(object, i)), volume, report);
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

/// The other shared volumes, except those that the app can write to anyway.
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

/// Reports what is below a shared volume of the companion. Values that would move the volume are checked in reviews.
fn below<'o>(path: &str, own: impl Iterator<Item = &'o OwnPath<'o>>, volume: &SharedVolume, report: &mut Report) {
    let writes = writes(volume);
    if path.is_empty() || writes == Writes::Never {
        return;
    }
    for own in own.filter(|own| is_below(own.path, path)) {
        let OwnPath { what, .. } = own;
        if writes == Writes::Always {
            let message = format_args!(
                "the {what} is below shared volume {}, where the app can unlink and replace the {what}; change one of the paths, or set readOnly: true on the app side",
                volume.name
            );
            report.error(&own.at, forbidden(message));
        } else {
            let remedy = if volume.source.is_some() { "use an emptyDir as source" } else { "declare a source" };
            let message = format_args!(
                "the {what} is below shared volume {}, where an app that mounts a volume of its own can unlink and replace the {what}; change one of the paths, or {remedy}",
                volume.name
            );
            report.warn(&own.at, Code::Insecure.because(message));
        }
    }
}

/// Reports shared volumes at the path of the token. A token and a CA that the app puts there would be used as the
/// companion's identity and as proof of the API server's.
fn token_of_companion(object: &CompanionObject, i: usize, volume: &SharedVolume, report: &mut Report) {
    let reason = if writes(volume) == Writes::Never {
        "the Pod's token, or an empty volume in its place, is mounted at"
    } else {
        "the app could place a token or CA at"
    };
    for (_, at) in reached(object, i, volume, true).iter().filter(|(path, _)| meets(path, TOKEN_PATH)) {
        report.error(at, forbidden(format_args!("{reason} {TOKEN_PATH}; choose another path")));
    }
}

/// Reports shared volumes at the path of the app's token. Reviews compare the paths as they are written; only the
/// container runtime knows whether one of them is a link.
fn token_of_app(object: &CompanionObject, i: usize, volume: &SharedVolume, report: &mut Report) {
    for (path, at) in reached(object, i, volume, false).iter().filter(|(path, _)| meets(path, TOKEN_PATH)) {
        let message = if *path == TOKEN_PATH || lies_below(TOKEN_PATH, path) || lies_below(path, TOKEN_PATH) {
            format!(
                "the path is at, above or below {TOKEN_PATH}, so this companion conflicts with every Pod that has a token (TokenPathConflict); choose another path"
            )
        } else {
            format!(
                "in images where /var/run is a link to /run, the path is at, above or below {TOKEN_PATH}, so the app's token can hide this volume or fail to be mounted; choose another path"
            )
        };
        report.warn(at, Code::PossibleConflict.because(message));
    }
}

fn system(object: &CompanionObject, i: usize, volume: &SharedVolume, report: &mut Report) {
    for (path, at) in reached(object, i, volume, true) {
        let covers = |directory: &&&str| is_at_or_above(path, directory);
        let covered = SYSTEM
            .iter()
            .chain(&PROGRAMS)
            .find(covers)
            .or_else(|| PROGRAMS.iter().find(|programs| lies_below(path, programs)));
        if let Some(directory) = covered {
            let message = format_args!(
                "the shared volume is at, above or below {directory}, so the app can replace programs or configuration of the companion; choose another path"
            );
            report.warn(&at, Code::Insecure.because(message));
        }
    }
}

/// The possible paths of one side of a shared volume, with the fields that define them: the declared path, the
/// default of the parameter that moves the volume, and the directory below which its values must be.
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
    // On the app's side, values are checked in reviews.
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
    if sources().any(|(kind, source)| is_read_only(kind, source)) {
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

/// Whether a path is below another one, as written or if `/var/run` is a link.
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
