//! Names of volumes in containers and in variables of the app: each names a volume that the companion declares.

use serde_json::{Map, Value};

use crate::api::derived::volume_names;
use crate::api::message::{forbidden, invalid, not_found};
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::{SharedVolume, Volume};

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for each in object.containers() {
        for (member, value) in each.raw {
            let names = names(value, member, &each.at.member(member));
            for (at, name) in names {
                match member.as_str() {
                    "env" => of_variable(object, name, &at, report),
                    _ => of_mount(object, name, &at, report),
                }
            }
        }
    }
    let at = FieldPath::spec("app").member("env");
    for (at, name) in names(&object.raw["app"]["env"], "env", &at) {
        of_app_variable(object, name, &at, report);
    }
}

fn names<'v>(value: &'v Value, member: &str, at: &FieldPath) -> Vec<(FieldPath, &'v str)> {
    let mut names = Vec::new();
    volume_names::collect(value, &volume_names::paths(member), at, &mut names);
    names
}

/// A mount or a device of a container.
fn of_mount(object: &CompanionObject, name: &str, at: &FieldPath, report: &mut Report) {
    if private(object, name).is_some() {
        return;
    }
    let nearest = report.suggest(name, private_names(object));
    let message = if shared(object, name).is_some() {
        forbidden("shared volumes are mounted automatically, at their companion.mountPath; remove this mount")
    } else {
        not_found("spec.volumes", name, nearest)
    };
    report.error(at, message);
}

/// A variable that is read from a file of a volume (`fileKeyRef`).
fn of_variable(object: &CompanionObject, name: &str, at: &FieldPath, report: &mut Report) {
    let own = private(object, name).map(|volume| Some(&volume.source));
    let source = own.or_else(|| shared(object, name).map(|volume| volume.source.as_ref()));
    let Some(source) = source else {
        let nearest = report.suggest(name, private_names(object).chain(shared_names(object)));
        return report.error(at, not_found("spec.volumes and spec.sharedVolumes", name, nearest));
    };
    empty_dir(source, at, report);
}

/// The same for a variable that the app gets: a private volume is not for the app.
fn of_app_variable(object: &CompanionObject, name: &str, at: &FieldPath, report: &mut Report) {
    if let Some(volume) = shared(object, name) {
        return empty_dir(volume.source.as_ref(), at, report);
    }
    let nearest = report.suggest(name, shared_names(object));
    let message = if private(object, name).is_some() {
        forbidden("the app cannot use a private volume; declare the volume in spec.sharedVolumes")
    } else {
        not_found("spec.sharedVolumes", name, nearest)
    };
    report.error(at, message);
}

/// The API server denies variables from other volumes: `referenced volume must be of type emptyDir`.
fn empty_dir(source: Option<&Map<String, Value>>, at: &FieldPath, report: &mut Report) {
    let mut sources = source.into_iter().flatten().filter(|(key, value)| *key != "name" && !value.is_null());
    if let Some((other, _)) = sources.find(|(key, _)| *key != "emptyDir") {
        report
            .error(at, invalid(format_args!("must be the name of an emptyDir volume, not of one with source {other}")));
    }
}

fn private<'o>(object: &'o CompanionObject, name: &str) -> Option<&'o Volume> {
    object.spec.volumes.iter().find(|volume| volume.name == name)
}

fn shared<'o>(object: &'o CompanionObject, name: &str) -> Option<&'o SharedVolume> {
    object.spec.shared_volumes.iter().find(|volume| volume.name == name)
}

fn private_names(object: &CompanionObject) -> impl Iterator<Item = &str> {
    object.spec.volumes.iter().map(|volume| volume.name.as_str())
}

fn shared_names(object: &CompanionObject) -> impl Iterator<Item = &str> {
    object.spec.shared_volumes.iter().map(|volume| volume.name.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check, with};

    const MOUNT: &str = "spec.containers[0].volumeMounts[0].name";
    const VARIABLE: &str = "spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName";
    const OF_APP: &str = "spec.app.env[0].valueFrom.fileKeyRef.volumeName";

    fn object(pointer: &str, value: Value) -> Value {
        let volumes = json!([{"name": "cache"}, {"name": "keys", "secret": {"secretName": "keys"}}]);
        with(&[("/spec/volumes", volumes), (pointer, value)])
    }

    fn variable(volume: &str) -> Value {
        json!([{"name": "A", "valueFrom": {"fileKeyRef": {"volumeName": volume, "path": "a.env", "key": "A"}}}])
    }

    #[test]
    fn a_mount_or_a_device_names_a_private_volume() {
        let mount = |name: &str| object("/spec/containers/0/volumeMounts", json!([{"name": name, "mountPath": "/x"}]));
        check(mount("cache"), &[]);
        check(mount("cach"), &[&format!("{MOUNT}: not found in spec.volumes: \"cach\"; did you mean \"cache\"?")]);
        check(mount("content"), &[&format!("{MOUNT}: forbidden: shared volumes are mounted automatically")]);
        let device = json!([{"name": "disk", "devicePath": "/dev/x"}]);
        check(
            object("/spec/containers/0/volumeDevices", device),
            &["spec.containers[0].volumeDevices[0].name: not found in spec.volumes: \"disk\"; add it there"],
        );
    }

    #[test]
    fn a_variable_of_the_companion_is_read_from_an_empty_dir_that_it_declares() {
        let of = |volume: &str| object("/spec/containers/0/env", variable(volume));
        check(of("cache"), &[]);
        check(of("content"), &[]);
        let unknown = "not found in spec.volumes and spec.sharedVolumes";
        check(of("contents"), &[&format!("{VARIABLE}: {unknown}: \"contents\"; did you mean \"content\"?")]);
        check(of("no-token"), &[&format!("{VARIABLE}: {unknown}: \"no-token\"; add it there")]);
        check(
            of("keys"),
            &[&format!(
                "{VARIABLE}: invalid value: must be the name of an emptyDir volume, not of one with source secret"
            )],
        );
        let init = json!([{"name": "prepare", "image": "prepare:1", "env": variable("absent")}]);
        let at = "spec.initContainers[0].env[0].valueFrom.fileKeyRef.volumeName";
        check(object("/spec/initContainers", init), &[&format!("{at}: {unknown}: \"absent\"")]);
    }

    #[test]
    fn a_variable_of_the_app_is_read_from_a_shared_empty_dir() {
        let of = |volume: &str| object("/spec/app/env", variable(volume));
        check(of("content"), &[]);
        check(of("contents"), &[&format!("{OF_APP}: not found in spec.sharedVolumes: \"contents\"; did you mean")]);
        check(of("cache"), &[&format!("{OF_APP}: forbidden: the app cannot use a private volume")]);
        let mut claim = of("content");
        claim["spec"]["sharedVolumes"][0]["source"] = json!({"persistentVolumeClaim": {"claimName": "content"}});
        check(
            claim,
            &[&format!(
                "{OF_APP}: invalid value: must be the name of an emptyDir volume, not of one with source persist"
            )],
        );
    }

    #[test]
    fn a_name_that_is_not_a_string_is_reported_once() {
        let mut object = object("/spec/containers/0/env", variable("cache"));
        object["spec"]["containers"][0]["env"][0]["valueFrom"]["fileKeyRef"]["volumeName"] = json!(7);
        check(object, &[&format!("{VARIABLE}: invalid value: must be a string, not a number")]);
    }
}
