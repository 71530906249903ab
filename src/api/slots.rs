//! Slots: which parameter fills what, which variables endpoints and parameters set, and the quantities in a specification.

use serde_json::Value;

use super::object::CompanionObject;
use super::path::FieldPath;
use super::v1alpha1::{Bound, Parameter, Protocol, Spec};
use crate::inject::companion::index::{EndpointIndex, ParameterIndex};
use crate::inject::companion::quantity::Quantity;

/// Splits a `mountPath` slot into the shared volume and whether it is the companion's side.
pub(super) fn side(slot: &str) -> Option<(&str, bool)> {
    let (volume, side) = slot.split_once('/')?;
    Some((volume, side == "companion"))
}

/// The index of the parameter that fills the mount path of one side of a shared volume.
pub(super) fn mover_of_mount(spec: &Spec, volume: &str, companion: bool) -> Option<usize> {
    spec.parameters.iter().position(|p| p.mount_path.as_deref().and_then(side) == Some((volume, companion)))
}

/// Splits a `resource` slot into container, list and resource.
pub(super) fn target(slot: &str) -> Option<(&str, &'static str, &str)> {
    let (container, rest) = slot.split_once('/')?;
    let (list, resource) = rest.split_once('.')?;
    Some((container, ["limits", "requests"].into_iter().find(|l| *l == list)?, resource))
}

/// The index of the endpoint with a port.
pub(super) fn endpoint_at(spec: &Spec, port: u16, protocol: Protocol) -> Option<EndpointIndex> {
    index(spec.listens.iter().position(|e| (e.port, e.protocol) == (port, protocol)))
}

/// An index into a list that the schema bounds far below 256.
pub(super) fn index<I: TryFrom<usize>>(position: Option<usize>) -> Option<I> {
    position.and_then(|i| i.try_into().ok())
}

/// The index of the parameter that fills the port of an endpoint.
pub(super) fn mover(spec: &Spec, endpoint: &str) -> Option<ParameterIndex> {
    index(spec.parameters.iter().position(|p| p.listens.as_deref() == Some(endpoint)))
}

/// The index of the parameter that fills a resource.
pub(super) fn filler(spec: &Spec, container: &str, list: &str, resource: &str) -> Option<ParameterIndex> {
    let fills = |p: &Parameter| p.resource.as_deref().and_then(target) == Some((container, list_of(list), resource));
    index(spec.parameters.iter().position(fills))
}

fn list_of(list: &str) -> &'static str {
    if list == "limits" { "limits" } else { "requests" }
}

/// The names of the variables that endpoints and parameters set in all containers of the companion.
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

/// A quantity in JSON: a string or a number.
pub(super) fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => Quantity::parse(text),
        Value::Number(number) => Quantity::parse(&number.to_string()),
        _ => None,
    }
}

/// A bound of a Quantity parameter.
pub(super) fn quantity_of_bound(bound: &Bound) -> Option<Quantity> {
    match bound {
        Bound::Number(number) => Quantity::parse(&number.to_string()),
        Bound::Text(text) => Quantity::parse(text),
    }
}
