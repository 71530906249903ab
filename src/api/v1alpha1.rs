//! Version v1alpha1 of the custom resources: two kinds with one specification.
//!
//! The doc comments of all fields are what `kubectl explain` prints.

mod container;
mod endpoint;
mod parameter;
mod rules;
mod selector;
mod spec;
mod status;
mod syntax;
mod volume;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use container::{Container, ContainerPort, EnvVar, Protocol, VolumeMount};
pub use endpoint::{Endpoint, EndpointEnv, Exposes, Input};
pub use parameter::{Bound, DurationForm, Parameter, ParameterType};
pub use selector::{LabelSelector, Operator, Requirement};
pub use spec::{Activation, App, HostNetwork, Lifecycle, OnConflict, Pattern, Position, SecretName, Spec};
pub use status::{LAST_GOOD, Status};
pub(super) use syntax::describe_pattern;
pub use volume::{AppSide, CompanionSide, File, SharedVolume, Volume};

/// The group of both kinds.
pub const GROUP: &str = "podgraft.dev";
/// `apiVersion` of both kinds.
pub const API_VERSION: &str = "podgraft.dev/v1alpha1";

/// What the companion is made of, when it comes, and what users may fill in.
#[derive(CustomResource, Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq)]
#[kube(
    group = "podgraft.dev",
    version = "v1alpha1",
    kind = "ClusterCompanion",
    plural = "clustercompanions",
    shortname = "ccomp",
    category = "podgraft",
    status = "Status",
    doc = "ClusterCompanion declares companion containers that Pods of all namespaces can have, or get, by name. It is written by the platform team; users choose it and fill in its parameters through annotations of their Pods.",
    printcolumn = r#"{"name": "Pattern", "type": "string", "jsonPath": ".spec.pattern", "description": "Why the companion is there."}"#,
    printcolumn = r#"{"name": "Activation", "type": "string", "jsonPath": ".spec.activation", "description": "When the companion comes."}"#,
    printcolumn = r#"{"name": "Required", "type": "boolean", "jsonPath": ".spec.required", "priority": 1, "description": "Whether nobody may opt out of it."}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "description": "Whether the newest version is the one in use."}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason", "priority": 1, "description": "Why it is ready, or is not."}"#,
    printcolumn = r#"{"name": "Hash", "type": "string", "jsonPath": ".status.hash", "priority": 1, "description": "Content hash of the version in use."}"#,
    printcolumn = r#"{"name": "Description", "type": "string", "jsonPath": ".spec.description", "priority": 1, "description": "What the companion does."}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    validation = ("self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')", "metadata.name must be a DNS label of at most 40 characters: lower-case letters, digits and hyphens"),
    validation = ("!(self.metadata.name in ['true', 'false', 'none', 'all', 'enabled', 'disabled'])", "metadata.name must not be one of true, false, none, all, enabled, disabled")
)]
#[serde(transparent)]
pub struct ClusterScoped(pub Spec);

/// What the companion is made of, when it comes, and what users may fill in.
#[derive(CustomResource, Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq)]
#[kube(
    group = "podgraft.dev",
    version = "v1alpha1",
    kind = "Companion",
    plural = "companions",
    namespaced,
    shortname = "comp",
    category = "podgraft",
    status = "Status",
    doc = "Companion declares companion containers that Pods of its own namespace can have, or get, by name. It takes the place of a ClusterCompanion of the same name in its namespace wholly, unless that one is required.",
    printcolumn = r#"{"name": "Pattern", "type": "string", "jsonPath": ".spec.pattern", "description": "Why the companion is there."}"#,
    printcolumn = r#"{"name": "Activation", "type": "string", "jsonPath": ".spec.activation", "description": "When the companion comes."}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "description": "Whether the newest version is the one in use."}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason", "priority": 1, "description": "Why it is ready, or is not."}"#,
    printcolumn = r#"{"name": "Hash", "type": "string", "jsonPath": ".status.hash", "priority": 1, "description": "Content hash of the version in use."}"#,
    printcolumn = r#"{"name": "Description", "type": "string", "jsonPath": ".spec.description", "priority": 1, "description": "What the companion does."}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    validation = ("self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')", "metadata.name must be a DNS label of at most 40 characters: lower-case letters, digits and hyphens"),
    validation = ("!(self.metadata.name in ['true', 'false', 'none', 'all', 'enabled', 'disabled'])", "metadata.name must not be one of true, false, none, all, enabled, disabled"),
    validation = ("!has(self.spec.required) || !self.spec.required", "spec.required belongs to a ClusterCompanion: a Companion is never required"),
    validation = ("self.spec.activation != 'ClusterWide'", "spec.activation ClusterWide belongs to a ClusterCompanion: a Companion is for Pods of its own namespace"),
    validation = ("!has(self.spec.namespaceSelector)", "spec.namespaceSelector belongs to a ClusterCompanion: a Companion is for Pods of its own namespace")
)]
#[serde(transparent)]
pub struct Namespaced(pub Spec);
