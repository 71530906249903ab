//! Version v1alpha1 of the custom resources: two kinds with the same specification.
//!
//! The doc comments of fields become descriptions of the CRDs, which `kubectl explain` prints.

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

pub use container::{Container, ContainerPort, EnvVar, Protocol};
pub use endpoint::{Endpoint, Exposes};
pub use parameter::{Bound, DurationForm, Parameter, ParameterType};
pub use selector::{LabelSelector, Operator};
pub use spec::{Activation, HostNetwork, Lifecycle, OnConflict, Pattern, PodResources, Position, Spec};
pub use status::{LAST_VALID, Status};
pub(super) use syntax::describe_pattern;
pub use volume::{SharedVolume, Volume};

/// The group of both kinds.
pub const GROUP: &str = "podgraft.dev";
/// `apiVersion` of both kinds.
pub const API_VERSION: &str = "podgraft.dev/v1alpha1";

/// The companion: its containers, when it is injected, and the parameters that users can set.
#[derive(CustomResource, Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq)]
#[kube(
    group = "podgraft.dev",
    version = "v1alpha1",
    kind = "ClusterCompanion",
    plural = "clustercompanions",
    shortname = "ccomp",
    category = "podgraft",
    status = "Status",
    doc = "ClusterCompanion declares companion containers for Pods of all namespaces. The platform team writes it; users select it by name and set its parameters with annotations of their Pods.",
    printcolumn = r#"{"name": "Pattern", "type": "string", "jsonPath": ".spec.pattern", "description": "The purpose of the companion."}"#,
    printcolumn = r#"{"name": "Activation", "type": "string", "jsonPath": ".spec.activation", "description": "When the companion is injected."}"#,
    printcolumn = r#"{"name": "Required", "type": "boolean", "jsonPath": ".spec.required", "priority": 1, "description": "Whether Pods cannot opt out."}"#,
    printcolumn = r#"{"name": "For", "type": "string", "jsonPath": ".status.appliesTo", "priority": 1, "description": "Which Pods the companion is meant for."}"#,
    printcolumn = r#"{"name": "Last Injected", "type": "date", "jsonPath": ".status.lastInjected", "description": "When a Pod was last created with the companion; written at most every five minutes."}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "description": "Whether the newest version is active."}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason", "priority": 1, "description": "The reason of the Ready condition."}"#,
    printcolumn = r#"{"name": "Hash", "type": "string", "jsonPath": ".status.hash", "priority": 1, "description": "The content hash of the active version."}"#,
    printcolumn = r#"{"name": "Description", "type": "string", "jsonPath": ".spec.description", "priority": 1, "description": "What the companion does."}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    validation = ("self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')", "metadata.name must be a DNS label of at most 40 characters: lowercase letters, digits and hyphens"),
    validation = ("!(self.metadata.name in ['true', 'false', 'none', 'all', 'enabled', 'disabled'])", "metadata.name must not be one of true, false, none, all, enabled, disabled")
)]
#[serde(transparent)]
pub struct ClusterScoped(pub Spec);

/// The companion: its containers, when it is injected, and the parameters that users can set.
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
    doc = "Companion declares companion containers for Pods of its own namespace. In its namespace it replaces a ClusterCompanion of the same name completely, unless that one is required.",
    printcolumn = r#"{"name": "Pattern", "type": "string", "jsonPath": ".spec.pattern", "description": "The purpose of the companion."}"#,
    printcolumn = r#"{"name": "Activation", "type": "string", "jsonPath": ".spec.activation", "description": "When the companion is injected."}"#,
    printcolumn = r#"{"name": "For", "type": "string", "jsonPath": ".status.appliesTo", "priority": 1, "description": "Which Pods the companion is meant for."}"#,
    printcolumn = r#"{"name": "Last Injected", "type": "date", "jsonPath": ".status.lastInjected", "description": "When a Pod was last created with the companion; written at most every five minutes."}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "description": "Whether the newest version is active."}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason", "priority": 1, "description": "The reason of the Ready condition."}"#,
    printcolumn = r#"{"name": "Hash", "type": "string", "jsonPath": ".status.hash", "priority": 1, "description": "The content hash of the active version."}"#,
    printcolumn = r#"{"name": "Description", "type": "string", "jsonPath": ".spec.description", "priority": 1, "description": "What the companion does."}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    validation = ("self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')", "metadata.name must be a DNS label of at most 40 characters: lowercase letters, digits and hyphens"),
    validation = ("!(self.metadata.name in ['true', 'false', 'none', 'all', 'enabled', 'disabled'])", "metadata.name must not be one of true, false, none, all, enabled, disabled"),
    validation = ("!has(self.spec.required) || !self.spec.required", "only a ClusterCompanion can be required"),
    validation = ("self.spec.activation != 'ClusterWide'", "only a ClusterCompanion can have activation ClusterWide"),
    validation = ("!has(self.spec.namespaceSelector)", "only a ClusterCompanion can have a namespaceSelector")
)]
#[serde(transparent)]
pub struct Namespaced(pub Spec);
