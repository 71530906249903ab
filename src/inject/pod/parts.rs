//! Containers of a Pod and their lists.

use std::borrow::Cow;
use std::ops::Range;

use crate::inject::companion::quantity::Amount;
use crate::inject::container_list::ContainerList;
use crate::inject::protocol::Protocol;

use super::env::EnvNames;

/// A container as far as a review looks at it. Its lists are ranges of those in [`Parts`]; the Pod returns them.
#[derive(Debug, Default)]
pub struct Container<'a> {
    /// `name`.
    pub name: Cow<'a, str>,
    /// `image`.
    pub image: Cow<'a, str>,
    /// The list that it is in.
    pub list: ContainerList,
    /// The place in its list.
    pub index: usize,
    /// Whether it has `restartPolicy: Always`: among init containers, a native sidecar.
    pub restarts: bool,
    /// Whether it has a `restartPolicy` at all.
    pub has_restart_policy: bool,
    /// The whole container as JSON.
    pub json: &'a str,
    /// Whether it has a preStop hook.
    pub lifecycle: Lifecycle,
    pub(super) env: Option<Range<u32>>,
    pub(super) ports: Range<u32>,
    pub(super) mounts: Option<Range<u32>>,
    pub(super) devices: Range<u32>,
    pub(super) env_files: Range<u32>,
    pub(super) env_prefixes: Range<u32>,
}

/// Which part of `lifecycle.preStop` is present.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// No `lifecycle`.
    #[default]
    Absent,
    /// `lifecycle` without `preStop`.
    NoPreStop,
    /// `lifecycle.preStop`.
    PreStop,
}

/// A port that a container listens on: a declared one, or one that a probe of the container reaches in the Pod.
#[derive(Debug, Clone, Copy)]
pub struct Port {
    /// The port number.
    pub number: u16,
    /// The protocol; TCP for probes.
    pub protocol: Protocol,
    /// `hostPort`, where declared.
    pub host_port: Option<u16>,
    /// Whether only a probe names the port.
    pub probed: bool,
}

/// A mount of a container.
#[derive(Debug, Default)]
pub struct Mount<'a> {
    /// The name of the volume.
    pub volume: Cow<'a, str>,
    /// `mountPath`, normalized.
    pub path: Cow<'a, str>,
    /// `subPath`; empty where absent.
    pub sub_path: Cow<'a, str>,
    /// Whether `subPathExpr` is set.
    pub sub_path_expr: bool,
    /// `readOnly`.
    pub read_only: bool,
}

/// A block device of a container.
#[derive(Debug, Default)]
pub struct Device<'a> {
    /// The name of the volume.
    pub volume: Cow<'a, str>,
    /// `devicePath`, normalized.
    pub path: Cow<'a, str>,
}

/// The amounts of one resource in `spec.resources` of a Pod (KEP-2837).
#[derive(Debug)]
pub(in crate::inject) struct PodAmounts<'a> {
    pub(in crate::inject) resource: Cow<'a, str>,
    pub(in crate::inject) request: Option<Amount>,
    pub(in crate::inject) limit: Option<Amount>,
}

/// The lists of all containers, one after the other: a Pod can have thousands of containers, and few lists need few
/// allocations.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    pub(super) env: EnvNames<'a>,
    pub(super) ports: Vec<Port>,
    pub(super) mounts: Vec<Mount<'a>>,
    pub(super) devices: Vec<Device<'a>>,
    /// Volumes that variables are read from (`fileKeyRef`).
    pub(super) env_files: Vec<Cow<'a, str>>,
    /// The prefix of each source of `envFrom`; empty where it has none.
    pub(super) env_prefixes: Vec<Cow<'a, str>>,
    /// Whether the Pod or a container sets `securityContext.windowsOptions`.
    pub(super) windows_options: bool,
}

impl Container<'_> {
    /// Whether it runs as long as the Pod: a container, or a native sidecar.
    #[must_use]
    pub fn keeps_running(&self) -> bool {
        !self.list.is_init() || self.restarts
    }

    /// Whether there is a list of variables, empty or not.
    #[must_use]
    pub fn has_env(&self) -> bool {
        self.env.is_some()
    }

    /// How many variables there are.
    pub(in crate::inject) fn env_count(&self) -> usize {
        self.env.as_ref().map_or(0, |range| places(range).len())
    }

    /// Whether there is a list of mounts, empty or not.
    #[must_use]
    pub fn has_mounts(&self) -> bool {
        self.mounts.is_some()
    }
}

impl<'a> Parts<'a> {
    pub(super) fn mounts(&self, container: &Container<'a>) -> &[Mount<'a>] {
        container.mounts.as_ref().map_or(&[], |range| &self.mounts[places(range)])
    }

    pub(super) fn devices(&self, container: &Container<'a>) -> &[Device<'a>] {
        &self.devices[places(&container.devices)]
    }

    /// The prefixes of the ConfigMaps and Secrets that a container takes variables from.
    pub(super) fn env_prefixes(&self, container: &Container<'a>) -> &[Cow<'a, str>] {
        &self.env_prefixes[places(&container.env_prefixes)]
    }

    /// The volumes that a container's variables are read from.
    pub(super) fn env_files(&self, container: &Container<'a>) -> &[Cow<'a, str>] {
        &self.env_files[places(&container.env_files)]
    }
}

/// The places of a container's part of a list. Containers keep them short, because a Pod can have thousands of containers.
pub(super) fn places(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}
