//! Private and shared volumes of a companion.
//!
//! Other injectors add volumes to the Pod, and any container mounts them by name. The volumes of a companion are its own; what
//! the app mounts as well is a shared volume, with one path for all containers of the companion and one for the app.

use serde_json::{Map, Value, json};

use crate::migrate::injection::Injection;
use crate::migrate::source_value::{SourcePlace, SourceValue};

/// The volumes of a companion.
#[derive(Debug, Default)]
pub(super) struct DividedVolumes {
    pub(super) private: Vec<SourceValue>,
    pub(super) shared: Vec<SourceValue>,
}

/// Fields of a mount that a shared volume does not have.
const NOT_SHARED: [&str; 4] = ["subPath", "subPathExpr", "mountPropagation", "recursiveReadOnly"];

/// Divides the volumes, and removes mounts of shared and of unknown volumes from the containers.
pub(super) fn divided(injection: &mut Injection) -> DividedVolumes {
    normalize(injection);
    remove_unknown_mounts(injection);
    let mut divided = DividedVolumes::default();
    for mount in std::mem::take(&mut injection.app_mounts) {
        if let Some(shared) = shared(injection, &mount, &divided) {
            divided.shared.push(shared);
        }
    }
    let is_shared = |volume: &SourceValue| divided.shared.iter().any(|shared| name(shared) == name(volume));
    let rest: Vec<_> = injection.volumes.iter().filter(|volume| !is_shared(volume)).cloned().collect();
    for volume in rest {
        if is_used(injection, name(&volume)) {
            divided.private.push(volume);
        } else {
            let message = "no container of the companion mounts this volume; declare it in the Pod template, or in spec.sharedVolumes with its path in the app";
            injection.lose(&volume.at, message);
        }
    }
    divided
}

fn name(value: &SourceValue) -> &str {
    value.value["name"].as_str().unwrap_or_default()
}

/// The shared volume of a mount of all app containers; `None` if there can be none.
fn shared(injection: &mut Injection, mount: &SourceValue, divided: &DividedVolumes) -> Option<SourceValue> {
    let volume = injection.volumes.iter().find(|volume| name(volume) == name(mount)).cloned();
    let reason = match &volume {
        None => {
            Some("not found in volumes: a companion mounts no volumes of the Pod; add the mount to the Pod template")
        }
        Some(_) if NOT_SHARED.iter().any(|field| !mount.member(field).is_blank()) => {
            Some("the app and a companion share whole volumes; add the mount to the Pod template")
        }
        Some(_) if divided.shared.iter().any(|shared| name(shared) == name(mount)) => {
            Some("the app mounts a shared volume at one path; add this mount to the Pod template")
        }
        Some(_) => None,
    };
    if let Some(reason) = reason {
        injection.lose(&mount.at, reason);
        return None;
    }
    let app = side(&mount.value["mountPath"], !mount.member("readOnly").is_blank());
    let companion = companion_side(injection, name(mount)).unwrap_or_else(|| app.clone());
    Some(declaration(&volume?, app, companion))
}

fn declaration(volume: &SourceValue, app: Value, companion: Value) -> SourceValue {
    let mut source: Map<_, _> = volume.value.as_object().cloned().unwrap_or_default();
    let name = source.shift_remove("name");
    let mut value = json!({"name": name});
    // An emptyDir is the default, and then a volume that the app mounts at the path is joined.
    if source.get("emptyDir") != Some(&json!({})) {
        value["source"] = Value::Object(source);
    }
    value["companion"] = companion;
    value["app"] = app;
    SourceValue { at: volume.at.clone(), value }
}

fn side(path: &Value, is_read_only: bool) -> Value {
    if is_read_only { json!({"mountPath": path, "readOnly": true}) } else { json!({"mountPath": path}) }
}

/// Where the companion's containers mount a volume. Their own mounts are removed, because a shared volume is mounted in all of
/// them, at one path.
fn companion_side(injection: &mut Injection, volume: &str) -> Option<Value> {
    let mounts = take_mounts(injection, |mount| mount["name"] == volume);
    let (_, first) = mounts.first()?;
    let path = first["mountPath"].clone();
    let is_read_only = mounts.iter().all(|(_, mount)| mount["readOnly"] == true);
    for (at, mount) in &mounts {
        if mount["mountPath"] != path || NOT_SHARED.iter().any(|field| !mount[field].is_null()) {
            let message = "all containers of a companion mount a shared volume as a whole and at one path; use that path, or another volume";
            injection.lose(at, message);
        }
    }
    Some(side(&path, is_read_only))
}

/// Mounts of volumes that the configuration does not declare.
fn remove_unknown_mounts(injection: &mut Injection) {
    let known: Vec<Value> = injection.volumes.iter().map(|volume| volume.value["name"].clone()).collect();
    for (at, mount) in take_mounts(injection, |mount| !known.contains(&mount["name"])) {
        let remedy = "declare the volume here, or in spec.sharedVolumes with its path in the app";
        injection.lose(
            &at,
            format!("not found in volumes: {}; a companion mounts no volumes of the Pod; {remedy}", mount["name"]),
        );
    }
}

/// Removes mounts from the containers.
fn take_mounts(injection: &mut Injection, is_taken: impl Fn(&Value) -> bool) -> Vec<(SourcePlace, Value)> {
    let mut taken = Vec::new();
    for container in injection.init_containers.iter_mut().chain(&mut injection.containers) {
        let mounts = container.member("volumeMounts");
        let (out, kept): (Vec<_>, Vec<_>) = mounts.items().into_iter().partition(|mount| is_taken(&mount.value));
        if out.is_empty() {
            continue;
        }
        taken.extend(out.into_iter().map(|mount| (mount.at, mount.value)));
        if kept.is_empty() {
            container.take("volumeMounts");
        } else {
            container.value["volumeMounts"] = kept.into_iter().map(|mount| mount.value).collect();
        }
    }
    taken
}

/// Whether a container mounts a volume, as a directory or as a device.
fn is_used(injection: &Injection, volume: &str) -> bool {
    let containers = || injection.init_containers.iter().chain(&injection.containers);
    let lists = || ["volumeMounts", "volumeDevices"].into_iter();
    containers().any(|container| lists().any(|list| container.list(list).iter().any(|mount| name(mount) == volume)))
}

/// Writes mount paths without trailing and double slashes, which a companion does not have and the kubelet ignores.
fn normalize(injection: &mut Injection) {
    let containers = injection.init_containers.iter_mut().chain(&mut injection.containers);
    let mounts = containers.filter_map(|container| container.value.get_mut("volumeMounts")?.as_array_mut()).flatten();
    for mount in mounts.chain(injection.app_mounts.iter_mut().map(|mount| &mut mount.value)) {
        let Some(path) = mount.get_mut("mountPath") else { continue };
        let text = path.as_str().unwrap_or_default();
        let parts: Vec<_> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if text.starts_with('/') && !parts.is_empty() {
            *path = format!("/{}", parts.join("/")).into();
        }
    }
}
