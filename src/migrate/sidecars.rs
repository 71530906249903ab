//! ExpediaGroup/kubernetes-sidecar-injector: a ConfigMap of the app's namespace with a list of sidecars, which Pods request by
//! the name of the ConfigMap (`Sidecar` in its `pkg/webhook`).

use super::configuration::InjectorConfig;
use super::injection::Injection;
use super::source_value::SourceValue;
use crate::inject::container_list::ContainerList;
use crate::inject::names::is_label;

/// The longest name of a namespace.
const LONGEST_NAMESPACE: usize = 63;

/// Fields that are translated; the name of a single sidecar has no effect there.
const KNOWN: [&str; 4] = ["name", "volumes", "imagePullSecrets", "annotations"];

pub(super) fn injection(one: &InjectorConfig) -> Injection {
    let metadata = one.config_map.as_ref().map(|map| map.member("metadata")).unwrap_or_default();
    let namespace = metadata.member("namespace");
    let mut injection = match &one.config_map {
        Some(_) => Injection::new("ConfigMap", metadata.member("name").text(), &one.source.at),
        None => Injection::new("sidecars", &stem(one), &one.source.at),
    };
    injection.is_namespaced = true;
    injection.namespace = Some(namespace.text().to_owned()).filter(|text| !text.is_empty());
    if !namespace.value.is_null() && !is_label(namespace.text(), LONGEST_NAMESPACE) {
        injection.abandon(&namespace.at, "invalid value: must be a DNS label");
    }
    for item in one.source.items() {
        let nested = item.member("sidecar");
        add(&mut injection, if nested.value.is_object() { &nested } else { &item });
    }
    injection.lose_helm_templates();
    injection
}

/// The name of the file, for a list that is not in a ConfigMap.
fn stem(one: &InjectorConfig) -> String {
    one.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn add(injection: &mut Injection, sidecar: &SourceValue) {
    if !sidecar.value.is_object() {
        return injection.lose(&sidecar.at, "invalid value: must be an object");
    }
    injection.take_lists(sidecar);
    injection.annotations.extend(sidecar.member("annotations").members());
    let lists = ContainerList::ALL.map(ContainerList::as_str);
    injection.lose_other_fields(sidecar, &KNOWN.into_iter().chain(lists).collect::<Vec<_>>());
}
