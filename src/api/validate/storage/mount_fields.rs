//! Fields of mounts and devices, as API servers accept them (`ValidateVolumeMounts` and `ValidateVolumeDevices` in
//! Kubernetes' `pkg/apis/core/validation`).

use std::collections::HashSet;

use serde_json::Value;

use crate::api::derived;
use crate::api::message::{duplicate, duplicate_of, forbidden, invalid, unsupported};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::inject::names::is_descending_path;

const PROPAGATIONS: [&str; 3] = ["None", "HostToContainer", "Bidirectional"];
const RECURSIVE: [&str; 3] = ["Disabled", "IfPossible", "Enabled"];
/// The sources of volumes that can be block devices.
const BLOCK_SOURCES: [&str; 2] = ["persistentVolumeClaim", "ephemeral"];

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for each in object.containers() {
        let is_privileged = each.field("securityContext").is_some_and(|context| context["privileged"] == true);
        for (i, mount) in items(&each, "volumeMounts") {
            let at = each.at.member("volumeMounts").item(i);
            sub_path(mount, &at, report);
            propagation(mount, is_privileged, &at, report);
            recursive(mount, &at, report);
        }
        devices(object, &each, report);
    }
}

fn items<'o>(each: &ContainerAt<'o>, list: &str) -> impl Iterator<Item = (usize, &'o Value)> {
    each.field(list).and_then(Value::as_array).into_iter().flatten().enumerate()
}

fn sub_path(mount: &Value, at: &FieldPath, report: &mut Report) {
    let text = |field: &str| mount[field].as_str().filter(|text| !text.is_empty());
    for field in ["subPath", "subPathExpr"] {
        if text(field).is_some_and(|path| !is_descending_path(path)) {
            report.error(&at.member(field), invalid("must be a relative path without `..`"));
        }
    }
    if text("subPath").is_some() && text("subPathExpr").is_some() {
        report.error(&at.member("subPathExpr"), forbidden("subPath is set as well; remove one of the two"));
    }
}

fn propagation(mount: &Value, is_privileged: bool, at: &FieldPath, report: &mut Report) {
    let at = at.member("mountPropagation");
    match mount["mountPropagation"].as_str() {
        Some(word) if !PROPAGATIONS.contains(&word) => report.error(&at, unsupported(word, &PROPAGATIONS, None)),
        Some("Bidirectional") if !is_privileged => {
            report.error(&at, forbidden("requires privileged: true in the securityContext; set HostToContainer"));
        }
        _ => {}
    }
}

fn recursive(mount: &Value, at: &FieldPath, report: &mut Report) {
    let Some(word) = mount["recursiveReadOnly"].as_str().filter(|word| *word != "Disabled") else { return };
    let at = at.member("recursiveReadOnly");
    if !RECURSIVE.contains(&word) {
        return report.error(&at, unsupported(word, &RECURSIVE, None));
    }
    if mount["readOnly"] != true {
        report.error(&at, forbidden("requires readOnly: true; set readOnly, or remove this field"));
    }
    if mount["mountPropagation"].as_str().is_some_and(|propagation| propagation != "None") {
        report.error(&at, forbidden("requires mountPropagation: None; remove one of the two"));
    }
}

fn devices(object: &CompanionObject, each: &ContainerAt, report: &mut Report) {
    let own = derived::all_mounts(object, each);
    let shared = object.spec.shared_volumes.iter().map(|shared| &shared.companion.mount_path);
    let is_mounted =
        |path: &str| own.iter().any(|mount| mount["mountPath"] == path) || shared.clone().any(|p| p == path);
    let (mut names, mut paths) = (HashSet::new(), HashSet::new());
    for (i, device) in items(each, "volumeDevices") {
        let at = each.at.member("volumeDevices").item(i);
        let (name, path) = (device["name"].as_str().unwrap_or_default(), device["devicePath"].as_str());
        if !names.insert(name) {
            report.error(&at.member("name"), duplicate(name));
        } else if each.container.volume_mounts.iter().any(|mount| mount.name == name) {
            report.error(&at.member("name"), duplicate_of(name, "also used in volumeMounts"));
        }
        block_source(object, name, &at.member("name"), report);
        let Some(path) = path else { continue };
        if path.is_empty() || path.split('/').any(|part| part == "..") {
            report.error(&at.member("devicePath"), invalid("must be a path without `..`"));
        } else if !paths.insert(path) || is_mounted(path) {
            report.error(&at.member("devicePath"), duplicate(path));
        }
    }
}

/// A name that is not found is reported with the other references.
fn block_source(object: &CompanionObject, name: &str, at: &FieldPath, report: &mut Report) {
    let Some(volume) = object.spec.volumes.iter().find(|volume| volume.name == name) else { return };
    let mut sources = volume.source.iter().filter(|(key, value)| *key != "name" && !value.is_null());
    let is_block = |key: &str| BLOCK_SOURCES.contains(&key);
    if !sources.any(|(key, _)| is_block(key)) {
        report.error(at, invalid("must be the name of a volume with source persistentVolumeClaim or ephemeral"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check, with};

    fn mount(more: &Value) -> Value {
        let mut mount = json!({"name": "cache", "mountPath": "/cache"});
        mount.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        with(&[
            ("/spec/volumes", json!([{"name": "cache", "emptyDir": {}}])),
            ("/spec/containers/0/volumeMounts", json!([mount])),
        ])
    }

    #[test]
    fn a_mount_has_values_that_api_servers_accept() {
        for (more, expected) in [
            (json!({"subPath": "/a"}), "subPath: invalid value: must be a relative path without `..`"),
            (json!({"subPathExpr": "$(A)/../b"}), "subPathExpr: invalid value: must be a relative path"),
            (json!({"subPath": "a", "subPathExpr": "b"}), "subPathExpr: forbidden: subPath is set as well"),
            (json!({"mountPropagation": "Shared"}), "mountPropagation: unsupported value: \"Shared\"; supported: None"),
            (json!({"mountPropagation": "Bidirectional"}), "mountPropagation: forbidden: requires privileged: true"),
            (json!({"recursiveReadOnly": "Always", "readOnly": true}), "recursiveReadOnly: unsupported value"),
            (json!({"recursiveReadOnly": "Enabled"}), "recursiveReadOnly: forbidden: requires readOnly: true"),
            (
                json!({"recursiveReadOnly": "IfPossible", "readOnly": true, "mountPropagation": "HostToContainer"}),
                "recursiveReadOnly: forbidden: requires mountPropagation: None",
            ),
        ] {
            check(mount(&more), &[&format!("spec.containers[0].volumeMounts[0].{expected}")]);
        }
        check(mount(&json!({"subPath": "a..b/c", "mountPropagation": "HostToContainer"})), &[]);
        check(mount(&json!({"recursiveReadOnly": "Enabled", "readOnly": true, "mountPropagation": "None"})), &[]);
    }

    #[test]
    fn a_device_has_values_that_api_servers_accept() {
        let devices = |devices: Value| {
            let claim = json!({"claimName": "disk"});
            let volumes = json!([
                {"name": "disk", "persistentVolumeClaim": claim}, {"name": "cache"}, {"name": "more", "persistentVolumeClaim": claim}
            ]);
            with(&[
                ("/spec/volumes", volumes),
                ("/spec/containers/0/volumeMounts", json!([{"name": "cache", "mountPath": "/cache"}])),
                ("/spec/containers/0/volumeDevices", devices),
            ])
        };
        let device = |name: &str, path: &str| json!({"name": name, "devicePath": path});
        check(devices(json!([device("disk", "/dev/a"), device("more", "/dev/b")])), &[]);
        for (list, expected) in [
            (json!([device("disk", "/dev/a"), device("disk", "/dev/b")]), "[1].name: duplicate value \"disk\""),
            (json!([device("disk", "/dev/a"), device("more", "/dev/a")]), "[1].devicePath: duplicate value \"/dev/a\""),
            (json!([device("disk", "/cache")]), "[0].devicePath: duplicate value \"/cache\""),
            (json!([device("disk", "/git")]), "[0].devicePath: duplicate value \"/git\""),
            (json!([device("disk", "/dev/../a")]), "[0].devicePath: invalid value: must be a path without"),
        ] {
            check(devices(list), &[&format!("spec.containers[0].volumeDevices{expected}")]);
        }
        check(
            devices(json!([device("cache", "/dev/a")])),
            &[
                "spec.containers[0].volumeDevices[0].name: duplicate value \"cache\": also used in volumeMounts",
                "spec.containers[0].volumeDevices[0].name: invalid value: must be the name of a volume with source persistentVolumeClaim",
            ],
        );
    }
}
