//! A narrow, borrowed view of a Pod. Fields that a review does not need are skipped unread.

mod container;
mod controlled;
mod controller;
mod env;
mod index;
mod limits;
pub mod owner;
mod parts;
mod read;
mod resources;
mod security_context;
mod volume;
mod volume_uses;
mod windows;

use std::borrow::Cow;
use std::cmp::Ordering;

use super::container_list::ContainerList;
use super::keys;
use crate::json::{Expected, JsonError, Reader, TextMap, field};

use controlled::Controlled;
pub use controlled::{ControllerFields, ControllerLabel};
use index::Index;
use parts::Parts;
pub(super) use parts::PodAmounts;
pub use parts::{Container, Device, Lifecycle, Mount, Port};
pub use volume::Volume;
use volume_uses::VolumeUses;
use windows::NodeOs;

/// The fields of a Pod, or of the Pod of a template, that a review needs. `null` counts as absent everywhere.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // the fields of a Pod are boolean
pub struct Pod<'a> {
    /// Whether `metadata` is present.
    pub has_metadata: bool,
    /// `metadata.name`, else `metadata.generateName`.
    pub name: Cow<'a, str>,
    /// `metadata.namespace`; empty where absent.
    pub namespace: Cow<'a, str>,
    /// `metadata.annotations`, in order.
    pub annotations: Option<TextMap<'a>>,
    /// `metadata.labels`, in order.
    pub labels: TextMap<'a>,
    /// `metadata.ownerReferences` as JSON, which only events are made of; empty where absent.
    pub owner_references: &'a str,
    /// The number of init containers in `containers`; `None` where `spec.initContainers` is absent.
    pub init_containers: Option<usize>,
    /// Init containers, then containers.
    pub containers: Vec<Container<'a>>,
    /// `spec.volumes`.
    pub volumes: Option<Vec<Volume<'a>>>,
    /// Names of `spec.imagePullSecrets`.
    pub image_pull_secrets: Option<Vec<Cow<'a, str>>>,
    /// `spec.hostNetwork`.
    pub host_network: bool,
    /// Whether `spec.restartPolicy` is absent or `Always`.
    pub restarts: bool,
    /// Whether `spec.restartPolicy` is `Never`.
    pub never_restarts: bool,
    /// Whether `spec.hostUsers` is false.
    pub has_user_namespace: bool,
    /// Whether `spec.os.name` is `linux`.
    pub names_linux: bool,
    /// The operating system that `spec.os` or `spec.nodeSelector` selects.
    selected_os: NodeOs,
    /// The operating system of the nodes that match the required node affinity.
    affinity_os: NodeOs,
    /// Whether the template requires Windows nodes by a node affinity that its controller replaces.
    pub loses_windows_affinity: bool,
    /// `spec.terminationGracePeriodSeconds`, by default 30.
    pub grace_seconds: i64,
    /// Whether `spec.automountServiceAccountToken` is false.
    pub declines_token: bool,
    /// Whether `spec.automountServiceAccountToken` is true.
    pub demands_token: bool,
    /// `spec.resources` as JSON.
    resources: Option<&'a str>,
    /// Whether `metadata.labels` is present.
    pub(super) has_labels: bool,
    /// The text of `spec`, for what a review needs rarely; empty where absent.
    pub(super) spec: &'a str,
    parts: Parts<'a>,
    by_annotation: Index,
    by_label: Index,
    by_container: Index,
    by_volume: Index,
    by_pull_secret: Index,
    users: VolumeUses,
    controlled: Controlled<'a>,
}

type Result<T> = std::result::Result<T, JsonError>;

impl<'a> Pod<'a> {
    /// Reads a Pod, or a Pod template, from its JSON.
    ///
    /// # Errors
    /// The Pod is not valid JSON, or a field has the wrong type; with the position.
    pub fn read(json: &'a [u8]) -> Result<Self> {
        let (mut reader, mut pod) = (Reader::new(json)?, None);
        Self::read_into(&mut pod, &mut reader)?;
        reader.end()?;
        pod.ok_or_else(no_object)
    }

    /// Reads a Pod at the position of a reader, in its place: a Pod is large.
    ///
    /// # Errors
    /// The Pod is not valid JSON, or a field has the wrong type; with the position.
    pub fn read_into(place: &mut Option<Self>, r: &mut Reader<'a>) -> Result<()> {
        let pod = place.insert(Pod { restarts: true, grace_seconds: 30, ..Pod::default() });
        let is_object =
            r.fields(pod, &const { [field("metadata", Pod::read_metadata), field("spec", Pod::read_spec_text)] })?;
        pod.by_container = Index::by(&pod.containers, |a, b| identity(a).cmp(&identity(b)));
        pod.by_volume = Index::of(pod.volumes.as_deref().unwrap_or_default(), volume_name);
        pod.by_pull_secret = Index::of(pod.image_pull_secrets.as_deref().unwrap_or_default(), |name| name);
        pod.users = VolumeUses::of(&pod.containers, &pod.parts);
        if is_object { Ok(()) } else { Err(no_object()) }
    }

    /// Whether the Pod runs on Windows nodes only: by `spec.os`, `spec.nodeSelector`, required node affinity, or
    /// `windowsOptions` of the Pod or a container. Linux nodes ignore the latter.
    #[must_use]
    pub fn runs_on_windows(&self) -> bool {
        let os = self.selected_os.and(self.affinity_os);
        os == NodeOs::Windows || (os == NodeOs::Any && self.parts.windows_options)
    }

    fn read_spec_text(&mut self, r: &mut Reader<'a>) -> Result<()> {
        r.with_text(|r| self.read_spec(r)).map(|((), text)| self.spec = text)
    }

    /// The value of an annotation.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        let all = self.annotations.as_deref().unwrap_or_default();
        self.by_annotation.find(all, text_key, key).next().map(|(_, v)| &**v)
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.by_label.find(&self.labels, text_key, key).next().map(|(_, v)| &**v)
    }

    /// Names of a container's environment variables.
    pub fn env(&self, container: &Container<'a>) -> impl Iterator<Item = &str> {
        (0..container.env_count()).map(|index| self.env_name(container, index))
    }

    /// The name of one of a container's environment variables; empty where there are fewer.
    pub(super) fn env_name(&self, container: &Container<'a>, index: usize) -> &str {
        let mut range = parts::places(container.env.as_ref().unwrap_or(&(0..0)));
        range.nth(index).map_or("", |place| self.parts.env.at(place))
    }

    /// A container's ports: declared ones, and those that its probes reach by number.
    #[must_use]
    pub fn ports(&self, container: &Container<'a>) -> &[Port] {
        &self.parts.ports[parts::places(&container.ports)]
    }

    /// A container's mounts.
    #[must_use]
    pub fn mounts(&self, container: &Container<'a>) -> &[Mount<'a>] {
        self.parts.mounts(container)
    }

    /// A container's block devices.
    #[must_use]
    pub fn devices(&self, container: &Container<'a>) -> &[Device<'a>] {
        self.parts.devices(container)
    }

    /// The prefixes of the sources of a container's `envFrom`, one for each; empty ones where there is none.
    #[must_use]
    pub fn env_prefixes(&self, container: &Container<'a>) -> &[Cow<'a, str>] {
        self.parts.env_prefixes(container)
    }

    /// How many mounts and devices all containers have together.
    pub(super) fn mount_count(&self) -> usize {
        self.parts.mounts.len() + self.parts.devices.len()
    }

    /// A container that uses a volume: as a mount, as a device, or for its variables.
    #[must_use]
    pub fn user_of(&self, volume: &str) -> Option<&Container<'a>> {
        self.users.first(volume, &self.containers, &self.parts)
    }

    /// A container that can write to a volume, and where it mounts it.
    pub(super) fn writer_of(&self, volume: &str) -> Option<(&Container<'a>, &str)> {
        self.users.writer(volume, &self.containers, &self.parts)
    }

    /// A container by its name.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<&Container<'a>> {
        self.by_container.find_by(&self.containers, |c| (*c.name).cmp(name)).next()
    }

    /// A container by its list, its name, and its image where one is given.
    #[must_use]
    pub fn container_in(&self, list: ContainerList, name: &str, image: Option<&str>) -> Option<&Container<'a>> {
        let compare = |c: &Container<'_>| {
            let rest = image.map_or(Ordering::Equal, |image| (*c.image).cmp(image));
            (&*c.name, c.list).cmp(&(name, list)).then(rest)
        };
        self.by_container.find_by(&self.containers, compare).next()
    }

    /// Whether a list has a container of this name, and of this image where one is given.
    #[must_use]
    pub fn has_container(&self, list: ContainerList, name: &str, image: Option<&str>) -> bool {
        self.container_in(list, name, image).is_some()
    }

    /// Whether `imagePullSecrets` has a name.
    #[must_use]
    pub fn has_pull_secret(&self, name: &str) -> bool {
        let names = self.image_pull_secrets.as_deref().unwrap_or_default();
        self.by_pull_secret.find(names, |name| name, name).next().is_some()
    }

    /// The text of `spec`, for fields that reviews do not need; empty where absent.
    #[must_use]
    pub fn spec_json(&self) -> &'a str {
        self.spec
    }

    /// Whether the Pod itself has resources, besides those of its containers (KEP-2837).
    #[must_use]
    pub fn sets_resources(&self) -> bool {
        self.resources.is_some_and(|json| json != "{}")
    }

    /// The size of all annotations, keys included, in bytes.
    #[must_use]
    pub fn annotation_bytes(&self) -> usize {
        self.annotations.iter().flatten().map(|(k, v)| k.len() + v.len()).sum()
    }
}

fn no_object() -> JsonError {
    JsonError::expected(Expected::Object)
}

fn text_key<'t>((key, _): &'t (Cow<'_, str>, Cow<'_, str>)) -> &'t str {
    key
}

/// Containers are found by this. Several may have one name: the API server denies such a Pod only after the webhooks.
fn identity<'t>(container: &'t Container<'_>) -> (&'t str, ContainerList, &'t str) {
    (&container.name, container.list, &container.image)
}

fn volume_name<'t>(volume: &'t Volume<'_>) -> &'t str {
    &volume.name
}

/// Whether a Pod is the API server's copy of a static Pod of a node. Users can set the annotation but cannot authenticate
/// as a node.
#[must_use]
pub fn is_mirror(pod: &Pod<'_>, requester: &str) -> bool {
    requester.starts_with("system:node:") && pod.annotation(keys::MIRROR).is_some()
}
