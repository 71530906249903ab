use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::container::{Container, EnvVar};
use super::endpoint::{Endpoint, Exposes, Input};
use super::parameter::Parameter;
use super::selector::LabelSelector;
use super::syntax::{SLEEP, SUBDOMAIN};
use super::volume::{File, SharedVolume, Volume};

/// One or more containers, their volumes and what the app gets from them, declared once and injected by name.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = super::rules::rules(&[
    ("self.pattern != 'Ambassador' || (has(self.listens) && self.listens.size() > 0)", "an Ambassador must declare listens: the localhost endpoints that it brings to the app"),
    ("self.pattern != 'Adapter' || (has(self.reads) && self.reads.size() > 0)", "an Adapter must declare reads: what it takes its input from"),
    ("self.pattern == 'Adapter' || !has(self.reads) || self.reads.size() == 0", "only an Adapter may declare reads"),
    ("!has(self.required) || !self.required || self.activation == 'ClusterWide'", "required needs activation ClusterWide"),
    ("!has(self.required) || !self.required || !has(self.onConflict) || self.onConflict == 'Deny'", "a required companion is never skipped: onConflict must be Deny or left out"),
    ("!has(self.required) || !self.required || !has(self.parameters) || self.parameters.all(p, !has(p.mountPath) && !has(p.resource) && !has(p.listens))", "parameters of a required companion fill env only"),
    ("!has(self.position) || self.lifecycle == 'Native'", "position is for lifecycle Native only: plain containers stand behind the app's"),
    ("self.activation == 'OnRequest' || !has(self.parameters) || self.parameters.all(p, !has(p.required) || !p.required)", "a companion that comes by itself cannot have a required parameter: give it a default"),
    ("!has(self.initContainers) || self.initContainers.all(i, !self.containers.exists(c, c.name == i.name))", "a name may stand in containers or in initContainers, not in both"),
    ("!has(self.volumes) || !has(self.sharedVolumes) || self.volumes.all(v, !self.sharedVolumes.exists(s, s.name == v.name))", "a name may stand in volumes or in sharedVolumes, not in both"),
    ("!has(self.reads) || self.reads.all(r, !has(r.sharedVolume) || (has(self.sharedVolumes) && self.sharedVolumes.exists(v, v.name == r.sharedVolume)))", "reads must name one of sharedVolumes"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.mountPath) || (has(self.sharedVolumes) && self.sharedVolumes.exists(v, p.mountPath == v.name + '/app' || p.mountPath == v.name + '/companion')))", "mountPath of a parameter must name one of sharedVolumes"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.listens) || (has(self.listens) && self.listens.exists(l, l.name == p.listens && has(l.env) && has(l.env.port))))", "listens of a parameter must name an endpoint of listens that has env.port"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.resource) || self.containers.exists(c, p.resource.startsWith(c.name + '/')) || (has(self.initContainers) && self.initContainers.exists(c, p.resource.startsWith(c.name + '/'))))", "resource of a parameter must name one of containers or initContainers"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.env) || self.parameters.exists_one(q, has(q.env) && q.env == p.env))", "two parameters cannot fill one env"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.mountPath) || self.parameters.exists_one(q, has(q.mountPath) && q.mountPath == p.mountPath))", "two parameters cannot fill one mountPath"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.resource) || self.parameters.exists_one(q, has(q.resource) && q.resource == p.resource))", "two parameters cannot fill one resource"),
    ("!has(self.parameters) || self.parameters.all(p, !has(p.listens) || self.parameters.exists_one(q, has(q.listens) && q.listens == p.listens))", "two parameters cannot move one endpoint"),
])))]
pub struct Spec {
    /// Why the companion is there. Sidecar extends the app. Ambassador brings the outside world to the app's localhost and
    /// must declare listens. Adapter turns the app's output into a standard form and must declare reads.
    pub pattern: Pattern,
    /// What the companion does, in a sentence for those who choose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub description: Option<String>,
    /// When the companion comes. OnRequest (default): where a Pod or its namespace names it. OptedInNamespaces: to Pods
    /// that are opted in by the label podgraft.dev/inject: enabled, their own or their namespace's. ClusterWide: to all
    /// Pods but those that are opted out; for a ClusterCompanion only.
    #[serde(default)]
    pub activation: Activation,
    /// The Pods that may have the companion, whatever the activation; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_selector: Option<LabelSelector>,
    /// The namespaces whose Pods may have the companion, whatever the activation; all when left out. For a
    /// ClusterCompanion only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Whether nobody may opt out of the companion. With activation ClusterWide only; its parameters fill env only.
    #[serde(default, skip_serializing_if = "super::rules::is_false")]
    pub required: bool,
    /// What a clash of names, ports, mounts or variables with the Pod leads to: Deny refuses the Pod, Skip leaves the
    /// companion out. When left out it is Deny where the Pod asked for the companion or it is required, and Skip where it
    /// comes by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_conflict: Option<OnConflict>,
    /// Native (default): init containers with restartPolicy Always, which start before the app and stop after it.
    /// Container: plain containers behind the app's; Pods that are meant to end never get them.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// Where native containers stand among the Pod's init containers. First: in front, so that the app's init containers
    /// can already use the companion; they get its variables and mounts, too. Last: behind. When left out it is First for
    /// an Ambassador, else Last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Whether Pods with hostNetwork may have the companion, whose ports would then be the node's: Refuse (default) or
    /// Allow.
    #[serde(default)]
    pub host_network: HostNetwork,
    /// Whether the token of the Pod's service account is mounted into the companion; it is not when left out.
    #[serde(default, skip_serializing_if = "super::rules::is_false")]
    pub service_account_token: bool,
    /// Secrets for the companion's images, added to the Pod's where absent. They must exist in the Pod's namespace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub image_pull_secrets: Vec<SecretName>,
    /// The companion's long-running containers: whole core/v1 containers. They say themselves who they run as and what
    /// they need.
    #[schemars(
        length(min = 1, max = 8),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub containers: Vec<Container>,
    /// The companion's own init containers, which run to their end just before its containers start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub init_containers: Vec<Container>,
    /// Volumes of the companion alone; its containers mount them with volumeMounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub volumes: Vec<Volume>,
    /// Volumes that the companion and the app both mount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub shared_volumes: Vec<SharedVolume>,
    /// Configuration that travels with the companion: no ConfigMap is needed in the Pod's namespace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["path"]))]
    pub files: Vec<File>,
    /// Localhost endpoints of the companion. Their variables are set in the app and in the companion alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub listens: Vec<Endpoint>,
    /// What an Adapter takes its input from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    pub reads: Vec<Input>,
    /// What monitoring may read: sets the annotations prometheus.io/scrape, port and path of the Pod, all or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposes: Option<Exposes>,
    /// What every chosen app container gets besides the mounts and the endpoints' variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<App>,
    /// Annotations that are added to the Pod where absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "annotations")]
    pub pod_annotations: BTreeMap<String, String>,
    /// Values that users fill in, each into one typed slot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub parameters: Vec<Parameter>,
}

/// What app containers get.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// Environment variables, in front of the app's own so that those can refer to them: whole core/v1 EnvVars.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub env: Vec<EnvVar>,
    /// How long an app container sleeps before it is stopped, in whole seconds, so that requests still under way are
    /// served. Only where it has no preStop hook, and where the Pod's grace period is longer.
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

/// Why a companion is there.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // said at the fields, where `kubectl explain` shows it; so for all words below
pub enum Pattern {
    Sidecar,
    Ambassador,
    Adapter,
}

/// When a companion comes.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Activation {
    #[default]
    OnRequest,
    OptedInNamespaces,
    ClusterWide,
}

/// What a clash leads to.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum OnConflict {
    Deny,
    Skip,
}

/// How a companion's containers live.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Lifecycle {
    #[default]
    Native,
    Container,
}

/// Where native containers stand.
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

fn annotations(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": "object",
        "maxProperties": 16,
        "additionalProperties": {"type": "string", "maxLength": 4096},
    })
}
