//! Takes out what the status annotation says was put in, and nothing else.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::keys;

/// One companion's entry of the status annotation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Recorded {
    init_containers: Vec<String>,
    containers: Vec<String>,
    volumes: Vec<String>,
    mounts: BTreeMap<String, Vec<String>>,
    env: BTreeMap<String, Vec<String>>,
    annotations: Vec<String>,
    image_pull_secrets: Vec<String>,
    pre_stop: BTreeMap<String, u64>,
}

/// Takes out of a Pod, or a Pod template, what its status says was put in; whether there was a status. Lists and maps
/// that are empty then go, too.
///
/// # Errors
/// The status cannot be read; the Pod is as it was.
pub fn uninject(pod: &mut Value) -> Result<bool, String> {
    let Some(status) = pod["metadata"]["annotations"].get(keys::STATUS) else { return Ok(false) };
    let entries: BTreeMap<String, Recorded> = status
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| format!("annotation {} cannot be read; it must be as podgraft wrote it", keys::STATUS))?;
    for entry in entries.values() {
        entry.take_out(pod);
    }
    if let Some(metadata) = object(pod, "metadata") {
        remove_key(metadata, "annotations", keys::STATUS);
    }
    Ok(true)
}

impl Recorded {
    fn take_out(&self, pod: &mut Value) {
        if let Some(metadata) = object(pod, "metadata") {
            for key in &self.annotations {
                remove_key(metadata, "annotations", key);
            }
        }
        let Some(spec) = object(pod, "spec") else { return };
        remove_named(spec, "initContainers", &self.init_containers);
        remove_named(spec, "containers", &self.containers);
        remove_named(spec, "volumes", &self.volumes);
        remove_named(spec, "imagePullSecrets", &self.image_pull_secrets);
        for list in ["initContainers", "containers"] {
            let containers = spec.get_mut(list).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
                self.take_out_of(container);
            }
        }
    }

    fn take_out_of(&self, container: &mut Map<String, Value>) {
        let Some(name) = container.get("name").and_then(Value::as_str).map(ToOwned::to_owned) else { return };
        for path in self.mounts.get(&name).into_iter().flatten() {
            remove_first(container, "volumeMounts", |mount| mount["mountPath"] == **path);
        }
        for variable in self.env.get(&name).into_iter().flatten() {
            remove_first(container, "env", |env| env["name"] == **variable);
        }
        let Some(seconds) = self.pre_stop.get(&name) else { return };
        let sleep = json!({"sleep": {"seconds": seconds}});
        if let Some(lifecycle) = container.get_mut("lifecycle").and_then(Value::as_object_mut)
            && lifecycle.get("preStop") == Some(&sleep)
        {
            lifecycle.shift_remove("preStop");
            if lifecycle.is_empty() {
                container.shift_remove("lifecycle");
            }
        }
    }
}

fn object<'v>(parent: &'v mut Value, key: &str) -> Option<&'v mut Map<String, Value>> {
    parent.get_mut(key)?.as_object_mut()
}

fn remove_key(parent: &mut Map<String, Value>, map: &str, key: &str) {
    let Some(inner) = parent.get_mut(map).and_then(Value::as_object_mut) else { return };
    inner.shift_remove(key);
    if inner.is_empty() {
        parent.shift_remove(map);
    }
}

fn remove_named(parent: &mut Map<String, Value>, list: &str, names: &[String]) {
    for name in names {
        remove_first(parent, list, |item| item["name"] == **name);
    }
}

fn remove_first(parent: &mut Map<String, Value>, list: &str, is: impl Fn(&Value) -> bool) {
    let Some(items) = parent.get_mut(list).and_then(Value::as_array_mut) else { return };
    if let Some(at) = items.iter().position(is) {
        items.remove(at);
    }
    if items.is_empty() {
        parent.shift_remove(list);
    }
}
