//! One container of a companion.

use super::index::EndpointIndex;
use super::resources::ContainerResource;
use super::template::Template;
use crate::inject::container_list::ContainerList;
use crate::inject::protocol::Protocol;

/// The fields that identify a container of a companion among the containers of a Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `name`.
    pub name: Box<str>,
    /// `image`.
    pub image: Box<str>,
    /// The list of the Pod that it is injected into.
    pub list: ContainerList,
    /// Whether it is a native sidecar, which has `restartPolicy: Always`.
    pub native: bool,
}

/// One container of a companion.
#[derive(Debug)]
pub struct Container {
    /// `name`, unique in the whole Pod.
    pub name: Box<str>,
    /// `image`.
    pub image: Box<str>,
    /// The whole core/v1 container as JSON, with gaps for what varies.
    pub template: Template,
    /// The declared ports, that of `exposes` included.
    pub ports: Box<[ContainerPort]>,
    /// The ports that probes name by number and reach in the Pod, except for `probed_inputs`: the container listens there,
    /// declared or not.
    pub probed: Box<[ContainerPort]>,
    /// The ports that probes ask and that the companion `reads`: the app listens there.
    pub probed_inputs: Box<[u16]>,
    /// The resources that a parameter fills, and those that a Pod can have as a whole.
    pub resources: Box<[ContainerResource]>,
    /// Normalized paths of the container's own mounts, devices and files: a Path parameter must not move a shared volume
    /// there.
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
    /// The endpoint with the same port: where a parameter moves it, the container port moves as well.
    pub endpoint: Option<EndpointIndex>,
}
