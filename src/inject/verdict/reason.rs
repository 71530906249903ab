//! Why: one closed list of reasons, and the one place that turns them into words.

use std::fmt;

use crate::inject::companion::parameter::ValueFault;
use crate::inject::companion::selector::Unmet;

/// Why something happened, or did not. The first part are outcomes of a companion, of which each considered companion
/// has exactly one; the second part are remarks on the Pod, its namespace or a companion.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are what the words below say
pub enum Reason {
    // Outcomes of a companion.
    Injected,
    PodDenied,
    AlreadyInjected,
    NotAvailable {
        unmet: Option<Unmet>,
        nearest: Option<Box<str>>,
    },
    CompanionInvalid,
    RequiredDisabled,
    ParameterMissing {
        companion: Box<str>,
        parameter: Box<str>,
    },
    ParameterInvalid {
        companion: Box<str>,
        parameter: Box<str>,
        fault: ValueFault,
        given: bool,
        message: Option<Box<str>>,
    },
    ParameterUnknown {
        companion: Box<str>,
        parameter: Box<str>,
        nearest: Option<Box<str>>,
    },
    ContainerNameConflict {
        container: Box<str>,
        by: Holder,
    },
    PortConflict {
        port: u16,
        protocol: &'static str,
        by: Holder,
    },
    HostPortConflict {
        port: u16,
        protocol: &'static str,
        by: Holder,
    },
    VolumeNameConflict {
        volume: Box<str>,
        by: Option<Box<str>>,
    },
    MountPathConflict {
        path: Box<str>,
        container: Box<str>,
        other: Box<str>,
        by: Holder,
    },
    VolumeNotShareable {
        path: Box<str>,
        by: Holder,
        why: Unshareable,
    },
    EnvNameConflict {
        variable: Box<str>,
        container: Box<str>,
        by: Holder,
    },
    FileOverridden {
        key: Box<str>,
    },
    PrivateVolumeConflict {
        volume: Box<str>,
        container: Option<Box<str>>,
        companion: Option<Box<str>>,
    },
    TokenPathConflict {
        path: Box<str>,
    },
    AnnotationsTooLarge {
        bytes: usize,
    },
    PatchTooLarge {
        bytes: usize,
    },
    HostNetwork,
    WindowsPod,
    BlocksCompletion,

    // Remarks.
    UnknownKey {
        place: MetadataField,
        key: Box<str>,
        nearest: Option<Box<str>>,
    },
    InvalidLabel {
        place: MetadataField,
    },
    EmptyName {
        place: MetadataField,
        key: &'static str,
    },
    DuplicateName {
        place: MetadataField,
        key: &'static str,
        name: Box<str>,
    },
    TooManyNames {
        place: MetadataField,
        key: &'static str,
    },
    UnknownContainer {
        name: Box<str>,
        nearest: Option<Box<str>>,
    },
    ParameterUnused {
        companion: Box<str>,
        parameter: Box<str>,
        unmet: Option<Unmet>,
    },
    Outdated,
    PartsMissing {
        parts: Box<str>,
        more: usize,
    },
    AppCanWrite {
        path: Box<str>,
        container: Box<str>,
    },
    PreStopKept {
        container: Box<str>,
    },
    PreStopTooLong {
        container: Box<str>,
        seconds: u32,
        grace: i64,
    },
    ScrapeAnnotationsKept {
        key: &'static str,
    },
    NoContainers,
    OptedOut,
    ExcludedNamespace,
    MirrorPod,
    NotAPod,
    NamespaceUnknown,
    NamespaceMismatch,
}

/// Who owns what a companion wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A container that stands in the Pod.
    Container(Box<str>),
    /// Another companion that comes with this review.
    Companion(Box<str>),
}

/// Why a volume of the app cannot be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unshareable {
    /// The companion declares a source of its own.
    OwnSource,
    /// It is neither an emptyDir, nor a persistentVolumeClaim, nor ephemeral.
    Source,
    /// The mount has a `subPathExpr`.
    SubPathExpr,
    /// Two chosen containers mount different volumes at the path.
    TwoVolumes,
    /// The app must write there, and its mount is read-only.
    ReadOnly,
    /// The companion or the app must write there, and its source is read-only.
    ReadOnlySource,
    /// The app must only read there, and its mount is writable.
    Writable,
}

/// Where a remark points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataField {
    /// An annotation of the Pod.
    PodAnnotation,
    /// A label of the Pod.
    PodLabel,
    /// An annotation of the Namespace.
    NamespaceAnnotation,
    /// A label of the Namespace.
    NamespaceLabel,
}

impl Reason {
    /// The stable name: in metrics, audit annotations, log lines and `explain`.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Reason::Injected => "Injected",
            Reason::PodDenied => "PodDenied",
            Reason::AlreadyInjected => "AlreadyInjected",
            Reason::NotAvailable { .. } => "NotAvailable",
            Reason::CompanionInvalid => "CompanionInvalid",
            Reason::ParameterMissing { .. } => "ParameterMissing",
            Reason::ParameterInvalid { .. } => "ParameterInvalid",
            Reason::ParameterUnknown { .. } => "ParameterUnknown",
            Reason::ContainerNameConflict { .. } => "ContainerNameConflict",
            Reason::PortConflict { .. } => "PortConflict",
            Reason::HostPortConflict { .. } => "HostPortConflict",
            Reason::VolumeNameConflict { .. } => "VolumeNameConflict",
            Reason::MountPathConflict { .. } => "MountPathConflict",
            Reason::VolumeNotShareable { .. } => "VolumeNotShareable",
            Reason::EnvNameConflict { .. } => "EnvNameConflict",
            Reason::FileOverridden { .. } => "FileOverridden",
            Reason::PrivateVolumeConflict { .. } => "PrivateVolumeConflict",
            Reason::TokenPathConflict { .. } => "TokenPathConflict",
            Reason::AnnotationsTooLarge { .. } => "AnnotationsTooLarge",
            Reason::PatchTooLarge { .. } => "PatchTooLarge",
            Reason::HostNetwork => "HostNetwork",
            Reason::WindowsPod => "WindowsPod",
            Reason::BlocksCompletion => "BlocksCompletion",
            Reason::UnknownKey { .. } => "UnknownKey",
            Reason::InvalidLabel { .. } => "InvalidLabel",
            Reason::EmptyName { .. } => "EmptyName",
            Reason::DuplicateName { .. } => "DuplicateName",
            Reason::TooManyNames { .. } => "TooManyNames",
            Reason::UnknownContainer { .. } => "UnknownContainer",
            Reason::ParameterUnused { .. } => "ParameterUnused",
            Reason::Outdated => "Outdated",
            Reason::PartsMissing { .. } => "PartsMissing",
            Reason::AppCanWrite { .. } => "AppCanWrite",
            Reason::PreStopKept { .. } => "PreStopKept",
            Reason::PreStopTooLong { .. } => "PreStopTooLong",
            Reason::ScrapeAnnotationsKept { .. } => "ScrapeAnnotationsKept",
            Reason::RequiredDisabled => "RequiredDisabled",
            Reason::NoContainers => "NoContainers",
            Reason::OptedOut => "OptedOut",
            Reason::ExcludedNamespace => "ExcludedNamespace",
            Reason::MirrorPod => "MirrorPod",
            Reason::NotAPod => "NotAPod",
            Reason::NamespaceUnknown => "NamespaceUnknown",
            Reason::NamespaceMismatch => "NamespaceMismatch",
        }
    }

    /// Whether it is an outcome of a companion, and not a remark.
    #[must_use]
    pub fn is_outcome(&self) -> bool {
        let other = matches!(
            self,
            Reason::Injected
                | Reason::PodDenied
                | Reason::AlreadyInjected
                | Reason::NotAvailable { .. }
                | Reason::CompanionInvalid
                | Reason::RequiredDisabled
                | Reason::ParameterMissing { .. }
                | Reason::ParameterInvalid { .. }
                | Reason::ParameterUnknown { .. }
                | Reason::FileOverridden { .. }
                | Reason::HostNetwork
                | Reason::WindowsPod
                | Reason::BlocksCompletion
        );
        other || self.is_conflict()
    }

    /// Whether it is a clash, which `onConflict` decides on; annotations and a patch that would be too long count as one.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(
            self,
            Reason::ContainerNameConflict { .. }
                | Reason::PortConflict { .. }
                | Reason::HostPortConflict { .. }
                | Reason::VolumeNameConflict { .. }
                | Reason::MountPathConflict { .. }
                | Reason::VolumeNotShareable { .. }
                | Reason::EnvNameConflict { .. }
                | Reason::PrivateVolumeConflict { .. }
                | Reason::TokenPathConflict { .. }
                | Reason::AnnotationsTooLarge { .. }
                | Reason::PatchTooLarge { .. }
        )
    }

    /// One example of each, in the order of declaration: the reference page is made of them.
    #[must_use]
    pub fn examples() -> Vec<Reason> {
        let app = || Holder::Container("app".into());
        vec![
            Reason::Injected,
            Reason::PodDenied,
            Reason::AlreadyInjected,
            Reason::NotAvailable { unmet: None, nearest: Some("git-sync".into()) },
            Reason::CompanionInvalid,
            Reason::RequiredDisabled,
            Reason::ParameterMissing { companion: "git-sync".into(), parameter: "repo".into() },
            Reason::ParameterInvalid {
                companion: "git-sync".into(),
                parameter: "period".into(),
                fault: ValueFault::NotWhole("seconds"),
                given: true,
                message: None,
            },
            Reason::ParameterUnknown {
                companion: "git-sync".into(),
                parameter: "rep".into(),
                nearest: Some("repo".into()),
            },
            Reason::ContainerNameConflict { container: "git-sync".into(), by: app() },
            Reason::PortConflict { port: 6379, protocol: "TCP", by: app() },
            Reason::HostPortConflict { port: 9100, protocol: "TCP", by: app() },
            Reason::VolumeNameConflict { volume: "git-sync-content".into(), by: None },
            Reason::MountPathConflict {
                path: "/var/www/html".into(),
                container: "app".into(),
                other: "/var/www".into(),
                by: app(),
            },
            Reason::VolumeNotShareable { path: "/var/www".into(), by: app(), why: Unshareable::SubPathExpr },
            Reason::EnvNameConflict { variable: "REDIS_HOST".into(), container: "app".into(), by: app() },
            Reason::FileOverridden { key: "text.podgraft.dev/redis.0".into() },
            Reason::PrivateVolumeConflict {
                volume: "git-sync-state".into(),
                container: Some("app".into()),
                companion: None,
            },
            Reason::TokenPathConflict { path: "/var/run".into() },
            Reason::AnnotationsTooLarge { bytes: 262_145 },
            Reason::PatchTooLarge { bytes: 4_194_305 },
            Reason::HostNetwork,
            Reason::WindowsPod,
            Reason::BlocksCompletion,
            Reason::UnknownKey {
                place: MetadataField::PodAnnotation,
                key: "podgraft.dev/companion".into(),
                nearest: Some("podgraft.dev/companions".into()),
            },
            Reason::InvalidLabel { place: MetadataField::PodLabel },
            Reason::EmptyName { place: MetadataField::PodAnnotation, key: crate::inject::keys::COMPANIONS },
            Reason::DuplicateName {
                place: MetadataField::PodAnnotation,
                key: crate::inject::keys::COMPANIONS,
                name: "git-sync".into(),
            },
            Reason::TooManyNames { place: MetadataField::PodAnnotation, key: crate::inject::keys::COMPANIONS },
            Reason::UnknownContainer { name: "ap".into(), nearest: Some("app".into()) },
            Reason::ParameterUnused { companion: "git-sync".into(), parameter: "repo".into(), unmet: None },
            Reason::Outdated,
            Reason::PartsMissing { parts: "volume git-sync-content, mount /var/www of container app".into(), more: 1 },
            Reason::AppCanWrite { path: "/var/www".into(), container: "app".into() },
            Reason::PreStopKept { container: "app".into() },
            Reason::PreStopTooLong { container: "app".into(), seconds: 40, grace: 30 },
            Reason::ScrapeAnnotationsKept { key: crate::inject::keys::SCRAPE_PORT },
            Reason::NoContainers,
            Reason::OptedOut,
            Reason::ExcludedNamespace,
            Reason::MirrorPod,
            Reason::NotAPod,
            Reason::NamespaceUnknown,
            Reason::NamespaceMismatch,
        ]
    }
}

/// What, where, and how to mend it; without the companion's name, which stands in front of it.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Injected => f.write_str("injected"),
            Reason::PodDenied => f.write_str("it fits, and is not injected, because the Pod is refused for another reason"),
            Reason::AlreadyInjected => f.write_str("already there, nothing to add"),
            Reason::NotAvailable { unmet: Some(unmet), .. } => write!(f, "not available to this Pod: {unmet}"),
            Reason::NotAvailable { unmet: None, nearest } => {
                f.write_str("not available to this Pod: no such companion here, or its selectors leave this Pod out")?;
                did_you_mean(f, nearest.as_deref())
            }
            Reason::CompanionInvalid => f.write_str(
                "its newest version is invalid and no earlier one is known; its author finds why in its status and with `podgraft validate`",
            ),
            Reason::ParameterMissing { companion, parameter } => write!(
                f,
                "parameter {parameter} is missing; set the annotation podgraft.dev/{companion}.{parameter} of the Pod"
            ),
            Reason::ParameterInvalid { companion, parameter, fault, given: true, message } => {
                write!(f, "annotation podgraft.dev/{companion}.{parameter} {fault}")?;
                message.as_ref().map_or(Ok(()), |message| write!(f, "; {message}"))
            }
            Reason::ParameterInvalid { companion, parameter, fault, given: false, .. } => write!(
                f,
                "the default of its parameter {parameter} {fault} in the annotation podgraft.dev/{companion}.{parameter} of the Pod"
            ),
            Reason::ParameterUnknown { companion, parameter, nearest } => {
                write!(f, "it has no parameter {parameter}")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean podgraft.dev/{companion}.{nearest}?"),
                    None => write!(f, "; remove the annotation podgraft.dev/{companion}.{parameter}"),
                }
            }
            Reason::ContainerNameConflict { container, by: Holder::Container(_) } => {
                write!(f, "the Pod has a container {container} already; rename that one")
            }
            Reason::ContainerNameConflict { container, by: Holder::Companion(companion) } => {
                write!(f, "companion {companion} brings a container {container}, too; choose one of the two companions")
            }
            Reason::PortConflict { port, protocol, by } => write!(
                f,
                "its port {port}/{protocol} is taken by {by}, and containers of a Pod share one network; move one of them"
            ),
            Reason::HostPortConflict { port, protocol, by } => {
                write!(f, "its host port {port}/{protocol} is taken by {by}; move one of them")
            }
            Reason::VolumeNameConflict { volume, by: None } => {
                write!(f, "the Pod has a volume {volume} with another source; rename that one")
            }
            Reason::VolumeNameConflict { volume, by: Some(companion) } => {
                write!(f, "companion {companion} brings a volume {volume}, too; choose one of the two companions")
            }
            Reason::MountPathConflict { path, container, other, by } => {
                write!(f, "its mount {path} in container {container} meets the mount {other} of {by}; move one of them")
            }
            Reason::VolumeNotShareable { path, by, why } => {
                write!(f, "it cannot share what {by} mounts at {path}: {why}")
            }
            Reason::EnvNameConflict { variable, container, by: Holder::Container(_) } => {
                write!(f, "container {container} sets the variable {variable} already; rename or remove that one")
            }
            Reason::EnvNameConflict { variable, container, by: Holder::Companion(companion) } => write!(
                f,
                "companion {companion} sets the variable {variable} in container {container}, too; choose one of the two companions"
            ),
            Reason::FileOverridden { key } => {
                write!(f, "annotation {key} carries one of its files and says something else; remove the annotation")
            }
            Reason::PrivateVolumeConflict { volume, container: None, .. } => write!(
                f,
                "forbidden: the Pod declares volume {volume}, which is private to this companion; rename the Pod's volume"
            ),
            Reason::PrivateVolumeConflict { volume, container: Some(container), companion } => {
                write!(f, "forbidden: container {container} uses volume {volume}, which is private to ")?;
                match companion {
                    Some(companion) => write!(f, "companion {companion}; use another volume"),
                    None => f.write_str("this companion; use another volume"),
                }
            }
            Reason::TokenPathConflict { path } => write!(
                f,
                "forbidden: its mount {path} in the app would cover the Pod's token; set automountServiceAccountToken: false on the Pod, or move the mount"
            ),
            Reason::PatchTooLarge { bytes } => write!(
                f,
                "invalid value: the patch could have {bytes} bytes, and must have at most 4194304; choose fewer containers or companions"
            ),
            Reason::AnnotationsTooLarge { bytes } => write!(
                f,
                "the Pod's annotations would have {bytes} bytes, and 262144 are allowed; shorten the Pod's own annotations"
            ),
            Reason::HostNetwork => {
                f.write_str("the Pod uses the node's network, and this companion is not allowed there; remove hostNetwork")
            }
            Reason::WindowsPod => f.write_str("the Pod runs on Windows, and companions are for Linux"),
            Reason::BlocksCompletion => f.write_str(
                "it is a plain container, and this Pod ends: restartPolicy is not Always; the companion would keep it from ending; make it `lifecycle: Native`",
            ),
            Reason::UnknownKey { place, key, nearest } => {
                write!(f, "{place} {key} is not one of podgraft's; ")?;
                match nearest {
                    Some(nearest) => write!(f, "did you mean {nearest}?"),
                    None => f.write_str("remove it"),
                }
            }
            Reason::InvalidLabel { place } => {
                write!(f, "{place} podgraft.dev/inject must be \"enabled\" or \"disabled\"")
            }
            Reason::EmptyName { place, key } => write!(f, "{place} {key} has an empty name; remove the stray comma, or the annotation"),
            Reason::DuplicateName { place, key, name } => write!(f, "{place} {key} names {name} twice; remove one"),
            Reason::TooManyNames { place, key } if *key == crate::inject::keys::PARAMETERS => {
                write!(f, "the Pod has more {place}s {key} than the {} that are allowed", crate::inject::keys::MAX_PARAMETERS)
            }
            Reason::TooManyNames { place, key } => {
                let most = crate::inject::keys::most_names(key);
                write!(f, "{place} {key} has more than {most} names; at most {most} are allowed")
            }
            Reason::UnknownContainer { name, nearest } => {
                write!(f, "annotation podgraft.dev/containers names {name}, which is no container of the Pod's author")?;
                did_you_mean(f, nearest.as_deref())
            }
            Reason::ParameterUnused { companion, parameter, unmet } => {
                write!(f, "annotation podgraft.dev/{companion}.{parameter} has no effect: {companion} is not injected into this Pod")?;
                unmet.as_ref().map_or(Ok(()), |unmet| write!(f, "; {unmet}"))
            }
            Reason::Outdated => {
                f.write_str("it was put in by another version of the companion, and is left as it is; inject anew to have this one")
            }
            Reason::PartsMissing { parts, more } => {
                write!(f, "listed in podgraft.dev/status and not found in the Pod: {parts}")?;
                if *more > 0 {
                    write!(f, " and {more} more")?;
                }
                f.write_str("; recreate the Pod from its source")
            }
            Reason::AppCanWrite { path, container } => write!(
                f,
                "container {container} can write at {path}, which this companion declares readOnly for the app; set readOnly: true on that mount"
            ),
            Reason::PreStopKept { container } => {
                write!(f, "container {container} has a preStop hook of its own, so it gets no sleep before it is stopped")
            }
            Reason::PreStopTooLong { container, seconds, grace } => write!(
                f,
                "container {container} gets no preStop sleep of {seconds} s: terminationGracePeriodSeconds is {grace}; raise it"
            ),
            Reason::ScrapeAnnotationsKept { key } => {
                write!(f, "annotation {key} is there already, so Prometheus is not pointed to this companion")
            }
            Reason::RequiredDisabled => {
                f.write_str("it is required, and required companions are switched off in this server; see `podgraft serve --required-companions`")
            }
            Reason::NoContainers => f.write_str("the Pod has no containers; nothing was injected"),
            Reason::OptedOut => f.write_str("label podgraft.dev/inject is \"disabled\", so only required companions come; remove the label to get others"),
            Reason::ExcludedNamespace => f.write_str("Pods of this namespace are left alone, whatever they ask for"),
            Reason::MirrorPod => f.write_str("a mirror Pod of a node is left alone"),
            Reason::NotAPod => f.write_str("not the creation of a Pod; nothing was injected"),
            Reason::NamespaceUnknown => f.write_str("the Pod's namespace is not known yet; try again"),
            Reason::NamespaceMismatch => {
                f.write_str("the Pod's namespace contradicts the webhook that called; try again when its label has spread")
            }
        }
    }
}

fn did_you_mean(f: &mut fmt::Formatter<'_>, nearest: Option<&str>) -> fmt::Result {
    nearest.map_or(Ok(()), |nearest| write!(f, "; did you mean {nearest}?"))
}

impl fmt::Display for ValueFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueFault::TooLong(longest) => write!(f, "has more than {longest} characters"),
            ValueFault::ControlCharacter => {
                f.write_str("has a control character or a line separator, such as a line break; remove it")
            }
            ValueFault::TooCostly => f.write_str("is too long to be checked against its pattern; shorten it"),
            ValueFault::Pattern(pattern) => write!(f, "must match {pattern} as a whole"),
            ValueFault::NotOneOf(words) => write!(f, "must be one of {}", words.join(", ")),
            ValueFault::Syntax(form) => write!(f, "must be {form}"),
            ValueFault::BelowMinimum(minimum) => write!(f, "must be at least {minimum}"),
            ValueFault::AboveMaximum(maximum) => write!(f, "must be at most {maximum}"),
            ValueFault::NotWhole(unit) => write!(f, "must be a whole number of {unit}"),
            ValueFault::NotBelow(parent) => write!(f, "must lie below {parent}"),
            ValueFault::MeetsMount(path) => write!(f, "meets the companion's own mount {path}; choose another path"),
            ValueFault::MeetsPort(port) => write!(f, "meets the companion's own port {port}; choose another port"),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Container(name) => write!(f, "container {name}"),
            Holder::Companion(name) => write!(f, "companion {name}"),
        }
    }
}

impl fmt::Display for Unshareable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unshareable::OwnSource => "this companion brings a volume of its own; move one of the mounts",
            Unshareable::Source => "only emptyDir, persistentVolumeClaim and ephemeral volumes can be shared; move one of the mounts",
            Unshareable::SubPathExpr => "its subPathExpr differs from container to container; use subPath",
            Unshareable::TwoVolumes => "another chosen container mounts another volume there; mount one volume, or choose with podgraft.dev/containers",
            Unshareable::ReadOnlySource => "its claim is readOnly, and must be writable; remove readOnly from the volume",
            Unshareable::Writable => "the app must only read there; set readOnly: true on the mount",
            Unshareable::ReadOnly => "the mount is read-only, and the app must write there; drop readOnly",
        })
    }
}

impl fmt::Display for MetadataField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MetadataField::PodAnnotation => "annotation",
            MetadataField::PodLabel => "label",
            MetadataField::NamespaceAnnotation => "the namespace's annotation",
            MetadataField::NamespaceLabel => "the namespace's label",
        })
    }
}
