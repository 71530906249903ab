//! Configurations of other injectors as companions. The room is pure: values in, companions and findings out.
//!
//! ```text
//! documents -> configurations (by kind or shape) -> Injection (what is added to which Pods) -> Translation
//! ```
//!
//! What cannot be translated is a [`Loss`]. No rule becomes weaker in silence: a companion whose Pods cannot be selected as
//! before is injected into Pods that request it, and a configuration that cannot become a valid companion is not translated.

mod admission_policy;
mod assembly;
mod audience;
mod cel;
mod configuration;
mod injection;
mod json_patch;
mod kyverno;
mod loss;
mod pod_patch;
mod profile;
mod sidecar_set;
mod sidecars;
mod source_value;
#[cfg(test)]
mod tests;
mod translation;

use std::collections::BTreeMap;

use configuration::{InjectorConfig, System};
use injection::Injection;

pub use configuration::SourceDocument;
pub use loss::Loss;
pub use translation::{Strictness, Translation};

/// Translates every configuration among the documents, in their order. Documents of other kinds are ignored; bindings of
/// policies and the bases of profiles are looked up among all of them.
#[must_use]
pub fn translate(documents: &[SourceDocument<'_>], strictness: Strictness) -> Vec<Translation> {
    let all = configuration::all(documents);
    let translated = |one| {
        let injections = injections(one, &all).into_iter();
        injections.map(|injection| assembly::translation(injection, &one.source, strictness))
    };
    let mut translations: Vec<_> = all.iter().flat_map(translated).collect();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for one in &mut translations {
        let Some(identity) = one.identity() else { continue };
        match names.get(&identity) {
            Some(other) => one.withdraw(format!("duplicate name: also the name of {other}; rename one of the two")),
            None => drop(names.insert(identity, one.title.clone())),
        }
    }
    translations.iter_mut().for_each(Translation::clean);
    translations
}

/// What one configuration injects: a policy can have several rules.
fn injections(one: &InjectorConfig, all: &[InjectorConfig]) -> Vec<Injection> {
    match one.system {
        System::Profile => vec![profile::injection(one, all)],
        System::Sidecars => vec![sidecars::injection(one)],
        System::SidecarSet => vec![sidecar_set::injection(one)],
        System::KyvernoPolicy => kyverno::injections(one),
        System::AdmissionPolicy | System::KyvernoMutatingPolicy => {
            admission_policy::injection(one, all).into_iter().collect()
        }
        System::AdmissionPolicyBinding => Vec::new(),
        System::Unreadable => vec![unreadable(one)],
    }
}

/// What is reported of a text that cannot be read.
fn unreadable(one: &InjectorConfig) -> Injection {
    let config_map = one.config_map.clone().unwrap_or_default();
    let mut injection =
        Injection::new("ConfigMap", config_map.member("metadata").member("name").text(), &one.source.at);
    injection.abandon(&one.source.at, format!("cannot be read: {}", one.fault.as_deref().unwrap_or_default()));
    injection
}
