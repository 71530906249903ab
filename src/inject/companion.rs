//! A companion as the gate compiled it: checked, indexed, and already JSON wherever it does not vary.

pub mod catalog;
pub mod declared;
pub mod parameter;
pub mod pattern;
pub mod quantity;
pub mod selector;
pub mod template;

use declared::Declared;
use parameter::Parameter;
use selector::Selector;
use template::Template;

/// One companion, ready to be woven in. Made by the gate only, and never changed afterwards.
#[derive(Debug)]
pub struct Companion {
    /// `metadata.name`: a DNS label of at most 40 characters.
    pub name: Box<str>,
    /// Which of the two kinds it was written as.
    pub kind: CompanionKind,
    /// First 16 hexadecimal digits of the SHA-256 of the specification.
    pub hash: Box<str>,
    /// Why the companion is there.
    pub pattern: CompanionPattern,
    /// When it comes.
    pub activation: Activation,
    /// Nobody may opt out of it.
    pub required: bool,
    /// Which Pods may have it, whatever the activation.
    pub pod_selector: Selector,
    /// The namespaces whose Pods may have it, whatever the activation.
    pub namespace_selector: Selector,
    /// What a clash leads to; `None` is the default of how it was asked for.
    pub on_conflict: Option<OnConflict>,
    /// Whether Pods with `hostNetwork: true` may have it.
    pub allows_host_network: bool,
    /// Where its containers go.
    pub placement: Placement,
    /// The long-running containers, in order; never empty.
    pub containers: Box<[Container]>,
    /// The companion's own init containers, which run to their end.
    pub init_containers: Box<[Container]>,
    /// Volumes with their final names, those of files and of the token mask included; shared ones are apart.
    pub volumes: Box<[Volume]>,
    /// Volumes that the companion and the app both mount.
    pub shared_volumes: Box<[SharedVolume]>,
    /// Annotations that carry files; their volume and mounts are in `volumes` and in the templates.
    pub files: Box<[File]>,
    /// Localhost endpoints.
    pub endpoints: Box<[Endpoint]>,
    /// What monitoring may read; its container port is in the template already.
    pub exposes: Option<Exposes>,
    /// Environment of the app besides that of the endpoints, in order.
    pub app_env: Box<[EnvVar]>,
    /// Whole seconds that each chosen app container sleeps before it is stopped.
    pub pre_stop_sleep: Option<u32>,
    /// Annotations that are added where absent.
    pub pod_annotations: Box<[(Box<str>, Box<str>)]>,
    /// Names of Secrets that are added to `imagePullSecrets` where absent.
    pub image_pull_secrets: Box<[Box<str>]>,
    /// Declared parameters, in the order of declaration.
    pub parameters: Box<[Parameter]>,
    /// What other versions of a required companion are made of that count as this one: the version before it, or the
    /// next one where that is accepted before it is injected.
    pub also_accepted: Box<[Box<[Identity]>]>,
    /// What its policies compare Pods with; `None` where the companion is not required.
    pub declared: Option<Box<Declared>>,
}

/// Which kind of object a companion was written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompanionKind {
    /// Cluster-scoped, written by the platform team.
    ClusterCompanion,
    /// Namespaced, for Pods of its own namespace.
    Companion,
}

/// Why a companion is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompanionPattern {
    /// Extends the app.
    Sidecar,
    /// Brings the outside world to the app's localhost.
    Ambassador,
    /// Turns the app's output into a standard form.
    Adapter,
}

/// When a companion comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// Only where it is asked for by name.
    OnRequest,
    /// To Pods that are opted in.
    OptedInNamespaces,
    /// To all Pods but those opted out.
    ClusterWide,
}

/// What a clash leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// The Pod is refused.
    Deny,
    /// The companion is left out.
    Skip,
}

/// Where a companion's containers go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Native, in front of the Pod's init containers.
    First,
    /// Native, behind the Pod's init containers.
    Last,
    /// Plain, behind the app's containers; its own init containers go Last.
    Container,
}

/// A container by what makes it this container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its name.
    pub name: Box<str>,
    /// Its image.
    pub image: Box<str>,
    /// Whether it stands among `initContainers`.
    pub init: bool,
    /// Whether it is a native sidecar, which has `restartPolicy: Always`.
    pub native: bool,
}

/// One container of a companion.
#[derive(Debug)]
pub struct Container {
    /// Its name, unique over the whole Pod.
    pub name: Box<str>,
    /// Its image.
    pub image: Box<str>,
    /// The whole core/v1 container as JSON, with gaps for what varies.
    pub template: Template,
    /// The ports it declares, that of `exposes` included.
    pub ports: Box<[ContainerPort]>,
    /// The ports that its probes ask by number: it listens there, declared or not.
    pub probed: Box<[ContainerPort]>,
    /// Normalised paths of its own mounts, devices and files, for a Path parameter that moves a shared one.
    pub mount_paths: Box<[Box<str>]>,
}

/// A declared container port.
#[derive(Debug, Clone, Copy)]
pub struct ContainerPort {
    /// `containerPort`.
    pub number: u16,
    /// `protocol`.
    pub protocol: Protocol,
    /// `hostPort`, where declared.
    pub host_port: Option<u16>,
    /// The endpoint whose port it is: it moves with it.
    pub endpoint: Option<u8>,
}

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// The default.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// A volume of the Pod.
#[derive(Debug)]
pub struct Volume {
    /// `<companion>-<volume>`.
    pub name: Box<str>,
    /// The whole core/v1 volume as JSON.
    pub json: Box<str>,
}

/// A volume that the companion and the app both mount.
#[derive(Debug)]
pub struct SharedVolume {
    /// The volume to add where none is joined.
    pub volume: Volume,
    /// Whether it may join a volume that the app mounts already: only where no source was declared.
    pub joins: bool,
    /// Whether another companion may join it: emptyDir, persistentVolumeClaim or ephemeral.
    pub shareable: bool,
    /// Whether the declared source can only be read: a claim with `readOnly: true`.
    pub read_only: bool,
    /// The mount in all of the companion's containers.
    pub companion: CompanionMount,
    /// The mount in the chosen app containers.
    pub app: CompanionMount,
}

/// One side of a shared volume.
#[derive(Debug)]
pub struct CompanionMount {
    /// Absolute and normalised.
    pub path: Box<str>,
    /// `readOnly`.
    pub read_only: bool,
    /// The Path parameter that moves it, an index into `parameters`.
    pub parameter: Option<u8>,
}

/// A file that travels in an annotation.
#[derive(Debug)]
pub struct File {
    /// `text.podgraft.dev/<companion>.<index>`.
    pub key: Box<str>,
    /// What the annotation must say.
    pub content: Box<str>,
}

/// A localhost endpoint.
#[derive(Debug)]
pub struct Endpoint {
    /// Its name.
    pub name: Box<str>,
    /// The port, unless a parameter moves it.
    pub port: u16,
    /// Its protocol.
    pub protocol: Protocol,
    /// The variable that says 127.0.0.1.
    pub host_env: Option<Box<str>>,
    /// The variable that says the port.
    pub port_env: Option<Box<str>>,
    /// The Port parameter that moves it, an index into `parameters`.
    pub parameter: Option<u8>,
}

/// What monitoring may read.
#[derive(Debug)]
pub struct Exposes {
    /// The port of the scrape annotation, unless it is that of an endpoint that moves.
    pub port: u16,
    /// The endpoint with the same port.
    pub endpoint: Option<u8>,
    /// The path of the scrape annotation.
    pub path: Box<str>,
}

/// An environment variable that does not vary.
#[derive(Debug)]
pub struct EnvVar {
    /// Its name.
    pub name: Box<str>,
    /// The whole core/v1 EnvVar as JSON.
    pub json: Box<str>,
}

impl Companion {
    /// All its containers with what makes each of them itself.
    pub fn identities(&self) -> impl Iterator<Item = (&Container, bool)> {
        let native = self.placement != Placement::Container;
        let init = self.init_containers.iter().map(|c| (c, true));
        init.chain(self.containers.iter().map(move |c| (c, native)))
    }

    /// What makes each of its containers itself, and nothing else of them.
    #[must_use]
    pub fn identities_alone(&self) -> Box<[Identity]> {
        let identity = |(c, init): (&Container, bool)| {
            let (name, image, native) = (c.name.clone(), c.image.clone(), init && self.is_long_running(c));
            Identity { name, image, init, native }
        };
        self.identities().map(identity).collect()
    }

    /// Whether one of its containers runs as long as the Pod, and not to its end.
    pub(super) fn is_long_running(&self, container: &Container) -> bool {
        self.containers.iter().any(|other| std::ptr::eq(other, container))
    }
}

impl CompanionKind {
    /// The word in manifests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CompanionKind::ClusterCompanion => "ClusterCompanion",
            CompanionKind::Companion => "Companion",
        }
    }
}
