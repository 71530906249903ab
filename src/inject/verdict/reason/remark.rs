//! What a review reports besides the outcomes of companions.

use strum::{IntoStaticStr, VariantNames};

use super::stale::Stale;
use crate::inject::companion::selector::Unmet;

/// Something about the Pod, its namespace or a companion, besides the companion's outcome.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[allow(missing_docs)] // as above
pub enum Remark {
    UnknownKey {
        place: MetadataField,
        key: Box<str>,
        nearest: Option<Box<str>>,
        stale: Option<Stale>,
    },
    InvalidLabel {
        place: MetadataField,
        fault: LabelFault,
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
        why: Unused,
    },
    Outdated,
    PartsMissing {
        parts: Box<str>,
        /// How many more parts are missing than `parts` lists.
        more: usize,
        /// Whether the status lists them; otherwise the companion declares them.
        listed: bool,
    },
    InjectedAgain {
        /// The containers that were missing, joined by commas.
        containers: Box<str>,
        /// How many more were missing than `containers` lists.
        more: usize,
    },
    RestartPolicyRestored {
        container: Box<str>,
    },
    ParameterDiffers {
        companion: Box<str>,
        parameter: Box<str>,
    },
    NoLongerRequested {
        /// Whether the Pod's namespace is not known, whose list may name the companion.
        unless_by_namespace: bool,
    },
    TokenMissing {
        /// Whether the Pod's own `automountServiceAccountToken` is false; otherwise it is the ServiceAccount's.
        by_pod: bool,
    },
    PullSecretsReplaced,
    /// In reviews of a template only.
    NodeAffinityReplaced,
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
    PreStopUsesGracePeriod {
        container: Box<str>,
        seconds: u32,
        grace: i64,
    },
    EnvFromOverridden {
        container: Box<str>,
        /// The variables that the companion sets in the container and `envFrom` may set as well, joined by commas.
        variables: Box<str>,
    },
    StartsBeforeCompanion {
        container: Box<str>,
        /// Whether the companion is a native sidecar: only those can have position First.
        native: bool,
    },
    ContainerExcluded {
        /// The container that the Pod names; `None` where no app container is left.
        container: Option<Box<str>>,
    },
    AnnotationKept {
        key: Box<str>,
        kept: KeptAnnotation,
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

/// What is wrong with a label of podgraft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelFault {
    /// `podgraft.dev/inject` is neither `enabled` nor `disabled`.
    Unsupported,
    /// The Pod has the label of this companion, and not the companion.
    WithoutCompanion(Box<str>),
    /// The Pod has the label of another version of this companion than the one that is injected, and a controller, which may
    /// select its Pods by the label.
    OtherVersion(Box<str>),
}

/// Why the value of a parameter has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unused {
    /// Neither the Pod nor its namespace requests the companion.
    NotRequested,
    /// The companion is not injected; with the requirement that the Pod does not meet, if there is one.
    NotInjected(Option<Unmet>),
    /// The value is an amount of a resource that the companion shares with the Pod (`podResources: Share`).
    Shared,
}

/// Why a companion's value of an annotation is not in the Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptAnnotation {
    /// The Pod's own list of volumes lacks these of the companion.
    LacksVolumes(Box<str>),
    /// The annotation has the value of this other companion.
    SetBy(Box<str>),
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

impl MetadataField {
    /// Whether the Pod's author wrote it, and not the author of the namespace.
    #[must_use]
    pub fn is_of_pod(self) -> bool {
        matches!(self, MetadataField::PodAnnotation | MetadataField::PodLabel)
    }
}
