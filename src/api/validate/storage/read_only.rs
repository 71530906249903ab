//! Volume sources that no container can write to, and mounts of them that suggest otherwise.

use serde_json::{Map, Value};

use crate::api::message::{Code, Message};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::Pattern;

/// Volume sources that are always read-only.
const ALWAYS: [&str; 5] = ["configMap", "secret", "downwardAPI", "projected", "image"];
/// Volume sources with a field `readOnly`.
const WITH_FIELD: [&str; 18] = [
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

/// Whether no container can write to a volume with this source.
pub(super) fn is_read_only(kind: &str, source: &Value) -> bool {
    ALWAYS.contains(&kind) || is_declared_read_only(kind, source)
}

fn is_declared_read_only(kind: &str, source: &Value) -> bool {
    WITH_FIELD.contains(&kind) && source["readOnly"] == true
}

/// Mounts without `readOnly` of sources that declare it. Sources that are always read-only are usually mounted without it.
pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for (i, volume) in object.spec.shared_volumes.iter().enumerate() {
        let at = FieldPath::spec("sharedVolumes").item(i);
        let companion = volume.companion.read_only.unwrap_or(object.spec.pattern == Pattern::Adapter);
        let sides = [("companion", companion), ("app", volume.app.read_only)];
        for (side, _) in sides.iter().filter(|(_, reads)| !reads && volume.source.as_ref().is_some_and(declares)) {
            report.warn(&at.member(side).member("readOnly"), writes_fail());
        }
    }
    for each in object.containers() {
        own_mounts(object, &each, report);
    }
}

fn own_mounts(object: &CompanionObject, each: &ContainerAt, report: &mut Report) {
    for (i, mount) in each.container.volume_mounts.iter().enumerate() {
        let volume = object.spec.volumes.iter().find(|volume| volume.name == mount.name);
        let reads = mount.rest.get("readOnly").is_some_and(|reads| *reads == true);
        if !reads && volume.is_some_and(|volume| declares(&volume.source)) {
            report.warn(&each.at.member("volumeMounts").item(i).member("readOnly"), writes_fail());
        }
    }
}

fn declares(source: &Map<String, Value>) -> bool {
    source.iter().any(|(kind, source)| is_declared_read_only(kind, source))
}

fn writes_fail() -> Message {
    Code::Discouraged
        .because("the source of the volume has readOnly: true, so writes to this mount fail; set readOnly: true")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check_companion, silent, with};

    const EXPECTED: &str = "readOnly: discouraged: the source of the volume has readOnly: true, so writes to this mount fail; set readOnly: true";

    fn claim(read_only: bool) -> Value {
        json!({"persistentVolumeClaim": {"claimName": "x", "readOnly": read_only}})
    }

    fn warnings(object: &Value) -> Vec<String> {
        let fits = |warning: &String| warning.ends_with(EXPECTED);
        check_companion(object).warnings.iter().map(ToString::to_string).filter(fits).collect()
    }

    #[test]
    fn a_writable_side_of_a_read_only_source_is_discouraged() {
        let shared = |source: Value, companion: bool, app: bool| {
            let sides = [("companion", "/git", companion), ("app", "/srv", app)];
            let sides = sides.map(|(side, path, reads)| (side, json!({"mountPath": path, "readOnly": reads})));
            with(&[
                ("/spec/sharedVolumes/0/source", source),
                ("/spec/sharedVolumes/0/companion", sides[0].1.clone()),
                ("/spec/sharedVolumes/0/app", sides[1].1.clone()),
            ])
        };
        let at = |side: &str| format!("spec.sharedVolumes[0].{side}.{EXPECTED}");
        assert_eq!(warnings(&shared(claim(true), false, true)), [at("companion")]);
        assert_eq!(warnings(&shared(claim(true), true, false)), [at("app")]);
        silent(shared(claim(true), true, true));
        silent(shared(claim(false), false, false));
        silent(shared(json!({"configMap": {"name": "x", "optional": true}}), false, false));
    }

    #[test]
    fn a_writable_mount_of_a_read_only_private_volume_is_discouraged() {
        let mount = |read_only: Value| {
            let mut volume = claim(true);
            volume["name"] = json!("data");
            with(&[
                ("/spec/volumes", json!([volume])),
                (
                    "/spec/containers/0/volumeMounts",
                    json!([{"name": "data", "mountPath": "/data", "readOnly": read_only}]),
                ),
            ])
        };
        assert_eq!(warnings(&mount(json!(null))), [format!("spec.containers[0].volumeMounts[0].{EXPECTED}")]);
        assert_eq!(warnings(&mount(json!(true))), [""; 0]);
    }
}
