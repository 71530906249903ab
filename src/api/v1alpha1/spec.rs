use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::container::{Container, EnvVar};
use super::endpoint::{Endpoint, Exposes, Input};
use super::parameter::Parameter;
use super::selector::LabelSelector;
use super::syntax::{EXCLUDED_CONTAINER, SLEEP, SUBDOMAIN};
use super::volume::{File, SharedVolume, Volume};

/// One or more containers, their volumes and what the app gets from them, declared once and injected by name.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = super::rules::rules(&[
    ("self.pattern != 'Ambassador' || (has(self.listens) && self.listens.size() > 0)", "an Ambassador must declare listens, the localhost endpoints that it serves to the app"),
    ("self.pattern != 'Adapter' || (has(self.reads) && self.reads.size() > 0)", "an Adapter must declare reads, its inputs from the app"),
    ("self.pattern == 'Adapter' || !has(self.reads) || self.reads.size() == 0", "only an Adapter may declare reads"),
    ("!has(self.required) || !self.required || self.activation == 'ClusterWide'", "required requires activation ClusterWide: set activation: ClusterWide, or remove required"),
    ("!has(self.required) || !self.required || !has(self.onConflict) || self.onConflict == 'Deny'", "a required companion is never skipped: onConflict must be Deny or unset"),
    ("!has(self.required) || !self.required || !has(self.parameters) || self.parameters.all(p, !has(p.mountPath) && !has(p.resource) && !has(p.listens) && !has(p.file))", "parameters of a required companion can only set env"),
    ("!has(self.required) || !self.required || self.podResources != 'Share'", "a required companion keeps its own resources: podResources must be Add or unset"),
    ("!has(self.required) || !self.required || !has(self.excludeContainers) || self.excludeContainers.size() == 0", "a required companion is for all app containers: excludeContainers must be unset"),
    ("!has(self.position) || self.lifecycle == 'Native'", "position requires lifecycle Native: plain containers are appended"),
    ("self.lifecycle == 'Native' || self.containers.all(c, !has(c.restartPolicyRules) || c.restartPolicyRules.size() == 0)", "restartPolicyRules require lifecycle Native: plain containers get no restartPolicy"),
    ("!has(self.initContainers) || self.initContainers.all(c, !has(c.restartPolicyRules) || c.restartPolicyRules.size() == 0)", "initContainers cannot have restartPolicyRules, because they get no restartPolicy"),
    ("self.activation == 'OnRequest' || !has(self.parameters) || self.parameters.all(p, !has(p.required) || !p.required)", "an automatic companion cannot have a required parameter: give the parameter a default"),
    ("!has(self.initContainers) || self.initContainers.all(i, !self.containers.exists(c, c.name == i.name))", "a name must be unique in containers and initContainers"),
    ("!has(self.volumes) || !has(self.sharedVolumes) || self.volumes.all(v, !self.sharedVolumes.exists(s, s.name == v.name))", "a name must be unique in volumes and sharedVolumes"),
    ("!has(self.reads) || self.reads.all(r, !has(r.sharedVolume) || (has(self.sharedVolumes) && self.sharedVolumes.exists(v, v.name == r.sharedVolume)))", "sharedVolume in reads must be one of sharedVolumes"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.mountPath) || (has(self.sharedVolumes) && self.sharedVolumes.exists(v, p.mountPath == v.name + '/app' || p.mountPath == v.name + '/companion')))", "mountPath of a parameter must refer to one of sharedVolumes"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.listens) || (has(self.listens) && self.listens.exists(l, l.name == p.listens && has(l.env) && has(l.env.port))))", "listens of a parameter must be an endpoint of listens that has env.port"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.resource) || self.containers.exists(c, p.resource.startsWith(c.name + '/')) || (has(self.initContainers) && self.initContainers.exists(c, p.resource.startsWith(c.name + '/'))))", "resource of a parameter must refer to one of containers or initContainers"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.env) || self.parameters.exists_one(q, has(q.env) && q.env == p.env))", "two parameters cannot set the same env"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.mountPath) || self.parameters.exists_one(q, has(q.mountPath) && q.mountPath == p.mountPath))", "two parameters cannot set the same mountPath"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.file) || self.parameters.exists_one(q, has(q.file) && q.file == p.file))", "two parameters cannot set the same file"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.resource) || self.parameters.exists_one(q, has(q.resource) && q.resource == p.resource))", "two parameters cannot set the same resource"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.listens) || self.parameters.exists_one(q, has(q.listens) && q.listens == p.listens))", "two parameters cannot set the same endpoint"),
])))]
pub struct Spec {
    /// The purpose of the companion. Sidecar extends the app. Ambassador makes a remote service available on the
    /// app's localhost and must declare listens. Adapter converts the app's output into a standard form and must
    /// declare reads.
    pub pattern: Pattern,
    /// What the companion does, in one sentence for its users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub description: Option<String>,
    /// When the companion is injected. OnRequest (default): if a Pod or its namespace names it. OptedInNamespaces:
    /// into Pods that are opted in by the label podgraft.dev/inject: enabled, on the Pod or on its namespace.
    /// ClusterWide: into all Pods except those that are opted out; only valid for a ClusterCompanion.
    #[serde(default)]
    pub activation: Activation,
    /// The Pods that may have the companion, for every activation. Defaults to all Pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_selector: Option<LabelSelector>,
    /// The namespaces whose Pods may have the companion, for every activation. Defaults to all namespaces. Only valid
    /// for a ClusterCompanion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Whether Pods cannot opt out of the companion. Requires activation ClusterWide; parameters of a required
    /// companion can only set env.
    #[serde(default, skip_serializing_if = "super::rules::is_false")]
    pub required: bool,
    /// What happens if names, ports, mounts or variables conflict with the Pod. Deny denies the Pod, Skip injects no
    /// companion. Defaults to Deny if the Pod requests the companion or the companion is required, and to Skip if it
    /// is automatic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_conflict: Option<OnConflict>,
    /// Native (default): the containers are init containers with restartPolicy Always, which start before the app and
    /// stop after it. Container: the containers are appended to the Pod's containers; Pods that run to completion
    /// never get them.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// The position of native containers among the Pod's init containers. First: before them, so that the app's init
    /// containers can use the companion and get its variables and mounts. Last: after them. Defaults to First for an
    /// Ambassador, otherwise to Last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Whether Pods with hostNetwork may have the companion, whose ports would then be ports of the node: Refuse
    /// (default) or Allow.
    #[serde(default)]
    pub host_network: HostNetwork,
    /// What happens to the cpu and memory of the companion's containers in Pods with Pod-level resources of either. Add
    /// (default): they are injected, and must fit into the Pod's. Share: they are left out, so that the companion uses what
    /// the Pod has.
    #[serde(default)]
    pub pod_resources: PodResources,
    /// Whether the token of the Pod's service account is mounted into the companion. Defaults to false.
    #[serde(default, skip_serializing_if = "super::rules::is_false")]
    pub service_account_token: bool,
    /// Secrets for pulling the companion's images. They are added to those of the Pod and must exist in its
    /// namespace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub image_pull_secrets: Vec<SecretName>,
    /// The companion's long-running containers, as core/v1 containers. They declare their own user and resources.
    #[schemars(
        length(min = 1, max = 8),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub containers: Vec<Container>,
    /// The companion's own init containers, which run to completion directly before its containers start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub init_containers: Vec<Container>,
    /// The companion's private volumes, which its containers mount with volumeMounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub volumes: Vec<Volume>,
    /// Volumes that both the companion and the app mount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub shared_volumes: Vec<SharedVolume>,
    /// Configuration files of the companion, which need no ConfigMap in the Pod's namespace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["path"]))]
    pub files: Vec<File>,
    /// Endpoints of the companion on localhost. Their variables are set in the app and in the companion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub listens: Vec<Endpoint>,
    /// The inputs of an Adapter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    pub reads: Vec<Input>,
    /// The metrics endpoint. Sets the annotations prometheus.io/scrape, port and path of the Pod, either all or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposes: Option<Exposes>,
    /// What app containers get in addition to mounts and variables of endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<App>,
    /// App containers that the companion leaves alone, such as those of other injectors: they get no variables, mounts
    /// and preStop sleep, and their variables and mounts never conflict. Names, or starts of names followed by `*`. Not
    /// with required.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 16),
        inner(length(max = 63), regex(pattern = EXCLUDED_CONTAINER)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub exclude_containers: Vec<String>,
    /// Annotations that are added to the Pod if it does not have them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "annotations")]
    pub pod_annotations: BTreeMap<String, String>,
    /// Values that users can set, each of which fills one typed slot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    // With more, the API server of Kubernetes 1.30 estimates the costs of the rules for minimum and maximum as too high.
    #[schemars(length(max = 30), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub parameters: Vec<Parameter>,
}

/// What app containers get.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// Environment variables, as core/v1 EnvVars. They precede the app's own, which can refer to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub env: Vec<EnvVar>,
    /// How long an app container sleeps before it is stopped, in whole seconds or minutes, so that open requests are
    /// still served. Applies to containers without a preStop hook, if the Pod's grace period is longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8), regex(pattern = SLEEP))]
    pub pre_stop_sleep: Option<String>,
}

/// The name of a Secret.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
pub struct SecretName {
    /// The Secret's name.
    #[schemars(length(max = 253), regex(pattern = SUBDOMAIN))]
    pub name: String,
}

/// The purpose of a companion.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // documented at the fields, where `kubectl explain` shows it; the same for all enums below
pub enum Pattern {
    Sidecar,
    Ambassador,
    Adapter,
}

/// When a companion is injected.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Activation {
    #[default]
    OnRequest,
    OptedInNamespaces,
    ClusterWide,
}

/// What happens on a conflict.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum OnConflict {
    Deny,
    Skip,
}

/// How a companion's containers run.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Lifecycle {
    #[default]
    Native,
    Container,
}

/// The position of native containers among the init containers.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Position {
    First,
    Last,
}

/// Whether Pods on the node's network may have a companion.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum HostNetwork {
    #[default]
    Refuse,
    Allow,
}

/// Whether a companion has cpu and memory of its own in Pods with Pod-level resources.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PodResources {
    #[default]
    Add,
    Share,
}

fn annotations(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": "object",
        "maxProperties": 16,
        "additionalProperties": {"type": "string", "maxLength": 4096},
    })
}
