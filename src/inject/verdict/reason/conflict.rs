//! Why a companion does not fit into a Pod.

use strum::{IntoStaticStr, VariantNames};

use crate::inject::companion::pod_requirement::RequiredValue;
use crate::inject::protocol::Protocol;
use crate::inject::verdict::via::Via;

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
        /// Where one side does not declare the port: the side whose probe asks it.
        probed: Option<ProbingSide>,
    },
    HostPortConflict {
        port: u16,
        protocol: Protocol,
        by: Holder,
    },
    VolumeNameConflict {
        volume: Box<str>,
        /// The companion that injects or left a volume of that name; `None` where the Pod's author declares it.
        by: Option<Holder>,
    },
    MountPathConflict {
        path: Box<str>,
        container: Box<str>,
        other: Box<str>,
        other_kind: ExistingKind,
        by: Holder,
    },
    VolumeNotShareable {
        volume: Box<str>,
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
    PodFieldConflict {
        /// The injected container that has the field.
        container: Box<str>,
        /// The field of the container.
        field: &'static str,
        /// What the field requires of the Pod.
        required: RequiredValue,
        /// The Pod's `terminationGracePeriodSeconds`.
        grace: i64,
    },
    PodResourcesExceeded {
        /// `requests` or `limits` of the Pod, and the resource: `requests.cpu`.
        resource: Box<str>,
        /// The injected container whose limit is too large; `None` where the sum over the containers is.
        container: Option<Box<str>>,
        /// The sum over the containers, or the limit of one container, that is larger than the Pod's amount.
        needed: Box<str>,
        /// The amount in `spec.resources` of the Pod.
        pod: Box<str>,
        /// The Pod's annotation that sets the amount, if one does: then the Pod is denied.
        annotation: Option<Box<str>>,
        via: Via,
    },
    TooManyExclusions {
        /// The most different exclusions of a Pod of this size.
        most: usize,
    },
    AnnotationsTooLarge {
        bytes: usize,
    },
    PatchTooLarge {
        bytes: usize,
    },
}

/// The holder of a name, port, path or variable that a companion needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A container of the Pod that cannot be left out.
    Container(Box<str>),
    /// A container of the Pod that this companion need not give anything to.
    AppContainer(Box<str>),
    /// Another companion, injected before or in this review.
    Companion(Box<str>),
    /// An earlier injection of a companion, whose containers were removed since then.
    Leftover(Box<str>),
}

/// The side of a port conflict that is known to listen on the port only because its probe asks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbingSide {
    /// The holder of the port.
    Holder,
    /// The companion that has the conflict.
    Companion,
}

/// What a container has at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistingKind {
    /// A mount of a volume (`volumeMounts`).
    Mount,
    /// A block device (`volumeDevices`).
    Device,
}

/// The reason for which a companion cannot join a volume of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unshareable {
    /// The companion declares a source of its own.
    OwnSource,
    /// The Pod mounts a volume that it does not declare.
    Undeclared,
    /// The volume is not an emptyDir, and the companion declares variables that are read from it (`fileKeyRef`).
    NotEmptyDir,
    /// The mount has a `subPath`, and the companion declares variables that are read from files of the volume, whose paths
    /// start at the root of the volume.
    SubPath,
    /// The volume is neither an emptyDir, nor a persistentVolumeClaim, nor ephemeral.
    Source,
    /// The mount has a `subPathExpr`, which can expand differently in each container.
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
