//! The sentences of conflicts.

use std::fmt::{Display, Formatter, Result};

use crate::inject::keys;
use crate::inject::verdict::reason::{Conflict, Holder, Unshareable};

impl Display for Conflict {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Conflict::ContainerNameConflict { container, by: Holder::Container(_) } => {
                write!(
                    f,
                    "duplicate value {container:?}: the Pod has a container of this name; rename the Pod's container"
                )
            }
            Conflict::ContainerNameConflict { container, by: Holder::Companion(companion) } => write!(
                f,
                "duplicate value {container:?}: companion {companion} has a container of this name; choose one of the two companions"
            ),
            Conflict::PortConflict { port, protocol, by } => write!(
                f,
                "port {port}/{protocol} is already in use by {by}, and containers of a Pod share one network; change one of the ports"
            ),
            Conflict::HostPortConflict { port, protocol, by } => {
                write!(f, "host port {port}/{protocol} is already in use by {by}; change one of the ports")
            }
            Conflict::VolumeNameConflict { volume, by: None } => write!(
                f,
                "duplicate value {volume:?}: the Pod has a volume of this name with another source; rename the Pod's volume"
            ),
            Conflict::VolumeNameConflict { volume, by: Some(companion) } => write!(
                f,
                "duplicate value {volume:?}: companion {companion} has a volume of this name; choose one of the two companions"
            ),
            Conflict::MountPathConflict { path, container, other, by } => write!(
                f,
                "mount path {path} in container {container} conflicts with mount path {other} of {by}; change one of the paths"
            ),
            Conflict::VolumeNotShareable { path, by, why } => {
                write!(f, "cannot share the volume that {by} mounts at {path}: {why}")
            }
            Conflict::EnvNameConflict { variable, container, by: Holder::Container(_) } => write!(
                f,
                "duplicate value {variable:?}: container {container} already sets this variable; rename or remove that variable"
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
            Conflict::PodResourcesExceeded { resource, needed, pod, .. } => write!(
                f,
                "spec.resources.{resource} of the Pod is {pod}, and its containers would need {needed}; increase it, or set podResources: Share on the companion"
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

impl Display for Unshareable {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Unshareable::OwnSource => "this companion declares a source of its own; change one of the mount paths",
            Unshareable::Undeclared => "the Pod declares no volume of that name; add the volume to spec.volumes",
            Unshareable::NotEmptyDir => "a container of the companion reads variables from the volume, which must be an emptyDir then; change one of the mount paths",
            Unshareable::Source => "only emptyDir, persistentVolumeClaim and ephemeral volumes can be shared; change one of the mount paths",
            Unshareable::SubPathExpr => "a subPathExpr can expand differently in each container; use subPath",
            Unshareable::TwoVolumes => "another chosen container mounts another volume there; mount one volume, or choose with podgraft.dev/containers",
            Unshareable::ReadOnlySource => "the claim is readOnly and must be writable; remove readOnly from the volume",
            Unshareable::Writable => "the app must only read there; set readOnly: true on the mount",
            Unshareable::ReadOnly => "the mount is readOnly and the app must write there; remove readOnly from the mount",
        })
    }
}
