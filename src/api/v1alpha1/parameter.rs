use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::syntax::{LABEL, MOUNT_SLOT, PARAMETER, PATH, PLAIN_ENV, RESOURCE_SLOT, SENTENCE};

/// A value that users fill in, with the annotation podgraft.dev/<companion>.<parameter> of their Pod. It lands in one
/// typed slot as a whole, so it cannot change the shape of what is injected.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = super::rules::rules(&[
    ("[has(self.env), has(self.mountPath), has(self.resource), has(self.listens)].filter(x, x).size() == 1 || (self.type == 'Port' && has(self.env) && has(self.listens) && !has(self.mountPath) && !has(self.resource))",
     "a parameter fills exactly one of env, mountPath, resource and listens; only a Port may fill env and listens"),
    ("!has(self.mountPath) || self.type == 'Path'", "mountPath is a slot for type Path only"),
    ("!has(self.resource) || self.type == 'Quantity'", "resource is a slot for type Quantity only"),
    ("!has(self.listens) || self.type == 'Port'", "listens is a slot for type Port only"),
    ("!has(self.pattern) || self.type == 'String'", "pattern belongs to type String"),
    ("!has(self.pattern) || (''.matches(self.pattern) ? true : true)", "pattern must be a regular expression"),
    ("!has(self.enum) || self.type == 'String'", "enum belongs to type String"),
    ("!has(self.maxLength) || self.type == 'String'", "maxLength belongs to type String"),
    ("!has(self.as) || self.type == 'Duration'", "as belongs to type Duration"),
    ("!has(self.below) || self.type == 'Path'", "below belongs to type Path"),
    ("!has(self.mountPath) || !self.mountPath.endsWith('/companion') || has(self.below)",
     "a path on the companion's side needs below: the directory that it must stay in"),
    ("!has(self.minimum) || (self.type == 'Integer' && type(self.minimum) == int) || (self.type == 'Quantity' && (type(self.minimum) == int || isQuantity(string(self.minimum))))",
     "minimum belongs to types Integer and Quantity and is one of them"),
    ("!has(self.maximum) || (self.type == 'Integer' && type(self.maximum) == int) || (self.type == 'Quantity' && (type(self.maximum) == int || isQuantity(string(self.maximum))))",
     "maximum belongs to types Integer and Quantity and is one of them"),
    ("!has(self.required) || !self.required || !has(self.default)", "a required parameter has no default: it would never be used"),
    ("!has(self.default) || !has(self.pattern) || self.default.matches('^(?:' + self.pattern + ')$')", "default must match pattern as a whole"),
    ("!has(self.default) || !has(self.enum) || self.default in self.enum", "default must be one of enum"),
    ("!has(self.default) || !has(self.maxLength) || self.default.size() <= self.maxLength", "default must have at most maxLength characters"),
    ("!has(self.default) || self.type != 'Integer' || self.default.matches('^(0|-?[1-9][0-9]*)$')", "default must be a whole number"),
    ("!has(self.default) || self.type != 'Boolean' || self.default in ['true', 'false']", "default must be true or false"),
    ("!has(self.default) || self.type != 'Duration' || self.default.matches('^(0|[1-9][0-9]*)(ms|s|m|h)$')", "default must be a number and one unit of ms, s, m, h"),
    ("!has(self.default) || self.type != 'Quantity' || isQuantity(self.default)", "default must be a quantity"),
    ("!has(self.default) || self.type != 'Port' || self.default.matches('^[1-9][0-9]{0,4}$')", "default must be a port"),
    ("!has(self.default) || self.type != 'Path' || self.default.matches('^(/[^/:]+)+$')", "default must be an absolute path"),
    ("!has(self.default) || self.type != 'SecretKey' || self.default.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?/[-._a-zA-Z0-9]+$')", "default must be <secret>/<key>"),
])))]
pub struct Parameter {
    /// The parameter's name: lower-case letters, digits and hyphens, with a letter in front.
    #[schemars(length(max = 20), regex(pattern = PARAMETER))]
    pub name: String,
    /// What values it takes. String: at most 1024 characters. Integer, Boolean. Duration: a number and one unit of ms, s,
    /// m, h. Quantity: a Kubernetes quantity. Port: 1 to 65535. Path: absolute and normalised. SecretKey:
    /// <secret>/<key> of the Pod's namespace, whose value podgraft never sees.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// What the parameter is for, in a sentence for those who fill it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub description: Option<String>,
    /// Whether a Pod that asks for the companion must give it. Only companions with activation OnRequest may have such
    /// parameters.
    #[serde(default, skip_serializing_if = "super::rules::is_false")]
    pub required: bool,
    /// The value where a Pod gives none, written as a Pod would write it: always a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub default: Option<String>,
    /// The only values that a String may have.
    #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 32), inner(length(max = 256)), extend("x-kubernetes-list-type" = "set"))]
    pub words: Vec<String>,
    /// A regular expression that must match the whole of a String, in the syntax that RE2 and Rust have in common. All
    /// patterns of a companion together compile to at most 256 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub pattern: Option<String>,
    /// The longest String allowed, in characters; 1024 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1024))]
    pub max_length: Option<u16>,
    /// What is added where a value is denied: a sentence of the companion's author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), regex(pattern = SENTENCE))]
    pub message: Option<String>,
    /// The smallest Integer or Quantity allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Bound>,
    /// The largest Integer or Quantity allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Bound>,
    /// Writes a Duration as a bare number of seconds or milliseconds; as it was given when left out.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub form: Option<DurationForm>,
    /// The directory that a Path must lie strictly below. Needed for a path on the companion's side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512), regex(pattern = PATH))]
    pub below: Option<String>,
    /// Slot of every type: the environment variable of the companion's containers that says the value. It is never set
    /// in the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), regex(pattern = PLAIN_ENV))]
    pub env: Option<String>,
    /// Slot of a Path: the side of a shared volume that it moves, <shared volume>/app or <shared volume>/companion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80), regex(pattern = MOUNT_SLOT))]
    pub mount_path: Option<String>,
    /// Slot of a Quantity: a resource of one of the companion's containers, such as proxy/limits.memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 384), regex(pattern = RESOURCE_SLOT))]
    pub resource: Option<String>,
    /// Slot of a Port: the endpoint that it moves, with its environment variables and every container, probe and hook
    /// port of the companion that equals it. The endpoint must have env.port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), regex(pattern = LABEL))]
    pub listens: Option<String>,
}

/// What values a parameter takes.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // said at the field, where `kubectl explain` shows it
pub enum ParameterType {
    String,
    Integer,
    Boolean,
    Duration,
    Quantity,
    Port,
    Path,
    SecretKey,
}

/// How a duration is written into its slot.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum DurationForm {
    Seconds,
    Milliseconds,
}

/// A whole number, or a quantity.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(untagged)]
pub enum Bound {
    /// A whole number.
    Number(i64),
    /// A quantity.
    Text(String),
}

impl JsonSchema for Bound {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Bound".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({"x-kubernetes-int-or-string": true, "maxLength": 64})
    }
}
