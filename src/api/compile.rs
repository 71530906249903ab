//! The compiled companion, made of an object in which there is nothing to mend.

pub(super) mod declared;
pub(super) mod hash;
pub(super) mod slots_writer;
pub(super) mod template;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::object::{CompanionObject, ContainerAt};
use super::path::FieldPath;
use super::report::Report;
use super::slots;
use super::v1alpha1 as api;
use super::v1alpha1::Spec;
use super::validate::storage::files;
use super::validate::storage::volumes::{FILES, NO_TOKEN, full_name};
use super::validate::{parameters, selectors};
use crate::inject::companion::catalog::{CatalogEntry, InvalidCompanion};
use crate::inject::companion::index::{EndpointIndex, ParameterIndex};
use crate::inject::companion::parameter::Parameter;
use crate::inject::companion::selector::Selector;
use crate::inject::companion::{
    Activation, Companion, CompanionMount, CompanionPattern, Container, ContainerPort, Endpoint, EnvVar, Exposes, File,
    OnConflict, Placement, SharedVolume, Volume,
};
use crate::inject::keys::FILES_PREFIX;
use crate::inject::protocol::Protocol;

/// What could be read of an object in which there is something to mend.
pub(super) fn invalid(object: &CompanionObject, found: &Report) -> CatalogEntry {
    let required = object.spec.required && object.kind == crate::inject::companion::CompanionKind::ClusterCompanion;
    // A required companion denies the Pods that it might select: what cannot be read of it never lets one pass without it.
    let unreadable = required && found.any_within(&FieldPath::spec("activation"));
    let selectors = selectors::compile(object, found);
    CatalogEntry::Invalid(InvalidCompanion {
        name: object.name.clone(),
        kind: object.kind,
        activation: if unreadable { Activation::ClusterWide } else { activation(object.spec.activation) },
        required,
        selectors: selectors.or_else(|| required.then(|| selectors::readable(object, found))),
    })
}

/// The companion.
pub(super) fn valid(object: &CompanionObject) -> CatalogEntry {
    let spec = &object.spec;
    let (pod_selector, namespace_selector) = selectors(object);
    let containers = |init| -> Box<[Container]> {
        object.containers().filter(|each| each.init == init).map(|each| container(object, &each)).collect()
    };
    let volumes = volumes(object);
    let shared_volumes: Box<[_]> = spec.shared_volumes.iter().map(|volume| shared_volume(object, volume)).collect();
    let declared = spec.required.then(|| declared::declared(object, &volumes, &shared_volumes)).flatten();
    CatalogEntry::Valid(Arc::new(Companion {
        name: object.name.clone(),
        kind: object.kind,
        hash: hash::of(&object.raw),
        pattern: match spec.pattern {
            api::Pattern::Sidecar => CompanionPattern::Sidecar,
            api::Pattern::Ambassador => CompanionPattern::Ambassador,
            api::Pattern::Adapter => CompanionPattern::Adapter,
        },
        activation: activation(spec.activation),
        required: spec.required,
        pod_selector,
        namespace_selector,
        on_conflict: spec.on_conflict.map(|on_conflict| match on_conflict {
            api::OnConflict::Deny => OnConflict::Deny,
            api::OnConflict::Skip => OnConflict::Skip,
        }),
        allows_host_network: spec.host_network == api::HostNetwork::Allow,
        placement: placement(spec),
        containers: containers(false),
        init_containers: containers(true),
        volumes,
        shared_volumes,
        files: spec
            .files
            .iter()
            .enumerate()
            .map(|(i, f)| File { key: file_key(object, i), content: boxed(&f.content) })
            .collect(),
        endpoints: spec.listens.iter().map(|endpoint| self::endpoint(spec, endpoint)).collect(),
        exposes: spec.exposes.as_ref().map(|exposes| Exposes {
            port: exposes.port,
            endpoint: endpoint_at(spec, exposes.port, api::Protocol::Tcp),
            path: boxed(&exposes.path),
        }),
        app_env: app_env(object),
        pre_stop_sleep: spec.app.as_ref().and_then(|app| files::seconds(app.pre_stop_sleep.as_deref()?)),
        pod_annotations: spec.pod_annotations.iter().map(|(key, value)| (boxed(key), boxed(value))).collect(),
        image_pull_secrets: spec.image_pull_secrets.iter().map(|secret| boxed(&secret.name)).collect(),
        parameters: spec.parameters.iter().map(parameter).collect(),
        also_accepted: Box::default(),
        declared: declared.map(Box::new),
    }))
}

fn boxed(text: &str) -> Box<str> {
    text.into()
}

fn selectors(object: &CompanionObject) -> (Selector, Selector) {
    selectors::compile(object, &Report::default()).unwrap_or_default()
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

fn container(object: &CompanionObject, each: &ContainerAt) -> Container {
    let exposed = template::exposed_port(object, each);
    let ports = each.container.ports.iter().map(|p| (p.container_port, p.protocol, p.host_port));
    let ports = ports.chain(exposed.map(|port| (port, api::Protocol::Tcp, None)));
    let port = |(number, transport, host_port)| ContainerPort {
        number,
        protocol: protocol(transport),
        host_port,
        endpoint: endpoint_at(&object.spec, number, transport),
    };
    Container {
        name: boxed(&each.container.name),
        image: boxed(&each.container.image),
        template: template::template(object, each),
        ports: ports.map(port).collect(),
        probed: probed(each).map(|number| port((number, api::Protocol::Tcp, None))).collect(),
        mount_paths: template::own_mounts(object, each)
            .iter()
            .filter_map(|mount| mount["mountPath"].as_str())
            .chain(device_paths(each))
            .map(Into::into)
            .collect(),
    }
}

/// Where a container has its block devices: a mount cannot be there as well.
fn device_paths<'o>(each: &'o ContainerAt<'o>) -> impl Iterator<Item = &'o str> {
    let devices = each.field("volumeDevices").and_then(Value::as_array).into_iter().flatten();
    devices.filter_map(|device| device["devicePath"].as_str())
}

/// The numbers of ports that a container's probes ask.
fn probed(each: &ContainerAt) -> impl Iterator<Item = u16> {
    let probes =
        ["livenessProbe", "readinessProbe", "startupProbe"].into_iter().filter_map(|probe| each.raw.get(probe));
    let ways = probes.flat_map(|probe| ["httpGet", "tcpSocket", "grpc"].map(|way| &probe[way]["port"]));
    ways.filter_map(|port| u16::try_from(port.as_u64()?).ok())
}

fn protocol(protocol: api::Protocol) -> Protocol {
    match protocol {
        api::Protocol::Tcp => Protocol::Tcp,
        api::Protocol::Udp => Protocol::Udp,
        api::Protocol::Sctp => Protocol::Sctp,
    }
}

/// The endpoint with a port, by its index.
pub(super) fn endpoint_at(spec: &Spec, port: u16, protocol: api::Protocol) -> Option<EndpointIndex> {
    index(spec.listens.iter().position(|e| (e.port, e.protocol) == (port, protocol)))
}

/// An index into one of the lists that the schema bounds far below 256.
fn index<I: TryFrom<usize>>(position: Option<usize>) -> Option<I> {
    position.and_then(|i| i.try_into().ok())
}

/// The parameter that moves an endpoint, by its index.
pub(super) fn mover(spec: &Spec, endpoint: &str) -> Option<ParameterIndex> {
    index(spec.parameters.iter().position(|p| p.listens.as_deref() == Some(endpoint)))
}

fn endpoint(spec: &Spec, endpoint: &api::Endpoint) -> Endpoint {
    let env = endpoint.env.as_ref();
    Endpoint {
        name: boxed(&endpoint.name),
        port: endpoint.port,
        protocol: protocol(endpoint.protocol),
        host_env: env.and_then(|env| env.host.as_deref()).map(Into::into),
        port_env: env.and_then(|env| env.port.as_deref()).map(Into::into),
        parameter: mover(spec, &endpoint.name),
    }
}

/// The annotation that carries a file.
pub(super) fn file_key(object: &CompanionObject, index: usize) -> Box<str> {
    format!("{FILES_PREFIX}{}.{index}", object.name).into()
}

fn volumes(object: &CompanionObject) -> Box<[Volume]> {
    let own = object.raw["volumes"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let own = own.map(|volume| self::volume(object, volume["name"].as_str().unwrap_or_default(), volume));
    let files = (!object.spec.files.is_empty()).then(|| {
        let items = object.spec.files.iter().enumerate().map(|(i, file)| {
            let path = format!("metadata.annotations['{}']", file_key(object, i));
            json!({"path": i.to_string(), "fieldRef": {"fieldPath": path}, "mode": file.mode.unwrap_or(0o644)})
        });
        let source = json!({"downwardAPI": {"items": items.collect::<Vec<_>>()}});
        volume(object, FILES, source.as_object().unwrap_or(&Map::new()))
    });
    let masked = object.containers().any(|each| template::masks_token(object, &each));
    let mask = masked.then(|| volume(object, NO_TOKEN, json!({"emptyDir": {}}).as_object().unwrap_or(&Map::new())));
    own.chain(files).chain(mask).collect()
}

/// A volume under its name in the Pod.
fn volume(object: &CompanionObject, name: &str, source: &Map<String, Value>) -> Volume {
    let name = full_name(&object.name, name);
    let mut whole = Map::new();
    whole.insert("name".to_owned(), name.clone().into());
    whole.extend(source.iter().filter(|(key, _)| *key != "name").map(|(key, value)| (key.clone(), value.clone())));
    if whole.iter().all(|(key, value)| key == "name" || value.is_null()) {
        // As the API server does it.
        whole.insert("emptyDir".to_owned(), json!({}));
    }
    Volume { name: name.into(), json: Value::Object(whole).to_string().into() }
}

fn shared_volume(object: &CompanionObject, shared: &api::SharedVolume) -> SharedVolume {
    let empty_dir = || json!({"emptyDir": {}}).as_object().cloned().unwrap_or_default();
    let source = shared.source.clone().unwrap_or_else(empty_dir);
    let moved = |side: &str| {
        let slot = format!("{}/{side}", shared.name);
        index(object.spec.parameters.iter().position(|p| p.mount_path.as_ref() == Some(&slot)))
    };
    let reads_only = object.spec.pattern == api::Pattern::Adapter;
    SharedVolume {
        joins: shared.source.is_none(),
        shareable: ["emptyDir", "persistentVolumeClaim", "ephemeral"].iter().any(|kind| source.contains_key(*kind)),
        read_only: source.get("persistentVolumeClaim").is_some_and(|claim| claim["readOnly"] == true),
        volume: volume(object, &shared.name, &source),
        companion: CompanionMount {
            path: boxed(&shared.companion.mount_path),
            read_only: shared.companion.read_only.unwrap_or(reads_only),
            parameter: moved("companion"),
        },
        app: CompanionMount {
            path: boxed(&shared.app.mount_path),
            read_only: shared.app.read_only,
            parameter: moved("app"),
        },
    }
}

fn app_env(object: &CompanionObject) -> Box<[EnvVar]> {
    let variables = object.raw["app"]["env"].as_array().into_iter().flatten();
    let variable = |v: &Value| Some(EnvVar { name: boxed(v["name"].as_str()?), json: v.to_string().into() });
    variables.filter_map(variable).collect()
}

fn parameter(parameter: &api::Parameter) -> Parameter {
    Parameter {
        name: boxed(&parameter.name),
        // Its problems were told before; here there are none.
        kind: parameters::compile(parameter, &FieldPath::root(), &mut Report::default()),
        required: parameter.required,
        default: parameter.default.as_deref().map(Into::into),
        env: parameter.env.as_deref().map(Into::into),
        message: parameter.message.as_deref().map(Into::into),
    }
}

/// The parameter that fills a resource, by its index.
pub(super) fn filler(spec: &Spec, container: &str, list: &str, resource: &str) -> Option<ParameterIndex> {
    let fills = |p: &api::Parameter| {
        p.resource.as_deref().and_then(slots::target) == Some((container, list_of(list), resource))
    };
    index(spec.parameters.iter().position(fills))
}

fn list_of(list: &str) -> &'static str {
    if list == "limits" { "limits" } else { "requests" }
}
