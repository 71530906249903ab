//! What a companion listens on, and the variables of the app.

use super::index::{EndpointIndex, ParameterIndex};
use super::template::Template;
use crate::inject::protocol::Protocol;

/// An endpoint on the Pod's localhost.
#[derive(Debug)]
pub struct Endpoint {
    /// `name`.
    pub name: Box<str>,
    /// `port`, unless a parameter moves it.
    pub port: u16,
    /// `protocol`.
    pub protocol: Protocol,
    /// The variable with the host, 127.0.0.1.
    pub host_env: Option<Box<str>>,
    /// The variable with the port.
    pub port_env: Option<Box<str>>,
    /// The Port parameter that moves the endpoint.
    pub parameter: Option<ParameterIndex>,
}

/// The metrics that a companion exposes.
#[derive(Debug)]
pub struct Exposes {
    /// The port of the scrape annotation, unless it is that of an endpoint that a parameter moves.
    pub port: u16,
    /// The endpoint with the same port.
    pub endpoint: Option<EndpointIndex>,
    /// The path of the scrape annotation.
    pub path: Box<str>,
}

/// An environment variable.
#[derive(Debug)]
pub struct EnvVar {
    /// `name`.
    pub name: Box<str>,
    /// The whole core/v1 EnvVar. Only the name of a shared volume varies in it.
    pub template: Template,
}

impl Endpoint {
    /// The names of the variables that each app container and each companion container gets, in order.
    pub(in crate::inject) fn variables(&self) -> impl Iterator<Item = &str> {
        self.host_env.iter().chain(&self.port_env).map(|name| &**name)
    }
}
