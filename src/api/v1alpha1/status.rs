use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// Upper bound on the length of `lastValid`, in bytes and therefore in characters: the object must have room for a
/// second specification.
pub const LAST_VALID: usize = 262_144;

/// The state of the companion, written by podgraft.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The generation of the specification that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The content hash of the active version. Pods that were injected with it have this hash in their annotation
    /// podgraft.dev/status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub hash: Option<String>,
    /// Which Pods the companion is meant for, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub applies_to: Option<String>,
    /// When a Pod was last created with the companion. It is written at most every five minutes, so it can be older than the
    /// last injection by as much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "time")]
    pub last_injected: Option<Time>,
    /// The specification of the active version as JSON, if the newest version is invalid and this one is not too
    /// long. A replica of podgraft reads it when it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = LAST_VALID))]
    pub last_valid: Option<String>,
    /// Warnings about the specification, each of which begins with a field path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 1024)), extend("x-kubernetes-list-type" = "atomic"))]
    pub warnings: Vec<String>,
    /// The conditions of the companion. Ready is True while the newest version is the active one; if it is False, the
    /// message names each field to fix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}

/// A time, with the bound of Kubernetes' own.
fn time(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({"type": "string", "format": "date-time", "maxLength": 64})
}

/// Conditions, with the bounds of Kubernetes' own.
fn conditions(generator: &mut SchemaGenerator) -> Schema {
    let mut condition = Condition::json_schema(generator);
    for (field, bounds) in [
        ("type", serde_json::json!({"maxLength": 316})),
        ("status", serde_json::json!({"enum": ["True", "False", "Unknown"], "maxLength": 7})),
        ("reason", serde_json::json!({"minLength": 1, "maxLength": 1024})),
        ("message", serde_json::json!({"maxLength": 32768})),
        ("lastTransitionTime", serde_json::json!({"type": "string", "format": "date-time", "maxLength": 64})),
    ] {
        let property =
            condition.pointer_mut(&format!("/properties/{field}")).and_then(serde_json::Value::as_object_mut);
        if let (Some(property), serde_json::Value::Object(bounds)) = (property, bounds) {
            property.extend(bounds);
        }
    }
    schemars::json_schema!({
        "type": "array",
        "maxItems": 8,
        "items": condition,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    })
}
