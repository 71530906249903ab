//! Compiles a companion without problems into what a review needs, and keeps what is readable of an invalid one.

mod container;
mod declared;
mod endpoint;
mod hash;
mod pod_requirements;
mod resources;
mod selectors;
mod slots_writer;
mod template;
#[cfg(test)]
mod tests;
mod volumes;

use std::sync::Arc;

use serde_json::Value;

use super::object::CompanionObject;
use super::path::FieldPath;
use super::report::Report;
use super::slots::endpoint_at;
use super::v1alpha1 as api;
use super::v1alpha1::Spec;
use super::{derived, parameter_type};
use crate::inject::companion::catalog::{CatalogEntry, InvalidCompanion};
use crate::inject::companion::injections::Injections;
use crate::inject::companion::parameter::Parameter;
use crate::inject::companion::selector::Selector;
use crate::inject::companion::{
    Activation, Companion, CompanionKind, CompanionPattern, Container, EnvVar, Exposes, File, OnConflict, Placement,
};
use crate::inject::container_list::ContainerList;
use crate::inject::keys;

pub use selectors::of as selector;

/// An invalid companion, with what could be read of it.
pub(super) fn invalid(object: &CompanionObject, report: &Report) -> CatalogEntry {
    let required = object.spec.required && object.kind == CompanionKind::ClusterCompanion;
    // A required companion that is invalid denies the Pods that it might select. If its activation or selectors are
    // not readable, it might select any Pod.
    let unreadable = required && report.any_within(&FieldPath::spec("activation"));
    let selectors = selectors::compile(object, report);
    CatalogEntry::Invalid(Arc::new(InvalidCompanion {
        name: object.name.clone(),
        kind: object.kind,
        activation: if unreadable { Activation::ClusterWide } else { activation(object.spec.activation) },
        required,
        selectors: selectors.or_else(|| required.then(|| selectors::readable(object, report))),
    }))
}

/// A valid companion. There is none where its policies need a part that cannot be read, which is reported.
pub(super) fn valid(object: &CompanionObject, report: &mut Report) -> Option<CatalogEntry> {
    let spec = &object.spec;
    let (pod_selector, namespace_selector) = selectors(object);
    let containers = |list| -> Box<[Container]> {
        object.containers().filter(|each| each.list == list).map(|each| container::container(object, &each)).collect()
    };
    let volumes: Box<[_]> = volumes::own_volumes(object).into_iter().map(volumes::compiled).collect();
    let shared_volumes: Box<[_]> =
        spec.shared_volumes.iter().map(|volume| volumes::shared_volume(object, volume)).collect();
    let token_mask = volumes::token_mask(object);
    let names = volumes.iter().chain(shared_volumes.iter().map(|shared| &shared.volume));
    let names = names.chain(token_mask.iter().map(|mask| &mask.volume)).map(|volume| &*volume.name);
    let evictable = volumes::evictable(spec, names);
    let declared = if spec.required { Some(declared::declared(object, report)?) } else { None };
    Some(CatalogEntry::Valid(Arc::new(Companion {
        name: object.name.clone(),
        kind: object.kind,
        hash: hash::of(&object.raw),
        label: format!("{}{}", keys::HASH_LABELS, object.name).into(),
        pattern: pattern(spec.pattern),
        activation: activation(spec.activation),
        required: spec.required,
        pod_selector,
        namespace_selector,
        on_conflict: spec.on_conflict.map(on_conflict),
        allows_host_network: spec.host_network == api::HostNetwork::Allow,
        uses_token: spec.service_account_token,
        shares_pod_resources: spec.pod_resources == api::PodResources::Share,
        placement: placement(spec),
        containers: containers(ContainerList::Containers),
        init_containers: containers(ContainerList::Init),
        volumes,
        secret_volumes: volumes::secret_volumes(object),
        token_mask,
        shared_volumes,
        files: files(object),
        endpoints: spec.listens.iter().map(|endpoint| endpoint::endpoint(spec, endpoint)).collect(),
        exposes: spec.exposes.as_ref().map(|exposes| self::exposes(spec, exposes)),
        app_env: app_env(object),
        pre_stop_sleep: spec.app.as_ref().and_then(|app| derived::pre_stop_seconds(app.pre_stop_sleep.as_deref()?)),
        exclude_containers: spec.exclude_containers.iter().map(|name| boxed(name)).collect(),
        pod_annotations: spec.pod_annotations.iter().map(|(key, value)| (boxed(key), boxed(value))).collect(),
        evictable,
        image_pull_secrets: spec.image_pull_secrets.iter().map(|secret| boxed(&secret.name)).collect(),
        pod_requirements: pod_requirements::pod_requirements(object),
        pod_security: std::mem::take(&mut report.pod_security).into(),
        parameters: spec.parameters.iter().map(parameter).collect(),
        also_accepted: Box::default(),
        declared: declared.map(Box::new),
        injections: Injections::default(),
    })))
}

fn boxed(text: &str) -> Box<str> {
    text.into()
}

fn selectors(object: &CompanionObject) -> (Selector, Selector) {
    selectors::compile(object, &Report::default()).unwrap_or_default()
}

fn pattern(pattern: api::Pattern) -> CompanionPattern {
    match pattern {
        api::Pattern::Sidecar => CompanionPattern::Sidecar,
        api::Pattern::Ambassador => CompanionPattern::Ambassador,
        api::Pattern::Adapter => CompanionPattern::Adapter,
    }
}

fn on_conflict(on_conflict: api::OnConflict) -> OnConflict {
    match on_conflict {
        api::OnConflict::Deny => OnConflict::Deny,
        api::OnConflict::Skip => OnConflict::Skip,
    }
}

fn activation(activation: api::Activation) -> Activation {
    match activation {
        api::Activation::OnRequest => Activation::OnRequest,
        api::Activation::OptedInNamespaces => Activation::OptedInNamespaces,
        api::Activation::ClusterWide => Activation::ClusterWide,
    }
}

fn placement(spec: &Spec) -> Placement {
    match (spec.lifecycle, spec.position, spec.pattern) {
        (api::Lifecycle::Container, ..) => Placement::Container,
        (_, Some(api::Position::First), _) | (_, None, api::Pattern::Ambassador) => Placement::First,
        _ => Placement::Last,
    }
}

fn files(object: &CompanionObject) -> Box<[File]> {
    let files = object.spec.files.iter().enumerate();
    files.map(|(i, file)| File { key: derived::file_key(object, i), content: boxed(&file.content) }).collect()
}

fn exposes(spec: &Spec, exposes: &api::Exposes) -> Exposes {
    Exposes {
        port: exposes.port,
        endpoint: endpoint_at(spec, exposes.port, api::Protocol::Tcp),
        path: boxed(&exposes.path),
    }
}

fn app_env(object: &CompanionObject) -> Box<[EnvVar]> {
    let variables = object.raw["app"]["env"].as_array().into_iter().flatten();
    let variable = |v: &Value| {
        Some(EnvVar {
            name: boxed(v["name"].as_str()?),
            template: template::variables(object, std::slice::from_ref(v)),
        })
    };
    variables.filter_map(variable).collect()
}

fn parameter(parameter: &api::Parameter) -> Parameter {
    Parameter {
        name: boxed(&parameter.name),
        // Validation has reported its problems; a companion that is compiled has none.
        kind: parameter_type::compile(parameter, &FieldPath::root(), &mut Report::default()),
        required: parameter.required,
        default: parameter.default.as_deref().map(Into::into),
        env: parameter.env.as_deref().map(Into::into),
        file: parameter.file.as_deref().map(Into::into),
        message: parameter.message.as_deref().map(Into::into),
    }
}
