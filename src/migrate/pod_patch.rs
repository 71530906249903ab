//! Patches that are merged into a Pod: strategic merge patches of Kyverno, and apply configurations.

use serde_json::Value;

use super::injection::{Injection, never_patched};
use super::source_value::SourceValue;
use crate::inject::container_list::ContainerList;

/// What a patch does to annotations that a Pod has.
const ONLY_IF_ABSENT: &str = "a companion adds an annotation only if the Pod does not have it; to set it always, set it in the \
    Pod template";

/// Adds what a patch of a Pod adds; a patch of a workload is one of its Pod template.
pub(super) fn add(injection: &mut Injection, patch: &SourceValue) {
    let (mut workload, mut spec) = (patch.clone(), patch.member("spec"));
    let template = spec.take("template");
    if template.is_blank() {
        return add_pod(injection, patch);
    }
    workload.take("spec");
    for (name, field) in workload.members().into_iter().chain(spec.members()) {
        if !["apiVersion", "kind"].contains(&&*name) && !is_removed(&name) {
            injection.lose(&field.at, "changes the workload; a companion is injected into its Pods only");
        }
    }
    add_pod(injection, &template);
}

fn add_pod(injection: &mut Injection, pod: &SourceValue) {
    for (name, field) in pod.members().into_iter().filter(|(name, _)| !is_removed(name)) {
        match plain_name(&name) {
            "metadata" => add_metadata(injection, &field),
            "spec" => add_spec(injection, &field),
            "apiVersion" | "kind" => {}
            _ => injection.lose(&field.at, "a companion sets fields of spec and annotations only"),
        }
    }
}

/// What an anchor around the name of a field means in a patch of Kyverno (`AnchorType` in its `pkg/engine/anchor`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// `+(key)`: the field is added if it is absent.
    Absent,
    /// `(key)` or `<(key)`: a condition on the field.
    Condition,
    /// `=(key)`, `^(key)` or `X(key)`, which only validate rules have. In a patch it is the name of a field that no Pod has.
    Validation,
}

/// The anchor of a name, and the name within it.
pub(super) fn anchor(name: &str) -> Option<(Anchor, &str)> {
    let (sign, key) = name.trim().strip_suffix(')')?.split_once('(').filter(|(_, key)| !key.is_empty())?;
    let anchor = match sign {
        "+" => Anchor::Absent,
        "" | "<" => Anchor::Condition,
        "=" | "^" | "X" => Anchor::Validation,
        _ => return None,
    };
    Some((anchor, key))
}

/// The name of a field without the anchor for fields that are absent.
fn plain_name(name: &str) -> &str {
    anchor(name).filter(|(anchor, _)| *anchor == Anchor::Absent).map_or(name, |(_, key)| key)
}

/// Whether a field has an anchor with which it is not added.
fn is_removed(name: &str) -> bool {
    anchor(name).is_some_and(|(anchor, _)| anchor != Anchor::Absent)
}

/// A value without the anchor for absent fields, and without fields that are not added.
fn plain(value: &SourceValue) -> SourceValue {
    fn resolved(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(resolved).collect(),
            Value::Object(members) => {
                let members = members.iter().filter(|(name, _)| !is_removed(name));
                let members = members.map(|(name, value)| (plain_name(name).to_owned(), resolved(value)));
                Value::Object(members.collect())
            }
            scalar => scalar.clone(),
        }
    }
    SourceValue { at: value.at.clone(), value: resolved(&value.value) }
}

fn add_metadata(injection: &mut Injection, metadata: &SourceValue) {
    for (name, field) in metadata.members().into_iter().filter(|(name, _)| !is_removed(name)) {
        match plain_name(&name) {
            "annotations" => add_annotations(injection, &field),
            name => injection.lose(&field.at, never_patched(name)),
        }
    }
}

/// Adds annotations of a patch that replaces those of the Pod.
pub(super) fn add_annotations(injection: &mut Injection, annotations: &SourceValue) {
    if !annotations.value.is_object() {
        injection.lose(&annotations.at, "invalid value: must be an object");
    }
    for (name, value) in annotations.members().into_iter().filter(|(name, _)| !is_removed(name)) {
        if plain_name(&name) == name {
            injection.lose(&value.at, ONLY_IF_ABSENT);
        }
        injection.annotations.push((plain_name(&name).to_owned(), value));
    }
}

fn add_spec(injection: &mut Injection, spec: &SourceValue) {
    for (name, field) in spec.members().into_iter().filter(|(name, _)| !is_removed(name)) {
        for item in field.items() {
            add_item(injection, plain_name(&name), &item);
        }
        if field.value.is_array() && is_list(plain_name(&name)) {
            continue;
        }
        injection.lose(&field.at, never_patched(plain_name(&name)));
    }
}

/// Whether a companion adds items to a list of a Pod's `spec`.
pub(super) fn is_list(name: &str) -> bool {
    ["volumes", "imagePullSecrets"].contains(&name) || ContainerList::ALL.iter().any(|list| list.as_str() == name)
}

/// Adds an item to a list of a Pod's `spec`.
pub(super) fn add_item(injection: &mut Injection, list: &str, item: &SourceValue) {
    let is_for_all = is_for_all(item);
    let item = &plain(item);
    let is_whole = !item.member("name").text().is_empty() && !item.member("image").text().is_empty();
    match list {
        "volumes" => injection.volumes.push(item.clone()),
        "imagePullSecrets" => injection.pull_secrets.push(item.clone()),
        list if list == ContainerList::Init.as_str() && is_whole => injection.init_containers.push(item.clone()),
        list if list == ContainerList::Containers.as_str() && is_whole => injection.containers.push(item.clone()),
        list if list == ContainerList::Containers.as_str() && is_for_all => add_to_app(injection, item),
        list if is_list(list) => {
            let message =
                "changes a container of the app; a companion adds containers, and variables and mounts for all of them";
            injection.lose(&item.at, message);
        }
        _ => {}
    }
}

/// Whether an item of a strategic merge patch is merged into every container.
pub(super) fn is_for_all(item: &SourceValue) -> bool {
    ["*", "?*"].contains(&item.member("(name)").text())
}

/// Adds what all app containers get.
fn add_to_app(injection: &mut Injection, item: &SourceValue) {
    for (name, field) in item.members() {
        match &*name {
            "env" => injection.app_env.extend(field.items()),
            "volumeMounts" => injection.app_mounts.extend(field.items()),
            _ => injection.lose(
                &field.at,
                "a companion adds variables and mounts to the app's containers; set it in the Pod template",
            ),
        }
    }
}
