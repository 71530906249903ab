//! Slots: which parameter fills what, and which variables endpoints and parameters set.

use super::object::CompanionObject;
use super::path::FieldPath;
use super::v1alpha1::{Parameter, Protocol, Spec};

/// The shared volume and the side that a Path parameter moves.
pub(super) fn side(slot: &str) -> Option<(&str, bool)> {
    let (volume, side) = slot.split_once('/')?;
    Some((volume, side == "companion"))
}

/// The parameter that moves a side of a shared volume, by its index.
pub(super) fn mover_of_mount(spec: &Spec, volume: &str, companion: bool) -> Option<usize> {
    spec.parameters.iter().position(|p| p.mount_path.as_deref().and_then(side) == Some((volume, companion)))
}

/// The container, the list and the resource that a Quantity parameter fills.
pub(super) fn target(slot: &str) -> Option<(&str, &'static str, &str)> {
    let (container, rest) = slot.split_once('/')?;
    let (list, resource) = rest.split_once('.')?;
    Some((container, ["limits", "requests"].into_iter().find(|l| *l == list)?, resource))
}

/// The endpoint with a port, by its index.
pub(super) fn endpoint_at(spec: &Spec, port: u16, protocol: Protocol) -> Option<u8> {
    index(spec.listens.iter().position(|e| (e.port, e.protocol) == (port, protocol)))
}

/// An index into one of the lists that the schema bounds far below 256.
pub(super) fn index(position: Option<usize>) -> Option<u8> {
    position.and_then(|i| u8::try_from(i).ok())
}

/// The parameter that moves an endpoint, by its index.
pub(super) fn mover(spec: &Spec, endpoint: &str) -> Option<u8> {
    index(spec.parameters.iter().position(|p| p.listens.as_deref() == Some(endpoint)))
}

/// The parameter that fills a resource, by its index.
pub(super) fn filler(spec: &Spec, container: &str, list: &str, resource: &str) -> Option<u8> {
    let fills = |p: &Parameter| p.resource.as_deref().and_then(target) == Some((container, list_of(list), resource));
    index(spec.parameters.iter().position(fills))
}

fn list_of(list: &str) -> &'static str {
    if list == "limits" { "limits" } else { "requests" }
}

/// The names that endpoints and parameters set in all of the companion's containers.
pub(super) fn given_variables(object: &CompanionObject) -> impl Iterator<Item = &str> {
    let parameters = object.spec.parameters.iter().filter_map(|p| p.env.as_deref());
    variables_of_endpoints(object).map(|(name, ..)| name).chain(parameters)
}

pub(super) fn variables_of_endpoints(object: &CompanionObject) -> impl Iterator<Item = (&str, FieldPath, String)> {
    object.spec.listens.iter().enumerate().flat_map(|(i, endpoint)| {
        let at = FieldPath::spec("listens").item(i).member("env");
        let env = endpoint.env.iter().flat_map(|env| [("host", &env.host), ("port", &env.port)]);
        env.filter_map(move |(side, name)| {
            Some((name.as_deref()?, at.member(side), format!("endpoint {}", endpoint.name)))
        })
    })
}
