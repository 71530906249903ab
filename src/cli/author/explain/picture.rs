//! A Pod as a picture: its containers in the order of their start, the volumes that companions share with the app, and the
//! ports on localhost. A plus marks what podgraft adds.

mod frame;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::inject::container_list::ContainerList;
use crate::inject::keys;
use crate::inject::protocol::Protocol;
use frame::Frame;

/// A Pod with its companions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture {
    containers: Vec<PictureContainer>,
    volumes: Vec<SharedVolume>,
    ports: Vec<LocalPort>,
}

#[derive(Debug, PartialEq, Eq)]
struct PictureContainer {
    name: String,
    image: String,
    role: &'static str,
    /// The companion that it belongs to.
    companion: Option<String>,
    is_added: bool,
    /// Names of variables that are added.
    added_env: Vec<String>,
}

/// A volume that containers of a companion and of the app mount.
#[derive(Debug, PartialEq, Eq)]
struct SharedVolume {
    name: String,
    source: String,
    is_added: bool,
    mounts: Vec<VolumeMount>,
}

#[derive(Debug, PartialEq, Eq)]
struct VolumeMount {
    container: String,
    path: String,
    read_only: bool,
    is_added: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct LocalPort {
    number: u64,
    protocol: &'static str,
    /// The container that declares the port, or the companion that listens on it.
    owner: String,
    is_added: bool,
}

/// What `podgraft.dev/status` records of a companion.
struct Recorded<'s> {
    companion: &'s str,
    entry: &'s Value,
}

impl Picture {
    /// The picture of a Pod, or a Pod template, before and after its injection; `None` if it has no companion.
    pub(super) fn of(before: &Value, after: &Value) -> Option<Picture> {
        let status = after["metadata"]["annotations"][keys::STATUS].as_str();
        let status: Value = status.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let entries = status.as_object().into_iter().flatten();
        let recorded: Vec<_> = entries.map(|(companion, entry)| Recorded { companion, entry }).collect();
        let containers = containers(before, after, &recorded);
        if containers.iter().all(|container| container.companion.is_none()) {
            return None;
        }
        let volumes = volumes(before, after, &containers);
        let ports = ports(before, after, &recorded);
        Some(Picture { containers, volumes, ports })
    }

    /// The picture as text.
    pub(super) fn text(&self) -> String {
        let mut frame = Frame::new("Pod");
        for container in &self.containers {
            frame.row(container.is_added, &[&container.name, container.role, &container.image]);
            if !container.added_env.is_empty() {
                frame.detail(!container.is_added, &format!("env {}", container.added_env.join(", ")));
            }
        }
        if !self.volumes.is_empty() {
            frame.section("shared volumes");
        }
        for volume in &self.volumes {
            frame.row(volume.is_added, &[&volume.name, &volume.source]);
            for mount in &volume.mounts {
                let mode = if mount.read_only { ", read-only" } else { "" };
                frame.detail(mount.is_added, &format!("{} at {}{mode}", mount.container, mount.path));
            }
        }
        if !self.ports.is_empty() {
            frame.section("localhost");
        }
        for port in &self.ports {
            frame.row(port.is_added, &[&format!("{}/{}", port.number, port.protocol), &port.owner]);
        }
        frame.text()
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        let containers = self.containers.iter().map(|c| {
            json!({"name": c.name, "image": c.image, "role": c.role, "companion": c.companion, "added": c.is_added, "addedEnv": c.added_env})
        });
        let mount = |m: &VolumeMount| json!({"container": m.container, "path": m.path, "readOnly": m.read_only, "added": m.is_added});
        let volumes = self.volumes.iter().map(|v| {
            json!({"name": v.name, "source": v.source, "added": v.is_added, "mounts": v.mounts.iter().map(mount).collect::<Vec<_>>()})
        });
        let ports = self
            .ports
            .iter()
            .map(|p| json!({"port": p.number, "protocol": p.protocol, "owner": p.owner, "added": p.is_added}));
        json!({
            "containers": containers.collect::<Vec<_>>(),
            "sharedVolumes": volumes.collect::<Vec<_>>(),
            "localhost": ports.collect::<Vec<_>>(),
        })
    }
}

fn containers(before: &Value, after: &Value, recorded: &[Recorded<'_>]) -> Vec<PictureContainer> {
    let all = ContainerList::ALL.into_iter().flat_map(|list| {
        items(after, list).map(move |container| {
            let name = text(&container["name"]);
            let earlier = items(before, list).find(|other| other["name"] == container["name"]);
            let owner = recorded.iter().find(|r| names(&r.entry[list.as_str()]).any(|other| other == name));
            PictureContainer {
                name: name.to_owned(),
                image: text(&container["image"]).to_owned(),
                role: role(list, container, owner.is_some()),
                companion: owner.map(|owner| owner.companion.to_owned()),
                is_added: earlier.is_none(),
                added_env: earlier.map(|earlier| added_env(earlier, container)).unwrap_or_default(),
            }
        })
    });
    all.collect()
}

fn role(list: ContainerList, container: &Value, is_companion: bool) -> &'static str {
    match (list, is_companion) {
        (ContainerList::Init, _) if container["restartPolicy"] == "Always" => "native sidecar",
        (ContainerList::Init, _) => "init container",
        (ContainerList::Containers, true) => "sidecar container",
        (ContainerList::Containers, false) => "app container",
    }
}

/// The names of variables that a container has after, and not before.
fn added_env(before: &Value, after: &Value) -> Vec<String> {
    let had = |name: &str| members(&before["env"]).any(|variable| variable["name"] == name);
    members(&after["env"]).map(|v| text(&v["name"])).filter(|name| !had(name)).map(str::to_owned).collect()
}

/// The volumes that at least one companion and at least one other container mount, or two companions.
fn volumes(before: &Value, after: &Value, containers: &[PictureContainer]) -> Vec<SharedVolume> {
    let companion = |name: &str| containers.iter().find(|c| c.name == name).and_then(|c| c.companion.as_deref());
    let mut found = Vec::new();
    for name in volume_names(after) {
        let mounts = mounts(before, after, name);
        let mut owners: Vec<_> = mounts.iter().map(|mount| companion(&mount.container)).collect();
        owners.sort_unstable();
        owners.dedup();
        // One owner alone, or several containers of the app, do not share the volume with a companion.
        if owners.len() > 1 {
            let is_added = volume_names(before).all(|other| other != name);
            found.push(SharedVolume { name: name.to_owned(), source: source(after, name), is_added, mounts });
        }
    }
    found
}

/// The names of all volumes that containers mount, in the order of the Pod; claims of a StatefulSet have no volume in it.
fn volume_names(pod: &Value) -> impl Iterator<Item = &str> {
    let mut names: Vec<&str> = members(&pod["spec"]["volumes"]).map(|volume| text(&volume["name"])).collect();
    for container in ContainerList::ALL.into_iter().flat_map(|list| items(pod, list)) {
        for mount in members(&container["volumeMounts"]) {
            let name = text(&mount["name"]);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names.into_iter()
}

fn mounts(before: &Value, after: &Value, volume: &str) -> Vec<VolumeMount> {
    let mut found = Vec::new();
    for list in ContainerList::ALL {
        for container in items(after, list) {
            let earlier = items(before, list).find(|other| other["name"] == container["name"]);
            let had = |mount: &Value| {
                earlier.is_some_and(|e| members(&e["volumeMounts"]).any(|m| m["mountPath"] == mount["mountPath"]))
            };
            for mount in members(&container["volumeMounts"]).filter(|mount| mount["name"] == volume) {
                found.push(VolumeMount {
                    container: text(&container["name"]).to_owned(),
                    path: text(&mount["mountPath"]).to_owned(),
                    read_only: mount["readOnly"] == true,
                    is_added: !had(mount),
                });
            }
        }
    }
    found
}

/// The type of a volume's source, such as `emptyDir`.
fn source(pod: &Value, volume: &str) -> String {
    let declared = members(&pod["spec"]["volumes"]).find(|other| other["name"] == volume);
    let keys = declared.and_then(Value::as_object).into_iter().flat_map(|members| members.keys());
    keys.into_iter().find(|key| *key != "name").map_or_else(|| "volumeClaimTemplate".to_owned(), String::clone)
}

/// The ports of all containers, and those that companions listen on, each once, by number.
fn ports(before: &Value, after: &Value, recorded: &[Recorded<'_>]) -> Vec<LocalPort> {
    let mut found: Vec<LocalPort> = Vec::new();
    let mut add = |number: u64, protocol: Protocol, owner: &str, is_added: bool| {
        let protocol = protocol.as_str();
        if !found.iter().any(|port| (port.number, port.protocol) == (number, protocol)) {
            found.push(LocalPort { number, protocol, owner: owner.to_owned(), is_added });
        }
    };
    for list in ContainerList::ALL {
        for container in items(after, list) {
            let is_added = items(before, list).all(|other| other["name"] != container["name"]);
            for port in members(&container["ports"]) {
                let Some(number) = port["containerPort"].as_u64() else { continue };
                add(number, Protocol::lenient(port["protocol"].as_str()), text(&container["name"]), is_added);
            }
        }
    }
    let had = before["metadata"]["annotations"].get(keys::STATUS).is_some();
    for Recorded { companion, entry } in recorded {
        for port in names(&entry["ports"]) {
            let Some((number, protocol)) = port.split_once('/') else { continue };
            let Ok(number) = number.parse() else { continue };
            add(number, Protocol::lenient(Some(protocol)), companion, !had);
        }
    }
    found.sort_by_key(|port| port.number);
    found
}

fn items(pod: &Value, list: ContainerList) -> impl Iterator<Item = &Value> {
    members(&pod["spec"][list.as_str()])
}

fn members(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn names(value: &Value) -> impl Iterator<Item = &str> {
    members(value).filter_map(Value::as_str)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
