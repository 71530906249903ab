//! A companion as `api::compile` compiled it: validated, indexed, and rendered as JSON wherever it does not vary.

pub mod catalog;
pub mod container;
pub mod declared;
pub mod endpoint;
pub mod index;
pub mod injections;
pub mod parameter;
pub mod pattern;
pub mod pod_requirement;
pub mod pod_security;
pub mod quantity;
pub mod resources;
pub mod selector;
pub mod template;
pub mod value;
pub mod volume;

pub use container::{Container, ContainerPort, Identity};
pub use endpoint::{Endpoint, EnvVar, Exposes};
pub use volume::{CompanionMount, File, SecretFile, SecretVolume, SharedVolume, TokenMask, Volume};

use super::container_list::ContainerList;
use super::keys;
use declared::Declared;
use injections::Injections;
use parameter::Parameter;
use pod_requirement::PodRequirement;
use pod_security::PodSecurityViolation;
use selector::Selector;

/// One companion, ready to be injected. It never changes after it was compiled; only the count of its
/// injections does, which no review reads.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // the fields of the specification are boolean
pub struct Companion {
    /// `metadata.name`: a DNS label of at most 40 characters.
    pub name: Box<str>,
    /// The kind of the object.
    pub kind: CompanionKind,
    /// The first 16 hexadecimal digits of the SHA-256 of the spec.
    pub hash: Box<str>,
    /// The key of the label of Pods that have the companion, `companions.podgraft.dev/<name>`.
    pub label: Box<str>,
    /// `spec.pattern`.
    pub pattern: CompanionPattern,
    /// `spec.activation`.
    pub activation: Activation,
    /// `spec.required`: no Pod and no namespace can opt out of the companion.
    pub required: bool,
    /// `spec.podSelector`: which Pods may have the companion, whatever the activation.
    pub pod_selector: Selector,
    /// `spec.namespaceSelector`: the namespaces whose Pods may have the companion, whatever the activation.
    pub namespace_selector: Selector,
    /// `spec.onConflict`; `None` leaves it to how the companion was requested.
    pub on_conflict: Option<OnConflict>,
    /// Whether Pods with `hostNetwork: true` may have the companion.
    pub allows_host_network: bool,
    /// `spec.serviceAccountToken`: the companion's containers use the token of the Pod.
    pub uses_token: bool,
    /// `podResources: Share`: whether cpu and memory are left to Pods that have Pod-level ones.
    pub shares_pod_resources: bool,
    /// Where the companion's containers are injected.
    pub placement: Placement,
    /// The long-running containers, in order; never empty.
    pub containers: Box<[Container]>,
    /// The companion's own init containers, which run to completion.
    pub init_containers: Box<[Container]>,
    /// The private volumes under their names in the Pod, that of files included, that of the token mask not.
    pub volumes: Box<[Volume]>,
    /// The private volumes of files that `SecretKey` parameters fill.
    pub secret_volumes: Box<[SecretVolume]>,
    /// The private volume that hides the Pod's token; `None` where no container mounts it.
    pub token_mask: Option<TokenMask>,
    /// The volumes that both the companion and the app mount.
    pub shared_volumes: Box<[SharedVolume]>,
    /// The annotations that hold files; their volume is in `volumes`, their mounts are in the templates.
    pub files: Box<[File]>,
    /// `spec.listens`.
    pub endpoints: Box<[Endpoint]>,
    /// `spec.exposes`; its container port is in the template.
    pub exposes: Option<Exposes>,
    /// `spec.app.env`: variables of the app besides those of the endpoints, in order.
    pub app_env: Box<[EnvVar]>,
    /// `spec.app.preStopSleep`, in seconds.
    pub pre_stop_sleep: Option<u32>,
    /// `spec.excludeContainers`: names of app containers that the companion leaves alone, or starts of names followed by
    /// `*`.
    pub exclude_containers: Box<[Box<str>]>,
    /// `spec.podAnnotations`: added where absent.
    pub pod_annotations: Box<[(Box<str>, Box<str>)]>,
    /// The companion's volumes in the annotation of evictable volumes, under their names in the Pod, each once. The cluster
    /// autoscaler ignores other names.
    pub evictable: Box<[Box<str>]>,
    /// `spec.imagePullSecrets`: names of Secrets, added where absent.
    pub image_pull_secrets: Box<[Box<str>]>,
    /// What fields of the containers require of the Pod; at most one for each field of the Pod and value.
    pub pod_requirements: Box<[PodRequirement]>,
    /// What Pod Security denies. Reviews do not use it.
    pub pod_security: Box<[PodSecurityViolation]>,
    /// `spec.parameters`, in order.
    pub parameters: Box<[Parameter]>,
    /// The containers of other versions of a required companion that count as this one: those of the previous version,
    /// or those of the next one while the policies accept it and it is not injected yet.
    pub also_accepted: Box<[Box<[Identity]>]>,
    /// What the policies of a required companion compare Pods with; `None` where the companion is not required.
    pub declared: Option<Box<Declared>>,
    /// How often the companion was injected.
    pub injections: Injections,
}

/// The kind of the object that declares a companion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompanionKind {
    /// Cluster-scoped, written by the platform team.
    ClusterCompanion,
    /// Namespaced, for Pods of its own namespace.
    Companion,
}

/// The purpose of a companion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompanionPattern {
    /// Extends the app.
    Sidecar,
    /// Makes a remote service available on the app's localhost.
    Ambassador,
    /// Converts the app's output into a standard form.
    Adapter,
}

/// When a companion is injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// Where it is requested by name.
    OnRequest,
    /// Into Pods that are opted in.
    OptedInNamespaces,
    /// Into all Pods that are not opted out.
    ClusterWide,
}

/// What a conflict leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// The Pod is denied.
    Deny,
    /// The Pod is admitted without the companion.
    Skip,
}

/// Where a companion's containers are injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Native, before the Pod's init containers.
    First,
    /// Native, after the Pod's init containers.
    Last,
    /// Plain, after the app's containers; the companion's own init containers go after the Pod's.
    Container,
}

impl Companion {
    /// All containers, each with the list of the Pod that it is injected into: the companion's own init containers, then
    /// the long-running ones.
    pub fn identities(&self) -> impl Iterator<Item = (&Container, ContainerList)> {
        let plain = self.placement == Placement::Container;
        let list = if plain { ContainerList::Containers } else { ContainerList::Init };
        let init = self.init_containers.iter().map(|c| (c, ContainerList::Init));
        init.chain(self.containers.iter().map(move |c| (c, list)))
    }

    /// The identity of each container, to compare versions by.
    #[must_use]
    pub fn identities_alone(&self) -> Box<[Identity]> {
        let identity = |(c, list): (&Container, ContainerList)| {
            let native = list.is_init() && self.is_long_running(c);
            Identity { name: c.name.clone(), image: c.image.clone(), list, native }
        };
        self.identities().map(identity).collect()
    }

    /// The value of the label of Pods that have the companion: the start of the content hash.
    pub(in crate::inject) fn label_value(&self) -> &str {
        self.hash.get(..keys::HASH_DIGITS).unwrap_or(&self.hash)
    }

    /// Whether `excludeContainers` names a container.
    pub(super) fn excludes(&self, container: &str) -> bool {
        let is_it = |name: &str| match name.strip_suffix('*') {
            Some(start) => container.starts_with(start),
            None => container == name,
        };
        self.exclude_containers.iter().any(|name| is_it(name))
    }

    /// The names of all private volumes, that of the token mask included.
    pub(in crate::inject) fn private_volumes(&self) -> impl Iterator<Item = &str> {
        let volumes = self.volumes.iter().chain(self.token_mask.iter().map(|mask| &mask.volume));
        volumes.map(|volume| &*volume.name).chain(self.secret_volumes.iter().map(|volume| &*volume.name))
    }

    /// Whether one of the companion's containers runs as long as the Pod, and not to completion.
    pub(super) fn is_long_running(&self, container: &Container) -> bool {
        self.containers.iter().any(|other| std::ptr::eq(other, container))
    }
}

impl CompanionKind {
    /// The value of `kind` in manifests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CompanionKind::ClusterCompanion => "ClusterCompanion",
            CompanionKind::Companion => "Companion",
        }
    }
}
