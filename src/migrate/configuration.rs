//! Finds the configurations of other injectors among documents, by their kind or by their shape.

use std::path::Path;

use serde_json::Value;

use super::source_value::{SourcePlace, SourceValue};
use crate::inject::container_list::ContainerList;
use crate::manifest;

/// How deep lists may be within lists.
const DEEPEST_LIST: usize = 8;

/// A document that was read.
#[derive(Debug, Clone, Copy)]
pub struct SourceDocument<'d> {
    /// Its file; documents refer to each other by paths.
    pub path: &'d Path,
    /// Its value.
    pub value: &'d Value,
}

/// The systems whose configurations are translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    /// A configuration of tumblr/k8s-sidecar-injector: a file, or a text in a ConfigMap.
    Profile,
    /// A list of sidecars of ExpediaGroup/kubernetes-sidecar-injector: a text in a ConfigMap.
    Sidecars,
    /// A SidecarSet of OpenKruise.
    SidecarSet,
    /// A ClusterPolicy or Policy of Kyverno.
    KyvernoPolicy,
    /// A MutatingPolicy of Kyverno, which has the form of an admission policy and needs no binding.
    KyvernoMutatingPolicy,
    /// A MutatingAdmissionPolicy of Kubernetes.
    AdmissionPolicy,
    /// Its binding.
    AdmissionPolicyBinding,
    /// A text in a ConfigMap that has containers and cannot be read.
    Unreadable,
}

/// One configuration.
#[derive(Debug)]
pub(super) struct InjectorConfig {
    pub(super) system: System,
    /// The file of the document.
    pub(super) path: Box<Path>,
    /// The ConfigMap that has it as a text.
    pub(super) config_map: Option<SourceValue>,
    pub(super) source: SourceValue,
    /// Why it cannot be read.
    pub(super) fault: Option<String>,
}

/// All configurations, in the order of the documents.
pub(super) fn all(documents: &[SourceDocument<'_>]) -> Vec<InjectorConfig> {
    let mut found = Vec::new();
    for (document, SourceDocument { path, value }) in documents.iter().enumerate() {
        let at = SourcePlace { document, pointer: String::new() };
        add(&mut found, path, &SourceValue { at, value: (*value).clone() }, DEEPEST_LIST);
    }
    found
}

fn add(found: &mut Vec<InjectorConfig>, path: &Path, source: &SourceValue, depth: usize) {
    let (kind, version) = (source.member("kind"), source.member("apiVersion"));
    let group = version.text().split_once('/').map_or("", |(group, _)| group);
    let system = match (group, kind.text()) {
        (_, list) if list.ends_with("List") && depth > 0 => {
            return source.list("items").iter().for_each(|item| add(found, path, item, depth - 1));
        }
        ("", "ConfigMap") => return add_texts(found, path, source),
        ("", "") if version.is_blank() => by_shape(&source.value),
        ("apps.kruise.io", "SidecarSet") => Some(System::SidecarSet),
        ("kyverno.io", "ClusterPolicy" | "Policy") => Some(System::KyvernoPolicy),
        ("policies.kyverno.io", "MutatingPolicy" | "NamespacedMutatingPolicy") => Some(System::KyvernoMutatingPolicy),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy") => Some(System::AdmissionPolicy),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding") => Some(System::AdmissionPolicyBinding),
        _ => None,
    };
    if let Some(system) = system {
        found.push(InjectorConfig { system, path: path.into(), config_map: None, source: source.clone(), fault: None });
    }
}

/// Adds the texts of a ConfigMap that are configurations.
fn add_texts(found: &mut Vec<InjectorConfig>, path: &Path, config_map: &SourceValue) {
    for (_, text) in config_map.member("data").members() {
        let (value, fault) = match manifest::read(text.text().as_bytes()).into_iter().next() {
            Some(Ok(document)) => (document.value.unwrap_or_default(), None),
            Some(Err(error)) => (Value::Null, Some(error.to_string())),
            None => continue,
        };
        // Other texts of ConfigMaps are of no interest, whatever their form.
        let names_containers = || text.text().contains(&format!("{}:", ContainerList::Containers));
        let system = by_shape(&value).or_else(|| (fault.is_some() && names_containers()).then_some(System::Unreadable));
        if let Some(system) = system {
            let source = SourceValue { at: text.at, value };
            let config_map = Some(config_map.clone());
            found.push(InjectorConfig { system, path: path.into(), config_map, source, fault });
        }
    }
}

/// The system of a document that has neither `apiVersion` nor `kind`.
fn by_shape(value: &Value) -> Option<System> {
    if value.get("apiVersion").is_some() || value.get("kind").is_some() {
        return None;
    }
    let has_lists = |value: &Value| {
        let lists = ContainerList::ALL.map(ContainerList::as_str);
        lists.into_iter().chain(["volumes"]).any(|list| value[list].is_array())
    };
    // A text such as `env: production` in a ConfigMap is no profile.
    let has_field = || {
        ["env", "volumeMounts", "hostAliases"].iter().any(|list| value[list].is_array())
            || ["inherits", "serviceAccountName"].iter().any(|text| value[text].is_string())
            || ["hostNetwork", "hostPID"].iter().any(|flag| value[flag].is_boolean())
    };
    let is_profile = value["name"].is_string() && (has_lists(value) || has_field());
    let is_sidecar = |item: &Value| has_lists(item.get("sidecar").unwrap_or(item));
    let is_list = value.as_array().is_some_and(|items| items.iter().any(is_sidecar));
    match (is_profile, is_list) {
        (true, _) => Some(System::Profile),
        (_, true) => Some(System::Sidecars),
        _ => None,
    }
}
