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
    Container {
        name: each.container.name.as_str().into(),
        image: each.container.image.as_str().into(),
        template: template::template(object, each),
        ports: ports.map(port).collect(),
        probed: probed(each).map(|number| port((number, api::Protocol::Tcp, None))).collect(),
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

/// The ports that probes connect to.
fn probed(each: &ContainerAt) -> impl Iterator<Item = u16> {
    let probes =
        ["livenessProbe", "readinessProbe", "startupProbe"].into_iter().filter_map(|probe| each.raw.get(probe));
    let ports = probes.flat_map(|probe| ["httpGet", "tcpSocket", "grpc"].map(|kind| &probe[kind]["port"]));
    ports.filter_map(|port| u16::try_from(port.as_u64()?).ok())
}
