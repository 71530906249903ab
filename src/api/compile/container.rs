//! Compiles a container, with the ports and paths that it uses.

use serde_json::Value;

use super::endpoint::protocol;
use super::resources::resources;
use super::template;
use crate::api::derived;
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::slots::endpoint_at;
use crate::api::v1alpha1 as api;
use crate::inject::companion::{Container, ContainerPort};

pub(super) fn container(object: &CompanionObject, each: &ContainerAt) -> Container {
    let exposed = derived::exposed_port(object, each);
    let ports = each.container.ports.iter().map(|p| (p.container_port, p.protocol, p.host_port));
    let ports = ports.chain(exposed.map(|port| (port, api::Protocol::Tcp, None)));
    let port = |(number, transport, host_port)| ContainerPort {
        number,
        protocol: protocol(transport),
        host_port,
        endpoint: endpoint_at(&object.spec, number, transport),
    };
    let is_input = |number: &u16| object.spec.reads.iter().any(|input| input.port == Some(*number));
    let (inputs, own): (Vec<u16>, Vec<u16>) = probed(each).partition(is_input);
    Container {
        name: each.container.name.as_str().into(),
        image: each.container.image.as_str().into(),
        template: template::template(object, each),
        ports: ports.map(port).collect(),
        probed: own.into_iter().map(|number| port((number, api::Protocol::Tcp, None))).collect(),
        probed_inputs: inputs.into(),
        resources: resources(object, each),
        mount_paths: derived::all_mounts(object, each)
            .iter()
            .filter_map(|mount| mount["mountPath"].as_str())
            .chain(device_paths(each))
            .map(Into::into)
            .collect(),
    }
}

/// The paths of block devices, which no mount can use.
fn device_paths<'o>(each: &'o ContainerAt<'o>) -> impl Iterator<Item = &'o str> {
    let devices = each.field("volumeDevices").and_then(Value::as_array).into_iter().flatten();
    devices.filter_map(|device| device["devicePath"].as_str())
}

/// The ports that probes reach in the Pod. A probe with a `host` asks that host, and `grpc` has none.
fn probed(each: &ContainerAt) -> impl Iterator<Item = u16> {
    let probes =
        ["livenessProbe", "readinessProbe", "startupProbe"].into_iter().filter_map(|probe| each.raw.get(probe));
    let actions = probes.flat_map(|probe| ["httpGet", "tcpSocket", "grpc"].map(|kind| (kind, &probe[kind])));
    let has_host = |(kind, action): &(&str, &Value)| {
        *kind != "grpc" && action["host"].as_str().is_some_and(|host| !host.is_empty())
    };
    let own = actions.filter(move |action| !has_host(action));
    own.filter_map(|(_, action)| u16::try_from(action["port"].as_u64()?).ok())
}
