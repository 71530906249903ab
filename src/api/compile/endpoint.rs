//! Compiles localhost endpoints.

use crate::api::slots::mover;
use crate::api::v1alpha1::{self as api, Spec};
use crate::inject::companion::Endpoint;
use crate::inject::protocol::Protocol;

pub(super) fn protocol(protocol: api::Protocol) -> Protocol {
    match protocol {
        api::Protocol::Tcp => Protocol::Tcp,
        api::Protocol::Udp => Protocol::Udp,
        api::Protocol::Sctp => Protocol::Sctp,
    }
}

pub(super) fn endpoint(spec: &Spec, endpoint: &api::Endpoint) -> Endpoint {
    let env = endpoint.env.as_ref();
    Endpoint {
        name: endpoint.name.as_str().into(),
        port: endpoint.port,
        protocol: protocol(endpoint.protocol),
        host_env: env.and_then(|env| env.host.as_deref()).map(Into::into),
        port_env: env.and_then(|env| env.port.as_deref()).map(Into::into),
        parameter: mover(spec, &endpoint.name),
    }
}
