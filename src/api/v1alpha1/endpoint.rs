use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container::Protocol;
use super::syntax::{LABEL, METRICS_PORT, PLAIN_ENV, URL_PATH};

/// A localhost endpoint that the companion serves to the app.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// The endpoint's name, to which a Port parameter refers.
    #[schemars(length(max = 63), regex(pattern = LABEL))]
    pub name: String,
    /// The port that the companion listens on. All containers of a Pod share it.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// TCP (default), UDP or SCTP.
    #[serde(default)]
    pub protocol: Protocol,
    /// The environment variables with the address of the endpoint, for the app and for the companion's containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<EndpointEnv>,
}

/// The names of the variables for the address of an endpoint.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[schemars(extend("x-kubernetes-validations" = super::rules::rules(&[
    ("!has(self.host) || !has(self.port) || self.host != self.port", "host and port must be different variables"),
])))]
pub struct EndpointEnv {
    /// The variable that is set to 127.0.0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), regex(pattern = PLAIN_ENV))]
    pub host: Option<String>,
    /// The variable that is set to the port. An endpoint whose port a parameter sets must have it, so that the
    /// companion knows where to listen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), regex(pattern = PLAIN_ENV))]
    pub port: Option<String>,
}

/// An input of an adapter: either a shared volume or a port.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = super::rules::rules(&[
    ("has(self.sharedVolume) != has(self.port)", "exactly one of sharedVolume and port must be given"),
])))]
pub struct Input {
    /// The name of a shared volume that the app writes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), regex(pattern = LABEL))]
    pub shared_volume: Option<String>,
    /// A TCP port that the app listens on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
}

/// The metrics endpoint of a companion.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Exposes {
    /// The name of the container port. Defaults to metrics. It must start with metrics, so that one scrape job can
    /// select all of them by port name.
    #[serde(default = "metrics")]
    #[schemars(length(max = 15), regex(pattern = METRICS_PORT))]
    pub name: String,
    /// The TCP port of the metrics. It is added to the companion's first container unless one of the containers
    /// declares it.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// The HTTP path of the metrics. Defaults to /metrics.
    #[serde(default = "metrics_path")]
    #[schemars(length(max = 256), regex(pattern = URL_PATH))]
    pub path: String,
}

fn metrics() -> String {
    "metrics".to_owned()
}

fn metrics_path() -> String {
    "/metrics".to_owned()
}
