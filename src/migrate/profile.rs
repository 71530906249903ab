//! tumblr/k8s-sidecar-injector: one configuration per file or text, which Pods request by name
//! (`InjectionConfig` in its `internal/pkg/config`).

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::configuration::{InjectorConfig, System};
use super::injection::Injection;
use super::source_value::{SourcePlace, SourceValue};
use crate::inject::container_list::ContainerList;

/// How many profiles may inherit one from the other.
const LONGEST_CHAIN: usize = 16;

/// Fields that are translated, or that need no translation: native containers start before the app in any case.
const KNOWN: [&str; 6] = ["name", "inherits", "env", "volumes", "volumeMounts", "prependContainers"];

pub(super) fn injection(one: &InjectorConfig, all: &[InjectorConfig]) -> Injection {
    let name = one.source.member("name").text().to_lowercase();
    let mut injection = Injection::new("configuration", &name, &one.source.at);
    // A version that is not written is `latest` there.
    name.trim_end_matches(":latest").trim_end_matches(':').clone_into(&mut injection.name);
    let layers = match layers(one, all) {
        Ok(layers) => layers,
        Err((at, message)) => {
            injection.abandon(&at, message);
            vec![&one.source]
        }
    };
    for layer in &layers {
        add(&mut injection, layer);
    }
    injection.limit();
    injection.lose_helm_templates();
    spread(&mut injection);
    injection
}

/// The profile and those it inherits from, the base first. A base is a file next to the one that names it.
fn layers<'c>(
    one: &'c InjectorConfig,
    all: &'c [InjectorConfig],
) -> Result<Vec<&'c SourceValue>, (SourcePlace, String)> {
    let mut layers = vec![&one.source];
    let mut current = one;
    loop {
        let inherits = current.source.member("inherits");
        if inherits.is_blank() {
            break;
        }
        if current.config_map.is_some() {
            return Err((inherits.at, "only a file can inherit from another file; merge the two texts".to_owned()));
        }
        let path = joined(current.path.parent().unwrap_or(Path::new("")), inherits.text());
        let is_base = |other: &&InjectorConfig| {
            other.system == System::Profile && other.config_map.is_none() && joined(Path::new(""), &other.path) == path
        };
        let Some(base) = all.iter().find(is_base) else {
            let message = format!("not found among the manifests: {:?}; name this file as well", inherits.text());
            return Err((inherits.at, message));
        };
        if layers.len() >= LONGEST_CHAIN {
            return Err((inherits.at, "the configuration inherits from itself; remove the field".to_owned()));
        }
        layers.push(&base.source);
        current = base;
    }
    layers.reverse();
    Ok(layers)
}

/// A path relative to a folder, without `.` and `..` where they can be resolved by their names.
fn joined(folder: &Path, path: impl AsRef<Path>) -> PathBuf {
    let mut joined = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if joined.file_name().is_some() => {
                joined.pop();
            }
            part => joined.push(part),
        }
    }
    joined
}

/// Adds one layer: its items replace those of the same name.
fn add(injection: &mut Injection, layer: &SourceValue) {
    injection.lose_unless_lists(layer, &["volumes", "env", "volumeMounts"]);
    let Injection { containers, init_containers, volumes, app_env, app_mounts, .. } = injection;
    merge(containers, layer.list(ContainerList::Containers.as_str()));
    merge(init_containers, layer.list(ContainerList::Init.as_str()));
    merge(volumes, layer.list("volumes"));
    merge(app_env, layer.list("env"));
    merge(app_mounts, layer.list("volumeMounts"));
    let skips = layer.member("skipHostNetwork");
    if !skips.is_blank() {
        let message = "podgraft denies a Pod with hostNetwork that requests the companion; do not request it there, or set spec.onConflict: Skip";
        injection.lose(&skips.at, message);
    }
    let lists = ContainerList::ALL.map(ContainerList::as_str);
    let known: Vec<&str> = KNOWN.into_iter().chain(lists).chain(["skipHostNetwork"]).collect();
    injection.lose_other_fields(layer, &known);
}

fn merge(list: &mut Vec<SourceValue>, items: Vec<SourceValue>) {
    let name = |item: &SourceValue| item.value.get("name").map(ToString::to_string);
    let mut inherited = BTreeMap::new();
    for (index, name) in list.iter().map(name).enumerate() {
        inherited.entry(name).or_insert(index);
    }
    for item in items {
        match name(&item).and_then(|name| inherited.get(&Some(name))) {
            Some(other) => list[*other] = item,
            None => list.push(item),
        }
    }
}

/// Adds the variables and mounts for all containers to those of the profile, where they have none of the same name.
fn spread(injection: &mut Injection) {
    let Injection { containers, init_containers, volumes, app_env, app_mounts, .. } = injection;
    let is_declared = |mount: &&SourceValue| volumes.iter().any(|volume| volume.value["name"] == mount.value["name"]);
    let mounts: Vec<_> = app_mounts.iter().filter(is_declared).cloned().collect();
    for container in containers.iter_mut().chain(init_containers) {
        for (field, added) in [("env", &*app_env), ("volumeMounts", &mounts)] {
            let Value::Object(members) = &mut container.value else { continue };
            let list = members.entry(field).or_insert_with(|| Value::Array(Vec::new()));
            let Value::Array(list) = list else { continue };
            for item in added {
                if !list.iter().any(|other| other["name"] == item.value["name"]) {
                    list.push(item.value.clone());
                }
            }
            if list.is_empty() {
                members.shift_remove(field);
            }
        }
    }
}
