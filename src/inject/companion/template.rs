//! A container, or variables, as JSON text, with gaps for the few things that differ from Pod to Pod.

use super::index::{EndpointIndex, ParameterIndex, SharedVolumeIndex};

/// Pieces that, written one after the other, are one core/v1 container, or variables joined by commas.
///
/// A piece that writes a member writes the comma before it, so the template of a container always starts with the
/// container's name.
#[derive(Debug, Default)]
pub struct Template(pub Box<[TemplatePiece]>);

/// A part of a template.
#[derive(Debug)]
pub enum TemplatePiece {
    /// JSON that never varies.
    Text(Box<str>),
    /// The member `env`: variables of endpoints, of parameters, then the container's own; absent where there are none.
    Env {
        /// The container's own variables, joined by commas; may be empty.
        own: Template,
    },
    /// The member `volumeMounts`: the shared ones, then the container's own; absent where there are none.
    Mounts {
        /// The container's own mounts and those of files as JSON, joined by commas; may be empty.
        own: Box<str>,
        /// Whether that of the token mask follows, in a Pod that gets the mask.
        masks_token: bool,
    },
    /// The name of a shared volume, as a string: the companion's own, or that of the volume which the companion joins.
    VolumeName(SharedVolumeIndex),
    /// The port of an endpoint, as a number.
    Port(EndpointIndex),
    /// The member `resources`, where a parameter fills one of its quantities, or a Pod's own replace them.
    Resources(Box<ResourceSlots>),
}

/// The resources of a container, with those that vary.
#[derive(Debug)]
pub struct ResourceSlots {
    /// Other members than limits and requests as JSON, joined by commas; may be empty.
    pub rest: Box<str>,
    /// `limits`, in order.
    pub limits: Box<[ResourceSlot]>,
    /// `requests`, in order.
    pub requests: Box<[ResourceSlot]>,
}

/// One quantity of a container's resources.
#[derive(Debug)]
pub struct ResourceSlot {
    /// The resource, such as `memory`.
    pub name: Box<str>,
    /// The quantity as JSON, where the companion itself declares one.
    pub value: Option<Box<str>>,
    /// The Quantity parameter that fills it.
    pub parameter: Option<ParameterIndex>,
}
