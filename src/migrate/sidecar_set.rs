//! OpenKruise SidecarSet (`apps.kruise.io`, v1alpha1 and v1beta1; `SidecarSetSpec` in its `apis/apps`).

use super::audience::LabelQuery;
use super::configuration::InjectorConfig;
use super::injection::Injection;
use super::source_value::SourceValue;
use crate::inject::container_list::ContainerList;

/// Fields that are translated, and those without an effect on new Pods.
const KNOWN: [&str; 8] = [
    "selector",
    "namespace",
    "namespaceSelector",
    "volumes",
    "imagePullSecrets",
    "revisionHistoryLimit",
    "updateStrategy",
    "injectionStrategy",
];

pub(super) fn injection(one: &InjectorConfig) -> Injection {
    let name = one.source.member("metadata").member("name");
    let mut injection = Injection::new("SidecarSet", name.text(), &one.source.at);
    let spec = one.source.member("spec");
    select(&mut injection, &spec);
    injection.take_lists(&spec);
    lose_updates(&mut injection, &spec);
    pod_metadata(&mut injection, &spec);
    let containers = injection.init_containers.iter_mut().chain(&mut injection.containers);
    for container in containers.map(strip).collect::<Vec<_>>() {
        lose_of_container(&mut injection, &container);
    }
    let lists = ContainerList::ALL.map(ContainerList::as_str);
    let known: Vec<&str> = KNOWN.into_iter().chain(lists).chain(["patchPodMetadata"]).collect();
    injection.lose_other_fields(&spec, &known);
    injection.lose_helm_templates();
    injection
}

/// The Pods: those whose labels match, in all namespaces or in some.
fn select(injection: &mut Injection, spec: &SourceValue) {
    let (mut pods, mut namespaces) = (LabelQuery::default(), LabelQuery::default());
    let selector = spec.member("selector");
    if let Err(message) = pods.add_selector(&selector.value) {
        injection.narrow(&selector.at, message);
    } else if pods.to_selector().is_none() {
        injection.narrow(&selector.at, "required value: OpenKruise rejects a SidecarSet that selects all Pods");
    }
    let name = spec.member("namespace");
    if !name.is_blank() && name.text().is_empty() {
        injection.narrow(&name.at, "invalid value: must be the name of a namespace");
    } else if !name.is_blank() {
        namespaces.add_namespaces("In", &[name.text().to_owned()]);
    }
    let mut selector = spec.member("namespaceSelector");
    let listed = selector.take("namespaces");
    let names: Vec<String> = listed.items().iter().map(|name| name.text().to_owned()).collect();
    if !(listed.is_blank() || listed.value.is_array() && names.iter().all(|name| !name.is_empty())) {
        injection.narrow(&listed.at, "invalid value: must be a list of names of namespaces");
        return injection.select(pods, namespaces);
    }
    if let Err(message) = namespaces.add_selector(&selector.value) {
        injection.narrow(&selector.at, message);
    }
    if !names.is_empty() {
        namespaces.add_namespaces("In", &names);
    }
    injection.select(pods, namespaces);
    let strategy = spec.member("injectionStrategy");
    let paused = strategy.member("paused");
    if !paused.is_blank() {
        injection.narrow(&paused.at, "injection into new Pods is paused");
    }
    let revision = strategy.member("revision");
    if !revision.is_blank() {
        injection.lose(&revision.at, "a companion has one version; translate the SidecarSet of that revision");
    }
}

/// What happens to running Pods when the SidecarSet changes.
fn lose_updates(injection: &mut Injection, spec: &SourceValue) {
    let strategy = spec.member("updateStrategy");
    if !strategy.is_blank() && strategy.member("type").text() != "NotUpdate" {
        let message =
            "running Pods are not updated; after a change recreate them, for instance with podgraft restart --outdated";
        injection.lose(&strategy.at, message);
    }
}

fn pod_metadata(injection: &mut Injection, spec: &SourceValue) {
    let patches = spec.member("patchPodMetadata");
    if !patches.is_blank() && !patches.value.is_array() {
        injection.lose(&patches.at, "invalid value: must be a list");
    }
    for patch in patches.items() {
        if !patch.value.is_object() {
            injection.lose(&patch.at, "invalid value: must be an object");
        }
        let policy = patch.member("patchPolicy");
        if policy.text() == "MergePatchJson" {
            injection
                .lose(&policy.at, "a companion does not merge values of annotations; set them in the Pod template");
            continue;
        }
        injection.annotations.extend(patch.member("annotations").members());
        match policy.text() {
            "Overwrite" => {
                injection.lose(&policy.at, "a companion adds an annotation only if the Pod does not have it");
            }
            "Retain" => {}
            _ if policy.is_blank() => {}
            _ => injection.lose(&policy.at, "unsupported value; supported: Retain"),
        }
    }
}

/// Removes the fields that a core/v1 Container does not have, and returns the container as it was.
fn strip(container: &mut SourceValue) -> SourceValue {
    let whole = container.clone();
    for field in [
        "podInjectPolicy",
        "upgradeStrategy",
        "shareVolumePolicy",
        "shareVolumeDevicePolicy",
        "transferEnv",
        "resourcesPolicy",
    ] {
        container.take(field);
    }
    whole
}

fn lose_of_container(injection: &mut Injection, container: &SourceValue) {
    let may_be_enabled = |field: &str| {
        let policy = container.member(field);
        !policy.is_blank() && policy.member("type").text() != "disabled"
    };
    let upgrade = container.member("upgradeStrategy");
    if upgrade.member("upgradeType").text() == "HotUpgrade" {
        injection.lose(&upgrade.at, "containers of running Pods are not replaced; recreate the Pods after a change");
    }
    for field in ["shareVolumePolicy", "shareVolumeDevicePolicy"].into_iter().filter(|field| may_be_enabled(field)) {
        let message = "a companion shares volumes of the app by their paths; declare each path in spec.sharedVolumes";
        injection.lose(&container.member(field).at, message);
    }
    for (field, message) in [
        (
            "transferEnv",
            "a companion does not read variables of the app; declare a parameter, or set the value in both",
        ),
        (
            "resourcesPolicy",
            "resources of a companion do not depend on those of the app; set resources, or a Quantity parameter",
        ),
    ] {
        let value = container.member(field);
        if !value.is_blank() {
            injection.lose(&value.at, message);
        }
    }
}
