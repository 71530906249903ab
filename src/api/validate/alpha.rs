//! Warnings about fields of alpha features. API servers know these fields, and drop them silently while the feature is
//! off, which is the default of alpha features.

use serde_json::Value;

use crate::api::message::{Code, Message};
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::inject::container_list::ContainerList;

/// Fields below a container, with their feature gates in Kubernetes 1.37. A `*` is any item, and a comma separates
/// alternatives.
const OF_CONTAINERS: [(&str, &str); 5] = [
    ("volumeMounts/*/bindMountOptions", "VolumeBindMountOptions"),
    ("lifecycle/stopSignal", "ContainerStopSignals"),
    ("livenessProbe,readinessProbe,startupProbe/httpGet/protocol", "H2CContainerProbe"),
    ("lifecycle/postStart,preStop/httpGet/protocol", "H2CContainerProbe"),
    ("livenessProbe,readinessProbe,startupProbe/grpc/mode", "GRPCContainerProbeTLS"),
];

const OF_VOLUMES: [(&str, &str); 5] = [
    ("emptyDir/mode", "EmptyDirVolumeMode"),
    ("secret,configMap,downwardAPI,projected/defaultUser", USERS),
    ("secret,configMap,downwardAPI/items/*/user", USERS),
    ("projected/sources/*/secret,configMap,downwardAPI/items/*/user", USERS),
    ("projected/sources/*/serviceAccountToken,clusterTrustBundle,podCertificate/user", USERS),
];

const USERS: &str = "AtomicWriteVolumeUserFields";

pub(super) fn check(object: &CompanionObject, report: &mut Report) {
    for list in ContainerList::ALL.map(ContainerList::as_str) {
        for (i, container) in items(&object.raw[list]) {
            fields(container, &FieldPath::spec(list).item(i), &OF_CONTAINERS, report);
        }
    }
    for (i, volume) in items(&object.raw["volumes"]) {
        fields(volume, &FieldPath::spec("volumes").item(i), &OF_VOLUMES, report);
    }
    for (i, volume) in items(&object.raw["sharedVolumes"]) {
        let at = FieldPath::spec("sharedVolumes").item(i).member("source");
        fields(&volume["source"], &at, &OF_VOLUMES, report);
    }
}

fn items(list: &Value) -> impl Iterator<Item = (usize, &Value)> {
    list.as_array().into_iter().flatten().enumerate()
}

fn fields(value: &Value, at: &FieldPath, table: &[(&str, &str)], report: &mut Report) {
    for (path, gate) in table {
        find(value, path, at, &mut |at| report.warn(at, dropped(gate)));
    }
}

/// Calls `found` with the field path of each value at a path.
fn find(value: &Value, path: &str, at: &FieldPath, found: &mut impl FnMut(&FieldPath)) {
    let (step, rest) = match path.split_once('/') {
        Some((step, rest)) => (step, Some(rest)),
        None => (path, None),
    };
    let mut next = |value: &Value, at: FieldPath| match rest {
        _ if value.is_null() => {}
        Some(rest) => find(value, rest, &at, found),
        None => found(&at),
    };
    if step == "*" {
        items(value).for_each(|(i, item)| next(item, at.item(i)));
    } else {
        step.split(',').for_each(|name| next(&value[name], at.member(name)));
    }
}

fn dropped(gate: &str) -> Message {
    let needed = if gate == "ContainerStopSignals" {
        "; with that gate, the field also requires spec.os.name in the Pod"
    } else {
        ""
    };
    Code::Discouraged.because(format_args!(
        "API servers drop this alpha field silently unless feature gate {gate} is on{needed}; remove this field"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{OF_CONTAINERS, OF_VOLUMES};
    use crate::api::schema;
    use crate::api::testing::{silent, warns, with};

    #[test]
    fn alpha_fields_of_containers_are_warned_about() {
        let mounts =
            json!([{"name": "a", "mountPath": "/a"}, {"name": "a", "mountPath": "/b", "bindMountOptions": ["noexec"]}]);
        let object = with(&[
            ("/spec/volumes", json!([{"name": "a", "emptyDir": {}}])),
            ("/spec/containers/0/volumeMounts", mounts),
            (
                "/spec/containers/0/lifecycle",
                json!({"stopSignal": "SIGUSR1", "preStop": {"httpGet": {"port": 80, "protocol": "H2C"}}}),
            ),
            ("/spec/containers/0/livenessProbe", json!({"grpc": {"port": 80, "mode": "TLS"}})),
        ]);
        for (field, gate) in [
            ("volumeMounts[1].bindMountOptions", "VolumeBindMountOptions is on; remove this field"),
            (
                "lifecycle.stopSignal",
                "ContainerStopSignals is on; with that gate, the field also requires spec.os.name in the Pod; remove this field",
            ),
            ("lifecycle.preStop.httpGet.protocol", "H2CContainerProbe is on; remove this field"),
            ("livenessProbe.grpc.mode", "GRPCContainerProbeTLS is on; remove this field"),
        ] {
            let reason = "discouraged: API servers drop this alpha field silently unless feature gate";
            warns(object.clone(), &format!("spec.containers[0].{field}: {reason} {gate}"));
        }
    }

    #[test]
    fn alpha_fields_of_volumes_are_warned_about() {
        let token = json!({"sources": [{"serviceAccountToken": {"path": "token", "user": 1}}]});
        let object = with(&[
            ("/spec/volumes", json!([{"name": "a", "projected": token}, {"name": "b", "emptyDir": {"mode": 0o700}}])),
            ("/spec/sharedVolumes/0/source", json!({"downwardAPI": {"defaultUser": 1}})),
        ]);
        for field in [
            "spec.volumes[0].projected.sources[0].serviceAccountToken.user",
            "spec.volumes[1].emptyDir.mode",
            "spec.sharedVolumes[0].source.downwardAPI.defaultUser",
        ] {
            warns(object.clone(), &format!("{field}: discouraged: API servers drop this alpha field silently"));
        }
        silent(with(&[("/spec/volumes", json!([{"name": "a", "emptyDir": {"medium": "Memory"}}]))]));
    }

    #[test]
    fn every_alpha_field_is_in_the_schema() {
        fn has(schema: &Value, path: &str) -> bool {
            let (step, rest) = path.split_once('/').map_or((path, None), |(step, rest)| (step, Some(rest)));
            let next = |schema: &Value| schema.is_object() && rest.is_none_or(|rest| has(schema, rest));
            match step {
                "*" => next(&schema["items"]),
                names => names.split(',').all(|name| next(&schema["properties"][name])),
            }
        }
        for (schema, table) in [(&schema::CONTAINER, &OF_CONTAINERS), (&schema::VOLUME, &OF_VOLUMES)] {
            for (path, _) in table {
                assert!(has(schema, path), "{path}");
            }
        }
    }
}
