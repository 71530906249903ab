//! Why: one closed list of reasons. An [`Outcome`] is the result for one companion, a [`Remark`] anything besides.
//!
//! A new reason is declared here, gets its sentence in `message`, and an example in `examples`. Its label is the name
//! of its variant. `effect` decides how serious it is.

use strum::{IntoStaticStr, VariantNames};

use crate::inject::companion::selector::Unmet;
use crate::inject::companion::value::ValueFault;
use crate::inject::protocol::Protocol;

/// Why something happened or did not happen. `Display` is the sentence, without the companion's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The result for one companion.
    Outcome(Outcome),
    /// Something about the Pod, its namespace or a companion, besides the companion's outcome.
    Remark(Remark),
}

/// The result for one companion. Each companion that was considered has exactly one outcome.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[allow(missing_docs)] // `verdict::message` has a sentence for each variant, with the meaning of its fields
pub enum Outcome {
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
        /// Whether the Pod set the value; otherwise it is the companion's default.
        given: bool,
        /// The `message` of the parameter's author.
        message: Option<Box<str>>,
    },
    ParameterUnknown {
        companion: Box<str>,
        parameter: Box<str>,
        nearest: Option<Box<str>>,
    },
    FileOverridden {
        key: Box<str>,
    },
    HostNetwork,
    WindowsPod,
    BlocksCompletion,
    #[strum(transparent)]
    Conflict(Conflict),
}

/// The companion does not fit into the Pod. The companion's `onConflict` decides what that leads to.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[allow(missing_docs)] // as above
pub enum Conflict {
    ContainerNameConflict {
        container: Box<str>,
        by: Holder,
    },
    PortConflict {
        port: u16,
        protocol: Protocol,
        by: Holder,
    },
    HostPortConflict {
        port: u16,
        protocol: Protocol,
        by: Holder,
    },
    VolumeNameConflict {
        volume: Box<str>,
        /// The companion that injects a volume of that name; `None` where the Pod declares it.
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
    PrivateVolumeConflict {
        volume: Box<str>,
        /// The container that uses the volume; `None` where the Pod only declares it.
        container: Option<Box<str>>,
        /// The companion whose volume it is; `None` for the companion that has this outcome.
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
}

/// Something about the Pod, its namespace or a companion, besides the companion's outcome.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[allow(missing_docs)] // as above
pub enum Remark {
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
        /// How many more parts are missing than `parts` lists.
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
    OptedOut {
        /// Whether the Pod requests companions all the same.
        requests: bool,
    },
    ExcludedNamespace {
        /// As of `OptedOut`.
        requests: bool,
    },
    MirrorPod,
    NotAPod,
    NamespaceUnknown,
    NamespaceMismatch,
}

/// Who already has what a companion needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A container of the Pod.
    Container(Box<str>),
    /// Another companion, injected before or in this review.
    Companion(Box<str>),
}

/// Why a companion cannot join a volume of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unshareable {
    /// The companion declares a source of its own.
    OwnSource,
    /// The volume is neither an emptyDir, nor a persistentVolumeClaim, nor ephemeral.
    Source,
    /// The mount has a `subPathExpr`.
    SubPathExpr,
    /// Two chosen containers mount different volumes at the path.
    TwoVolumes,
    /// The app must write to the volume, and its mount is read-only.
    ReadOnly,
    /// The companion or the app must write to the volume, and its source is read-only.
    ReadOnlySource,
    /// The app must only read from the volume, and its mount is writable.
    Writable,
}

/// Which annotations or labels a remark is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataField {
    /// `metadata.annotations` of the Pod.
    PodAnnotation,
    /// `metadata.labels` of the Pod.
    PodLabel,
    /// `metadata.annotations` of the Namespace.
    NamespaceAnnotation,
    /// `metadata.labels` of the Namespace.
    NamespaceLabel,
}

impl Reason {
    /// The stable name: in metrics, audit annotations, log lines and `explain`.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Reason::Outcome(outcome) => outcome.into(),
            Reason::Remark(remark) => remark.into(),
        }
    }

    /// Whether a companion with this outcome is in the Pod, or would be if the Pod were not denied.
    #[must_use]
    pub fn is_injected(&self) -> bool {
        matches!(self, Reason::Outcome(Outcome::Injected | Outcome::PodDenied | Outcome::AlreadyInjected))
    }
}

impl MetadataField {
    /// Whether the Pod's author wrote it, and not the author of the namespace.
    #[must_use]
    pub fn is_of_pod(self) -> bool {
        matches!(self, MetadataField::PodAnnotation | MetadataField::PodLabel)
    }
}

impl From<Outcome> for Reason {
    fn from(outcome: Outcome) -> Self {
        Reason::Outcome(outcome)
    }
}

impl From<Remark> for Reason {
    fn from(remark: Remark) -> Self {
        Reason::Remark(remark)
    }
}

impl From<Conflict> for Outcome {
    fn from(conflict: Conflict) -> Self {
        Outcome::Conflict(conflict)
    }
}
