use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::syntax::{ENV, LABEL, PATH};

/// A core/v1 Container, fields of future Kubernetes versions included.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// The container's name in the Pod. It conflicts with any other container of that name.
    #[schemars(length(max = 63), regex(pattern = LABEL))]
    pub name: String,
    /// The container's image, with a version or a digest.
    #[schemars(length(min = 1, max = 1024))]
    pub image: String,
    /// The container's own environment variables. They follow those of endpoints and parameters, and can refer to
    /// them as $(NAME).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub env: Vec<EnvVar>,
    /// The ports that the container listens on. All containers of a Pod share them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 16),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["containerPort", "protocol"])
    )]
    pub ports: Vec<ContainerPort>,
    /// Mounts of the companion's private volumes. Shared volumes and files are mounted automatically.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["mountPath"]))]
    pub volume_mounts: Vec<VolumeMount>,
    /// Rules that restart the container, or all containers of the Pod, by its exit code. Only valid in containers of a
    /// companion whose lifecycle is Native. API servers before Kubernetes 1.36 drop this field or deny the Pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "restart_rules")]
    pub restart_policy_rules: Vec<Value>,
    /// All other fields.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// core/v1 ContainerRestartRules, which validation checks by the schema of Kubernetes.
fn restart_rules(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": "array",
        "maxItems": 20,
        "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        "x-kubernetes-list-type": "atomic",
    })
}

/// A core/v1 EnvVar.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
pub struct EnvVar {
    /// The variable's name.
    #[schemars(length(min = 1, max = 128), regex(pattern = ENV))]
    pub name: String,
    /// The variable's value. $(NAME) is replaced by the value of a variable that precedes this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub value: Option<String>,
    /// All other fields.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A core/v1 ContainerPort.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ContainerPort {
    /// The port that the container listens on.
    #[schemars(range(min = 1, max = 65535))]
    pub container_port: u16,
    /// TCP (default), UDP or SCTP.
    #[serde(default)]
    pub protocol: Protocol,
    /// The port's name, unique within the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 15))]
    pub name: Option<String>,
    /// The port of the node. A host port limits such Pods to one per node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub host_port: Option<u16>,
    /// All other fields.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A core/v1 VolumeMount.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct VolumeMount {
    /// The name of one of the companion's volumes.
    #[schemars(length(max = 61))]
    pub name: String,
    /// The mount path: absolute and normalized.
    #[schemars(length(max = 512), regex(pattern = PATH))]
    pub mount_path: String,
    /// All other fields.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A transport protocol.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)] // Kubernetes documents these values
pub enum Protocol {
    #[default]
    Tcp,
    Udp,
    Sctp,
}
