//! Removes from a Pod exactly the additions that its status annotation lists.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::inject::container_list::ContainerList;
use crate::inject::keys;
use crate::json::Token;
use crate::text::truncate;

/// The most remarks, and the most characters of a name in one: a status can list anything.
const MAX_REMARKS: usize = 100;
const LONGEST_REMARK: usize = 256;

/// What was removed from a Pod, and what could not be removed.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Removal {
    /// A JSON patch (RFC 6902) of `remove` operations.
    pub operations: Vec<Value>,
    /// The companions that the status listed.
    pub companions: Vec<String>,
    /// Parts that the status lists and that were not found, and parts that stay because a container still uses them.
    pub remarks: Vec<String>,
}

/// One companion's entry of the status annotation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct RecordedEntry {
    init_containers: Vec<String>,
    containers: Vec<String>,
    volumes: Vec<String>,
    mounts: BTreeMap<String, Vec<String>>,
    env: BTreeMap<String, Vec<String>>,
    annotations: Vec<String>,
    image_pull_secrets: Vec<String>,
    pre_stop: BTreeMap<String, u64>,
}

/// Removes from a Pod or a Pod template the additions that its status lists, and returns whether it had any. Lists and maps
/// that become empty are removed as well.
///
/// # Errors
/// The status cannot be read; the Pod is unchanged.
pub fn uninject(pod: &mut Value) -> Result<bool, String> {
    removal(pod).map(|removal| removal.is_some())
}

/// Like [`uninject`], but returns a patch with remarks; `None` where podgraft added nothing.
///
/// # Errors
/// The status cannot be read; the Pod is unchanged.
pub fn removal(pod: &mut Value) -> Result<Option<Removal>, String> {
    let annotations = &pod["metadata"]["annotations"];
    let Some(status) = annotations.get(keys::STATUS) else {
        let mut work = Remover { pod, removal: Removal::default() };
        let found = work.remove_member("/metadata/annotations", keys::SKIPPED);
        return Ok(found.then_some(work.removal));
    };
    let entries: BTreeMap<String, RecordedEntry> = status
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or("invalid value: not the JSON that podgraft wrote; restore the value that inject wrote")?;
    let mut work = Remover { pod, removal: Removal::default() };
    for (companion, entry) in &entries {
        work.containers(companion, entry);
    }
    for (companion, entry) in &entries {
        work.additions(companion, entry);
    }
    // Volumes last, because a volume that a container still uses stays.
    for (companion, entry) in &entries {
        work.volumes(companion, entry);
        work.removal.companions.push(companion.clone());
    }
    for key in [keys::STATUS, keys::SKIPPED] {
        work.remove_member("/metadata/annotations", key);
    }
    for key in work.keys("/metadata/labels").into_iter().filter(|key| key.starts_with(keys::HASH_LABELS)) {
        work.remove_member("/metadata/labels", &key);
    }
    Ok(Some(work.removal))
}

struct Remover<'v> {
    pod: &'v mut Value,
    removal: Removal,
}

impl Remover<'_> {
    fn containers(&mut self, companion: &str, entry: &RecordedEntry) {
        for (list, names) in
            [(ContainerList::Init, &entry.init_containers), (ContainerList::Containers, &entry.containers)]
        {
            for name in names {
                if !self.remove_item(&format!("/spec/{list}"), |item| item["name"] == **name) {
                    self.missing(companion, &format!("container {name:?} in spec.{list}"));
                }
            }
        }
    }

    fn additions(&mut self, companion: &str, entry: &RecordedEntry) {
        for key in &entry.annotations {
            if !self.remove_member("/metadata/annotations", key) {
                self.missing(companion, &format!("annotation {key:?}"));
            }
        }
        for name in &entry.image_pull_secrets {
            if !self.remove_item("/spec/imagePullSecrets", |item| item["name"] == **name) {
                self.missing(companion, &format!("{name:?} in spec.imagePullSecrets"));
            }
        }
        for (container, paths) in &entry.mounts {
            self.each_in(companion, container, "volumeMounts", "mountPath", paths);
        }
        for (container, names) in &entry.env {
            self.each_in(companion, container, "env", "name", names);
        }
        for (container, seconds) in &entry.pre_stop {
            self.pre_stop(companion, container, *seconds);
        }
    }

    /// Removes items of one list of a container.
    fn each_in(&mut self, companion: &str, container: &str, list: &str, field: &str, values: &[String]) {
        let at = self.container(container);
        for value in values {
            let removed =
                at.as_ref().is_some_and(|at| self.remove_item(&format!("{at}/{list}"), |item| item[field] == **value));
            if !removed {
                self.missing(companion, &format!("{value:?} in {list} of container {container:?}"));
            }
        }
    }

    fn pre_stop(&mut self, companion: &str, container: &str, seconds: u64) {
        let lifecycle = self.container(container).map(|at| format!("{at}/lifecycle"));
        let sleep = json!({"sleep": {"seconds": seconds}});
        match lifecycle {
            Some(at) if self.pod.pointer(&at).is_some_and(|l| l.get("preStop") == Some(&sleep)) => {
                self.remove_member(&at, "preStop");
            }
            _ => self.missing(companion, &format!("the preStop sleep of {seconds} s of container {container:?}")),
        }
    }

    fn volumes(&mut self, companion: &str, entry: &RecordedEntry) {
        for name in &entry.volumes {
            if let Some(user) = self.user_of(name) {
                let (companion, name) = (truncate(companion, LONGEST_REMARK), truncate(name, LONGEST_REMARK));
                self.remark(format!("companion {companion}: volume {name:?} was kept, because {user}"));
            } else if !self.remove_item("/spec/volumes", |item| item["name"] == **name) {
                self.missing(companion, &format!("volume {name:?}"));
            }
        }
    }

    /// The container that still uses a volume, and the remedy, as clauses of a message.
    fn user_of(&self, volume: &str) -> Option<String> {
        let lists = ContainerList::ALL.map(ContainerList::as_str).into_iter().chain(["ephemeralContainers"]);
        let mut containers = lists.flat_map(|list| self.pod["spec"][list].as_array().into_iter().flatten());
        containers.find_map(|container| {
            let text = |value: &Value| truncate(value.as_str().unwrap_or_default(), LONGEST_REMARK).into_owned();
            let name = text(&container["name"]);
            let items = |list: &str| container[list].as_array().into_iter().flatten();
            let mount = items("volumeMounts").find(|mount| mount["name"] == *volume).map(|mount| &mount["mountPath"]);
            let device = || items("volumeDevices").find(|d| d["name"] == *volume).map(|device| &device["devicePath"]);
            let file = |variable: &&Value| variable["valueFrom"]["fileKeyRef"]["volumeName"] == *volume;
            let variable = || items("env").find(file).map(|variable| &variable["name"]);
            if let Some(path) = mount.or_else(device) {
                let path = text(path);
                return Some(format!(
                    "container {name:?} mounts the volume at {path}; remove the mount and the volume"
                ));
            }
            variable().map(|variable| {
                let variable = text(variable);
                format!(
                    "container {name:?} reads variable {variable:?} from the volume; remove the variable and the volume"
                )
            })
        })
    }

    /// The pointer of a container that the status does not list as the companion's own.
    fn container(&self, name: &str) -> Option<String> {
        ContainerList::ALL.iter().find_map(|list| {
            let items = self.pod["spec"][list.as_str()].as_array()?;
            let at = items.iter().position(|item| item["name"].as_str().unwrap_or_default() == name)?;
            Some(format!("/spec/{list}/{at}"))
        })
    }

    fn missing(&mut self, companion: &str, what: &str) {
        let (companion, what) = (truncate(companion, LONGEST_REMARK), truncate(what, LONGEST_REMARK));
        let status = keys::STATUS;
        let remark = format!("companion {companion}: {what} is listed in {status} but not found in the Pod");
        self.remark(remark);
    }

    fn remark(&mut self, remark: String) {
        if self.removal.remarks.len() < MAX_REMARKS {
            self.removal.remarks.push(remark);
        }
    }

    fn keys(&self, map: &str) -> Vec<String> {
        self.pod.pointer(map).and_then(Value::as_object).map(|map| map.keys().cloned().collect()).unwrap_or_default()
    }

    /// Removes a member of a map. If the map is empty then, it is removed as well, and so are its parents.
    fn remove_member(&mut self, map: &str, key: &str) -> bool {
        let Some(members) = self.pod.pointer_mut(map).and_then(Value::as_object_mut) else { return false };
        if members.shift_remove(key).is_none() {
            return false;
        }
        let empty = members.is_empty();
        self.note(&format!("{map}/{}", Token(key)));
        if empty && let Some((parent, last)) = map.rsplit_once('/').filter(|_| map != "/spec") {
            self.remove_member(parent, last);
        }
        true
    }

    /// Removes the first item of a list for which `is` holds. If the list is empty then, it is removed as well.
    fn remove_item(&mut self, list: &str, is: impl Fn(&Value) -> bool) -> bool {
        let Some(items) = self.pod.pointer_mut(list).and_then(Value::as_array_mut) else { return false };
        let Some(at) = items.iter().position(is) else { return false };
        items.remove(at);
        let empty = items.is_empty();
        self.note(&format!("{list}/{at}"));
        if empty && let Some((parent, last)) = list.rsplit_once('/') {
            self.remove_member(parent, last);
        }
        true
    }

    fn note(&mut self, pointer: &str) {
        self.removal.operations.push(json!({"op": "remove", "path": pointer}));
    }
}
