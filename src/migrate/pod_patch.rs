//! Patches that are merged into a Pod: strategic merge patches of Kyverno, and apply configurations.

use serde_json::Value;

use super::injection::{Injection, why_never_set};
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
        if !["apiVersion", "kind"].contains(&&*name) && !is_condition(&name) {
            injection.lose(&field.at, "changes the workload; a companion is injected into its Pods only");
        }
    }
    add_pod(injection, &template);
}

fn add_pod(injection: &mut Injection, pod: &SourceValue) {
    for (name, field) in pod.members() {
        match plain_name(&name) {
            "metadata" => add_metadata(injection, &field),
            "spec" => add_spec(injection, &field),
            "apiVersion" | "kind" => {}
            _ => injection.lose(&field.at, "a companion sets fields of spec and annotations only"),
        }
    }
}

/// The name of a field without Kyverno's anchor for fields that are absent; other anchors are conditions.
fn plain_name(name: &str) -> &str {
    name.strip_prefix("+(").and_then(|name| name.strip_suffix(')')).unwrap_or(name)
}

/// Whether the name of a field is an anchor of Kyverno's that makes a condition of it: `(key)`, `<(key)`, `=(key)`, `^(key)` or
/// `X(key)`.
pub(super) fn is_condition(name: &str) -> bool {
    let anchor = name.strip_suffix(')').and_then(|name| name.split_once('(')).map(|(anchor, _)| anchor);
    anchor.is_some_and(|anchor| ["", "<", "=", "^", "X"].contains(&anchor))
}

/// A value without the anchor for absent fields, and without fields that are conditions.
fn plain(value: &SourceValue) -> SourceValue {
    fn resolved(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(resolved).collect(),
            Value::Object(members) => {
                let members = members.iter().filter(|(name, _)| !is_condition(name));
                let members = members.map(|(name, value)| (plain_name(name).to_owned(), resolved(value)));
                Value::Object(members.collect())
            }
            scalar => scalar.clone(),
        }
    }
    SourceValue { at: value.at.clone(), value: resolved(&value.value) }
}

fn add_metadata(injection: &mut Injection, metadata: &SourceValue) {
    for (name, field) in metadata.members().into_iter().filter(|(name, _)| !is_condition(name)) {
        match plain_name(&name) {
            "annotations" => add_annotations(injection, &field),
            name => {
                let why = why_never_set(name).unwrap_or("belongs to its author");
                injection.lose(&field.at, format!("a companion never sets this field of the Pod, which {why}"));
            }
        }
    }
}

/// Adds annotations of a patch that replaces those of the Pod.
pub(super) fn add_annotations(injection: &mut Injection, annotations: &SourceValue) {
    if !annotations.value.is_object() {
        injection.lose(&annotations.at, "invalid value: must be an object");
    }
    for (name, value) in annotations.members().into_iter().filter(|(name, _)| !is_condition(name)) {
        if plain_name(&name) == name {
            injection.lose(&value.at, ONLY_IF_ABSENT);
        }
        injection.annotations.push((plain_name(&name).to_owned(), value));
    }
}

fn add_spec(injection: &mut Injection, spec: &SourceValue) {
    for (name, field) in spec.members().into_iter().filter(|(name, _)| !is_condition(name)) {
        for item in field.items() {
            add_item(injection, plain_name(&name), &item);
        }
        if field.value.is_array() && is_list(plain_name(&name)) {
            continue;
        }
        let why = why_never_set(plain_name(&name)).unwrap_or("belongs to its author");
        injection.lose(&field.at, format!("a companion never sets this field of the Pod, which {why}"));
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
