use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container::Protocol;
use super::syntax::{LABEL, METRICS_PORT, PLAIN_ENV, URL_PATH};

/// A localhost endpoint that the companion serves to the app.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// The endpoint's name, by which a Port parameter moves it.
    #[schemars(length(max = 63), regex(pattern = LABEL))]
    pub name: String,
    /// The port that the companion listens on. All containers of a Pod share it.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// TCP (default), UDP or SCTP.
    #[serde(default)]
    pub protocol: Protocol,
    /// The environment variables by which the app and the companion's own containers learn of the endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<EndpointEnv>,
}

/// Names of variables that say where an endpoint is.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[schemars(extend("x-kubernetes-validations" = super::rules::rules(&[
    ("!has(self.host) || !has(self.port) || self.host != self.port", "host and port must be two variables"),
])))]
pub struct EndpointEnv {
    /// The variable that is set to 127.0.0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), regex(pattern = PLAIN_ENV))]
    pub host: Option<String>,
    /// The variable that is set to the port. An endpoint that a parameter moves must have it, or the companion would
    /// not learn where to listen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), regex(pattern = PLAIN_ENV))]
    pub port: Option<String>,
}

/// What an adapter takes its input from: exactly one of the two.
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

/// What monitoring may read from the companion.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Exposes {
    /// The name of the container port, metrics when left out. It starts with metrics, so that one scrape job by port
    /// name finds all of them.
    #[serde(default = "metrics")]
    #[schemars(length(max = 15), regex(pattern = METRICS_PORT))]
    pub name: String,
    /// The TCP port that is read. It is added to the companion's first container unless one of them declares it.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// The path that is read, /metrics when left out.
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
