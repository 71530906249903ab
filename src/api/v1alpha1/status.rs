use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// How long `lastGood` may be, in bytes and so in characters: the object has to have room for a second specification.
pub const LAST_GOOD: usize = 262_144;

/// What podgraft made of the specification. Written by podgraft.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The generation of the specification that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The content hash of the version in use. Pods that were injected with it carry it in their annotation
    /// podgraft.dev/status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub hash: Option<String>,
    /// Where the newest version is invalid: the specification of the version in use, as JSON, if it is not too long. A
    /// replica of podgraft that starts anew takes it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = LAST_GOOD))]
    pub last_good: Option<String>,
    /// What works, but should be looked at: one sentence each, with the field in front.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 1024)), extend("x-kubernetes-list-type" = "atomic"))]
    pub warnings: Vec<String>,
    /// The companion's state. Ready is True while its newest version is the one that is injected; where it is False,
    /// the message names every field to mend.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}

/// Conditions with the bounds that Kubernetes gives its own.
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
