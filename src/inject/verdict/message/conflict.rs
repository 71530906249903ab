//! The sentences of conflicts.

use std::fmt::{Display, Formatter, Result};

use crate::inject::companion::pod_requirement::RequiredValue;
use crate::inject::keys;
use crate::inject::verdict::reason::{Conflict, ExistingKind, Holder, ProbingSide, Unshareable};
use crate::inject::verdict::via::Via;

/// The remedy where podgraft itself added the other side of a conflict.
const REMOVE_LEFTOVERS: &str = "run `podgraft uninject` and inject again, or recreate the Pod from its source";

impl Display for Conflict {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Conflict::ContainerNameConflict { container, by: Holder::Container(_) | Holder::AppContainer(_) } => {
                write!(
                    f,
                    "duplicate value {container:?}: the Pod has a container of this name; rename the Pod's container"
                )
            }
            Conflict::ContainerNameConflict { container, by: by @ Holder::Leftover(_) } => {
                write!(f, "duplicate value {container:?}: {by} left a container of this name; {REMOVE_LEFTOVERS}")
            }
            Conflict::ContainerNameConflict { container, by: Holder::Companion(companion) } => write!(
                f,
                "duplicate value {container:?}: companion {companion} has a container of this name; choose one of the two companions"
            ),
            Conflict::PortConflict { port, protocol, by: by @ Holder::Companion(_), probed: None } => write!(
                f,
                "port {port}/{protocol} is already in use by {by}, and containers of a Pod share one network; choose one of the two companions, or set another port where a parameter allows it"
            ),
            Conflict::PortConflict { port, protocol, by, probed: None } => write!(
                f,
                "port {port}/{protocol} is already in use by {by}, and containers of a Pod share one network; change one of the ports"
            ),
            Conflict::PortConflict { port, protocol, by, probed: Some(ProbingSide::Holder) } => write!(
                f,
                "port {port}/{protocol} is already in use: a probe of {by} asks this port, and no container declares it; let the probe ask a port that {by} listens on, or change one of the ports"
            ),
            Conflict::PortConflict { port, protocol, by, probed: Some(ProbingSide::Companion) } => write!(
                f,
                "port {port}/{protocol}, which a probe of this companion asks, is already in use by {by}; change one of the ports, or, if this companion is an Adapter, declare the port in spec.reads"
            ),
            Conflict::HostPortConflict { port, protocol, by } => {
                write!(f, "host port {port}/{protocol} is already in use by {by}; change one of the ports")
            }
            Conflict::VolumeNameConflict { volume, by: None } => write!(
                f,
                "duplicate value {volume:?}: the Pod has a volume of this name with another source; rename the Pod's volume, or the StatefulSet's claim template"
            ),
            Conflict::VolumeNameConflict { volume, by: Some(by @ Holder::Leftover(_)) } => write!(
                f,
                "duplicate value {volume:?}: {by} left a volume of this name with another source; {REMOVE_LEFTOVERS}"
            ),
            Conflict::VolumeNameConflict { volume, by: Some(by) } => write!(
                f,
                "duplicate value {volume:?}: {by} has a volume of this name; choose one of the two companions"
            ),
            Conflict::MountPathConflict { path, container, other, other_kind, by } => {
                write!(
                    f,
                    "mount path {path} in container {container} conflicts with {other_kind} {other} of {by}; {}",
                    if matches!(by, Holder::Leftover(_)) { REMOVE_LEFTOVERS } else { "change one of the paths" }
                )?;
                leave_out(f, by)
            }
            Conflict::VolumeNotShareable { volume, path, by, why } => {
                write!(f, "cannot share volume {volume}, which {by} mounts at {path}: {why}")
            }
            Conflict::EnvNameConflict {
                variable,
                container,
                by: by @ (Holder::Container(_) | Holder::AppContainer(_)),
            } => {
                write!(
                    f,
                    "duplicate value {variable:?}: container {container} already sets this variable; rename or remove that variable"
                )?;
                leave_out(f, by)
            }
            Conflict::EnvNameConflict { variable, container, by: by @ Holder::Leftover(_) } => write!(
                f,
                "duplicate value {variable:?}: {by} left this variable in container {container}; {REMOVE_LEFTOVERS}"
            ),
            Conflict::EnvNameConflict { variable, container, by: Holder::Companion(companion) } => write!(
                f,
                "duplicate value {variable:?}: companion {companion} sets this variable in container {container}; choose one of the two companions"
            ),
            Conflict::PrivateVolumeConflict { volume, container: None, .. } => write!(
                f,
                "forbidden: the Pod declares volume {volume}, which is private to this companion; rename the Pod's volume"
            ),
            Conflict::PrivateVolumeConflict { volume, container: Some(container), companion } => {
                write!(f, "forbidden: container {container} uses volume {volume}, which is private to ")?;
                match companion {
                    Some(companion) => write!(f, "companion {companion}; use another volume"),
                    None => f.write_str("this companion; use another volume"),
                }
            }
            Conflict::TokenPathConflict { path } => write!(
                f,
                "forbidden: mount path {path} in the app conflicts with {}, where Kubernetes mounts the Pod's token; set automountServiceAccountToken: false on the Pod, or change the path",
                keys::TOKEN_PATH
            ),
            Conflict::PodFieldConflict { container, field, required, grace } => {
                write!(f, "field {field} of container {container} requires ")?;
                required_value(f, *required, *grace)
            }
            Conflict::PodResourcesExceeded { resource, container, needed, pod, annotation, via } => {
                write!(f, "spec.resources.{resource} of the Pod is {pod}, and ")?;
                match container {
                    Some(container) => write!(f, "container {container} would have a limit of {needed}")?,
                    None => write!(f, "its containers would need {needed}")?,
                }
                let can_be_shared = [".cpu", ".memory"].iter().any(|end| resource.ends_with(end));
                match (annotation, via) {
                    (Some(key), _) => write!(f, "; lower the value of annotation {key}, or increase the Pod's amount"),
                    // Required companions cannot have `podResources: Share`.
                    (None, Via::Pod) if can_be_shared => {
                        f.write_str("; increase the Pod's amount, or use a companion with podResources: Share")
                    }
                    (None, Via::NamespaceList | Via::Automatic) if can_be_shared => f.write_str(
                        "; increase the Pod's amount, or ask the platform team to set podResources: Share on the companion",
                    ),
                    _ => f.write_str("; increase the Pod's amount"),
                }
            }
            Conflict::TooManyExclusions { most } => write!(
                f,
                "too many: other companions have {most} different excludeContainers, the most for a Pod of this size; request fewer companions, or ask the platform team to use equal lists"
            ),
            Conflict::AnnotationsTooLarge { bytes } => write!(
                f,
                "too long: the Pod's annotations would have {bytes} bytes, and must have at most {}; shorten the Pod's own annotations",
                keys::ANNOTATIONS_LIMIT
            ),
            Conflict::PatchTooLarge { bytes } => write!(
                f,
                "too long: the patch could have {bytes} bytes, and must have at most {}; choose fewer containers or companions",
                keys::PATCH_LIMIT
            ),
        }
    }
}

/// Another webhook may have added the container, so that its author can change neither variables nor mounts.
fn leave_out(f: &mut Formatter<'_>, by: &Holder) -> Result {
    match by {
        Holder::AppContainer(_) => f.write_str(
            ", or exclude the container with podgraft.dev/containers or with the companion's excludeContainers",
        ),
        _ => Ok(()),
    }
}

/// What a field of an injected container requires of the Pod, and the remedy.
fn required_value(f: &mut Formatter<'_>, required: RequiredValue, grace: i64) -> Result {
    f.write_str(match required {
        RequiredValue::GracePeriod(seconds) => {
            return write!(
                f,
                "a terminationGracePeriodSeconds of at least {seconds}, and the Pod's is {grace}; increase the Pod's value"
            );
        }
        RequiredValue::UserNamespace => "hostUsers: false in the Pod; set that field",
        RequiredValue::HostUsers => "a Pod without hostUsers: false; remove that field from the Pod",
        RequiredValue::RestartPolicy => {
            "a restartPolicy other than Never; change the Pod's restartPolicy, or ask the platform team to exclude such Pods with podSelector"
        }
        RequiredValue::OtherOs => {
            "a Pod without os.name: linux; ask the platform team to remove the field from the companion"
        }
    })
}

impl Display for ExistingKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            ExistingKind::Mount => "mount path",
            ExistingKind::Device => "device path",
        })
    }
}

impl Display for Unshareable {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Unshareable::OwnSource => "this companion declares a source of its own; change one of the mount paths",
            Unshareable::Undeclared => "the Pod declares no volume of that name; add the volume to spec.volumes",
            Unshareable::NotEmptyDir => "variables of this companion are read from the volume, which must be an emptyDir; change one of the mount paths",
            Unshareable::SubPath => "variables of this companion are read from the root of the volume, and the mount has a subPath; change one of the mount paths",
            Unshareable::Source => "only emptyDir, persistentVolumeClaim and ephemeral volumes can be shared; change one of the mount paths",
            Unshareable::SubPathExpr => "a subPathExpr can expand differently in each container; use subPath",
            Unshareable::TwoVolumes => "another chosen container mounts another volume there; mount one volume, or choose with podgraft.dev/containers",
            Unshareable::ReadOnlySource => "the claim is readOnly and must be writable; remove readOnly from the volume",
            Unshareable::Writable => "the app must only read there; set readOnly: true on the mount",
            Unshareable::ReadOnly => "the mount is readOnly and the app must write there; remove readOnly from the mount",
        })
    }
}
