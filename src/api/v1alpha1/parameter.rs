use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::syntax::{LABEL, MOUNT_SLOT, PARAMETER, PATH, PLAIN_ENV, RESOURCE_SLOT, SENTENCE};

/// A value that users set with the annotation podgraft.dev/<companion>.<parameter> of their Pods. It fills one typed
/// slot as a whole, so it cannot change the structure of what is injected.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = super::rules::rules(&[
    ("[has(self.env), has(self.mountPath), has(self.resource), has(self.listens), has(self.file)].filter(x, x).size() == 1 || (self.type in ['Port', 'SecretKey'] && has(self.env) && has(self.listens) != has(self.file) && !has(self.mountPath) && !has(self.resource))",
     "a parameter sets exactly one of env, mountPath, resource, listens and file; only a Port may set both env and listens, and only a SecretKey both env and file"),
    ("!has(self.mountPath) || self.type == 'Path'", "only a parameter of type Path can set mountPath"),
    ("!has(self.resource) || self.type == 'Quantity'", "only a parameter of type Quantity can set resource"),
    ("!has(self.listens) || self.type == 'Port'", "only a parameter of type Port can set listens"),
    ("!has(self.file) || self.type == 'SecretKey'", "only a parameter of type SecretKey can set file"),
    ("!has(self.pattern) || self.type == 'String'", "only type String may have pattern"),
    ("!has(self.pattern) || (''.matches(self.pattern) ? true : true)", "pattern must be a regular expression"),
    ("!has(self.enum) || self.type == 'String'", "only type String may have enum"),
    ("!has(self.maxLength) || self.type == 'String'", "only type String may have maxLength"),
    ("!has(self.__as__) || self.type == 'Duration'", "only type Duration may have as"),
    ("!has(self.below) || self.type == 'Path'", "only type Path may have below"),
    ("!has(self.mountPath) || !self.mountPath.endsWith('/companion') || has(self.below)",
     "a path on the companion's side requires below, the directory that values must stay in"),
    ("!has(self.minimum) || (self.type == 'Integer' && type(self.minimum) == int) || (self.type == 'Quantity' && (type(self.minimum) == int || isQuantity(self.minimum)))",
     "minimum must be a value of the type, which must be Integer or Quantity"),
    ("!has(self.maximum) || (self.type == 'Integer' && type(self.maximum) == int) || (self.type == 'Quantity' && (type(self.maximum) == int || isQuantity(self.maximum)))",
     "maximum must be a value of the type, which must be Integer or Quantity"),
    ("!has(self.required) || !self.required || !has(self.default)", "a required parameter must not have a default, which would never be used"),
    ("!has(self.default) || !has(self.pattern) || self.default.matches('^(?:' + self.pattern + ')$')", "default must match pattern as a whole"),
    ("!has(self.default) || !has(self.enum) || self.default in self.enum", "default must be one of enum"),
    ("!has(self.default) || !has(self.maxLength) || self.default.size() <= self.maxLength", "default must have at most maxLength characters"),
    ("!has(self.default) || self.type != 'Integer' || self.default.matches('^(0|-?[1-9][0-9]*)$')", "default must be an integer"),
    ("!has(self.default) || self.type != 'Boolean' || self.default in ['true', 'false']", "default must be true or false"),
    ("!has(self.default) || self.type != 'Duration' || self.default.matches('^(0|[1-9][0-9]*)(ms|s|m|h)$')", "default must be a number and one of the units ms, s, m, h"),
    ("!has(self.default) || self.type != 'Quantity' || isQuantity(self.default)", "default must be a quantity"),
    ("!has(self.default) || self.type != 'Port' || self.default.matches('^[1-9][0-9]{0,4}$')", "default must be a port"),
    ("!has(self.default) || self.type != 'Path' || self.default.matches('^(/[^/:]+)+$')", "default must be an absolute path"),
    ("!has(self.default) || self.type != 'SecretKey' || self.default.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?/[-._a-zA-Z0-9]+$')", "default must be <secret>/<key>"),
])))]
pub struct Parameter {
    /// The parameter's name: lowercase letters, digits and hyphens, starting with a letter.
    #[schemars(length(max = 20), regex(pattern = PARAMETER))]
    pub name: String,
    /// The type of the values. String: at most 1024 characters. Integer. Boolean: true or false. Duration: a number
    /// and one of the units ms, s, m, h. Quantity: a Kubernetes quantity. Port: 1 to 65535. Path: absolute and
    /// normalized. SecretKey: <secret>/<key> in the Pod's namespace, whose value podgraft never reads.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// What the parameter is for, in one sentence for its users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub description: Option<String>,
    /// Whether a Pod that requests the companion must set the parameter. Requires activation OnRequest.
    #[serde(default, skip_serializing_if = "super::rules::is_false")]
    pub required: bool,
    /// The value for Pods that set none, written as in an annotation: always a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub default: Option<String>,
    /// The allowed values of a String.
    #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 32), inner(length(max = 256)), extend("x-kubernetes-list-type" = "set"))]
    pub words: Vec<String>,
    /// A regular expression that must match the whole value of a String, in the common syntax of RE2 and Rust. All
    /// patterns of a companion together must compile to at most 256 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub pattern: Option<String>,
    /// The maximum length of a String, in characters. Defaults to 1024.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1024))]
    pub max_length: Option<u16>,
    /// A sentence that is appended to the message if a value is denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), regex(pattern = SENTENCE))]
    pub message: Option<String>,
    /// The minimum of an Integer or a Quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Bound>,
    /// The maximum of an Integer or a Quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Bound>,
    /// Writes a Duration as a plain number of seconds or milliseconds. Defaults to the value as it was given.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub form: Option<DurationForm>,
    /// The directory that a Path must be below. Required for a path on the companion's side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512), regex(pattern = PATH))]
    pub below: Option<String>,
    /// Slot for all types: the environment variable of the companion's containers that is set to the value, or to the
    /// path of file. It is never set in the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), regex(pattern = PLAIN_ENV))]
    pub env: Option<String>,
    /// Slot for a Path: the mount path of one side of a shared volume, <shared volume>/app or <shared
    /// volume>/companion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80), regex(pattern = MOUNT_SLOT))]
    pub mount_path: Option<String>,
    /// Slot for a Quantity: a resource of one of the companion's containers, such as proxy/limits.memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 384), regex(pattern = RESOURCE_SLOT))]
    pub resource: Option<String>,
    /// Slot for a Port: the port of an endpoint, which must have env.port. Its environment variables change with it,
    /// and so does each port of the companion's containers, probes and hooks that equals it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), regex(pattern = LABEL))]
    pub listens: Option<String>,
    /// Slot for a SecretKey: the absolute path of a file in the companion's containers that has the value. A rotated Secret
    /// reaches the file without a new Pod. The files of one directory are one read-only volume with mode 0444, which hides
    /// the directory of the image. With env, the variable has the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512), regex(pattern = PATH))]
    pub file: Option<String>,
}

/// The type of a parameter's values.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // documented at the field, where `kubectl explain` shows it
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

/// An integer or a quantity.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(untagged)]
pub enum Bound {
    /// An integer.
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
