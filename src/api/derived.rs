//! Names, mounts and ports that podgraft derives from a specification: volumes under their names in the Pod, the
//! annotations and mounts of files, the token mask, and the port of `exposes`. Validation and compilation both need
//! them.

pub(super) mod volume_names;

use serde_json::{Map, Value, json};

use super::object::{CompanionObject, ContainerAt};
use super::v1alpha1::{ContainerPort, Protocol, Spec};
use crate::inject::companion::parameter::{DurationForm, ParameterType};
use crate::inject::companion::value::Value as ParameterValue;
use crate::inject::keys::{FILES_PREFIX, TOKEN_PATH};

/// The volume that projects the companion's files.
pub(super) const FILES: &str = "files";
/// The volume that masks the token of the Pod's service account.
pub(super) const NO_TOKEN: &str = "no-token";

/// The name that a volume of the companion has in the Pod.
pub(super) fn full_name(companion: &str, volume: &str) -> String {
    format!("{companion}-{volume}")
}

/// The key of the annotation that carries a file.
pub(super) fn file_key(object: &CompanionObject, index: usize) -> Box<str> {
    format!("{FILES_PREFIX}{}.{index}", object.name).into()
}

/// The source of the volume that projects the files from their annotations; `None` if there are no files.
pub(super) fn file_volume(object: &CompanionObject) -> Option<Map<String, Value>> {
    let items = object.spec.files.iter().enumerate().map(|(i, file)| {
        let path = format!("metadata.annotations['{}']", file_key(object, i));
        json!({"path": i.to_string(), "fieldRef": {"fieldPath": path}, "mode": file.mode.unwrap_or(0o644)})
    });
    let items: Vec<_> = items.collect();
    (!items.is_empty()).then(|| Map::from_iter([("downwardAPI".to_owned(), json!({"items": items}))]))
}

/// A directory of files that `SecretKey` parameters fill: one volume.
pub(super) struct SecretDirectory<'s> {
    /// `secret-<n>`, counted in the order of the parameters.
    pub(super) volume: String,
    pub(super) path: &'s str,
    /// The places of the parameters, and the names of their files.
    pub(super) files: Vec<(usize, &'s str)>,
}

/// The directories of all files that parameters fill.
pub(super) fn secret_directories(spec: &Spec) -> Vec<SecretDirectory<'_>> {
    let mut all: Vec<SecretDirectory<'_>> = Vec::new();
    for (i, parameter) in spec.parameters.iter().enumerate() {
        let Some((path, name)) = parameter.file.as_deref().and_then(|file| file.rsplit_once('/')) else { continue };
        let place = all.iter().position(|directory| directory.path == path).unwrap_or(all.len());
        if place == all.len() {
            all.push(SecretDirectory { volume: format!("secret-{place}"), path, files: Vec::new() });
        }
        all[place].files.push((i, name));
    }
    all
}

/// The mount of a directory of such files.
pub(super) fn secret_mount(object: &CompanionObject, directory: &SecretDirectory<'_>) -> Value {
    json!({"name": full_name(&object.name, &directory.volume), "mountPath": directory.path, "readOnly": true})
}

/// The source of the token mask. An empty `projected` volume is no local storage: an `emptyDir` would keep the cluster
/// autoscaler and `kubectl drain` from evicting the Pod.
pub(super) fn token_mask() -> Map<String, Value> {
    Map::from_iter([("projected".to_owned(), json!({"sources": []}))])
}

/// The source of the token mask in Pods that an earlier version injected.
pub(super) fn earlier_token_mask() -> Map<String, Value> {
    Map::from_iter([("emptyDir".to_owned(), json!({}))])
}

/// The mount of the token mask.
pub(super) fn mask_mount(object: &CompanionObject) -> Value {
    json!({"name": full_name(&object.name, NO_TOKEN), "mountPath": TOKEN_PATH, "readOnly": true})
}

/// The mounts of a container except shared volumes and the token mask, under the names of the Pod: its `volumeMounts`,
/// and the files.
pub(super) fn own_mounts(object: &CompanionObject, each: &ContainerAt) -> Vec<Value> {
    let declared = each.field("volumeMounts").cloned().map(|mounts| renamed(object, "volumeMounts", mounts));
    let mut mounts = declared.and_then(|mounts| mounts.as_array().cloned()).unwrap_or_default();
    mounts.extend(object.spec.files.iter().enumerate().map(|(i, file)| {
        let name = full_name(&object.name, FILES);
        json!({"name": name, "mountPath": file.path, "subPath": i.to_string(), "readOnly": true})
    }));
    mounts
}

/// The same, with those of files that parameters fill and of the token mask.
pub(super) fn all_mounts(object: &CompanionObject, each: &ContainerAt) -> Vec<Value> {
    let mask = masks_token(object, each).then(|| mask_mount(object));
    let directories = secret_directories(&object.spec);
    let secrets = directories.iter().map(|directory| secret_mount(object, directory));
    own_mounts(object, each).into_iter().chain(secrets).chain(mask).collect()
}

/// Whether the token of the Pod's service account is masked in a container of a Pod that has one. Kubernetes does not mount a token where
/// the container itself mounts something.
pub(super) fn masks_token(object: &CompanionObject, each: &ContainerAt) -> bool {
    let spec = &object.spec;
    let own = each.container.volume_mounts.iter().map(|m| &m.mount_path);
    let shared = spec.shared_volumes.iter().map(|v| &v.companion.mount_path);
    !spec.service_account_token && !own.chain(shared).any(|path| path == TOKEN_PATH)
}

/// The value of a member of a container, with the names of volumes in the Pod. A shared volume has its own name, whether or not
/// the companion joins another one.
pub(super) fn renamed(object: &CompanionObject, member: &str, mut value: Value) -> Value {
    let paths = volume_names::paths(member);
    if !paths.is_empty() {
        volume_names::rename(&mut value, &paths, &|volume| full_name(&object.name, volume));
    }
    value
}

/// The declaration of a TCP port by a long-running container.
pub(super) fn declared_port(spec: &Spec, port: u16) -> Option<&ContainerPort> {
    let mut ports = spec.containers.iter().flat_map(|container| &container.ports);
    ports.find(|declared| (declared.container_port, declared.protocol) == (port, Protocol::Tcp))
}

/// The port of `exposes` if podgraft adds it to this container: to the first one, unless some container declares it.
pub(super) fn exposed_port(object: &CompanionObject, each: &ContainerAt) -> Option<u16> {
    let exposes = object.spec.exposes.as_ref()?;
    let declared = declared_port(&object.spec, exposes.port).is_some();
    let first = object.spec.containers.first().is_some_and(|c| !each.list.is_init() && c.name == each.container.name);
    (first && !declared).then_some(exposes.port)
}

/// The fields of a container that are not null, with the port of `exposes` if it gets that.
pub(super) fn with_exposed_port(object: &CompanionObject, each: &ContainerAt) -> Map<String, Value> {
    let mut container: Map<_, _> =
        each.raw.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect();
    if let (Some(port), Some(exposes)) = (exposed_port(object, each), &object.spec.exposes) {
        let ports = container.entry("ports").or_insert_with(|| json!([]));
        if let Some(ports) = ports.as_array_mut() {
            ports.push(json!({"name": exposes.name, "containerPort": port, "protocol": "TCP"}));
        }
    }
    container
}

/// The seconds of `app.preStopSleep`; `None` if it is not valid.
pub(super) fn pre_stop_seconds(text: &str) -> Option<u32> {
    match ParameterType::Duration(DurationForm::Seconds).parse_default(text) {
        Ok(ParameterValue::Text(seconds)) => seconds.parse().ok(),
        _ => None,
    }
}
