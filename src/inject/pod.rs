//! A narrow, borrowed view of a Pod: what a review asks of it. All else is skipped unread.

use std::borrow::Cow;

use super::companion::Protocol;
use super::json::{Reader, Seen, TextMap, Unreadable};
use super::keys;
use super::parameter::is_normal_path;

mod bounds;
mod container;
mod order;

use bounds::{MOST_OBJECTS, push};
pub use container::{Container, Lifecycle, Mount, Port};
use order::Order;

/// A Pod, or the Pod of a template, as far as a review looks at it. `null` counts as absent everywhere.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // they are a Pod's, not ours
pub struct Pod<'a> {
    /// Whether `metadata` is there.
    pub has_metadata: bool,
    /// `metadata.name`, else `metadata.generateName`.
    pub name: Cow<'a, str>,
    /// `metadata.namespace`; empty where absent.
    pub namespace: Cow<'a, str>,
    /// `metadata.annotations`, in order.
    pub annotations: Option<TextMap<'a>>,
    /// `metadata.labels`, in order.
    pub labels: TextMap<'a>,
    /// How many init containers stand in front of the containers in `containers`; `None` where there is no such list.
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
    /// Whether it says that it runs on Windows.
    pub windows: bool,
    /// `spec.terminationGracePeriodSeconds`, by default 30.
    pub grace_seconds: i64,
    env: Vec<Cow<'a, str>>,
    ports: Vec<Port>,
    mounts: Vec<Mount<'a>>,
    by_annotation: Order,
    by_label: Order,
    by_container: Order,
    by_volume: Order,
}

/// A volume of a Pod.
#[derive(Debug)]
pub struct Volume<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Whether a companion may join it: emptyDir, persistentVolumeClaim or ephemeral.
    pub shareable: bool,
    /// The whole of it, as JSON.
    pub json: &'a str,
}

type Result<T> = std::result::Result<T, Unreadable>;

impl<'a> Pod<'a> {
    /// Reads a Pod, or a Pod template, from its JSON.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn read(json: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(json)?;
        let pod = Self::read_from(&mut reader)?;
        reader.end()?;
        Ok(pod)
    }

    /// Reads a Pod where a reader stands.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn read_from(r: &mut Reader<'a>) -> Result<Self> {
        let mut pod = Pod { restarts: true, grace_seconds: 30, ..Pod::default() };
        let mut seen = Seen::default();
        let there = r.object(|r, key| match key {
            "metadata" => seen.first(0).and_then(|()| pod.read_metadata(r)),
            "spec" => seen.first(1).and_then(|()| pod.read_spec(r)),
            _ => r.skip(),
        })?;
        pod.by_container = Order::of(&pod.containers, container_name);
        pod.by_volume = Order::of(pod.volumes.as_deref().unwrap_or_default(), volume_name);
        if there { Ok(pod) } else { Err(Unreadable::new("not an object")) }
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
    #[must_use]
    pub fn env(&self, container: &Container<'a>) -> &[Cow<'a, str>] {
        container.env.as_ref().map_or(&[], |r| &self.env[r.clone()])
    }

    /// A container's ports: declared ones, and those that its probes ask.
    #[must_use]
    pub fn ports(&self, container: &Container<'a>) -> &[Port] {
        &self.ports[container.ports.clone()]
    }

    /// A container's mounts.
    #[must_use]
    pub fn mounts(&self, container: &Container<'a>) -> &[Mount<'a>] {
        container.mounts.as_ref().map_or(&[], |r| &self.mounts[r.clone()])
    }

    /// A volume by its name.
    #[must_use]
    pub fn volume(&self, name: &str) -> Option<&Volume<'a>> {
        self.by_volume.find(self.volumes.as_deref().unwrap_or_default(), volume_name, name).next()
    }

    /// Whether the list that is meant has a container with this name, and this image where one is given.
    #[must_use]
    pub fn has_container(&self, init: bool, name: &str, image: Option<&str>) -> bool {
        let mut named = self.by_container.find(&self.containers, container_name, name);
        named.any(|c| c.init == init && image.is_none_or(|image| c.image == image))
    }

    /// What all annotations have together, keys included, in bytes.
    #[must_use]
    pub fn annotation_bytes(&self) -> usize {
        self.annotations.iter().flatten().map(|(k, v)| k.len() + v.len()).sum()
    }

    fn read_metadata(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let mut seen = Seen::default();
        let (mut name, mut generate_name) = (None, None);
        self.has_metadata = r.object(|r, key| match key {
            "name" => seen.first(0).and_then(|()| r.string()).map(|text| name = text),
            "generateName" => seen.first(1).and_then(|()| r.string()).map(|text| generate_name = text),
            "annotations" => {
                seen.first(2)?;
                (self.annotations, self.by_annotation) = text_map(r)?;
                Ok(())
            }
            "namespace" => {
                seen.first(4).and_then(|()| r.string()).map(|text| self.namespace = text.unwrap_or_default())
            }
            "labels" => {
                seen.first(3)?;
                let (labels, order) = text_map(r)?;
                (self.labels, self.by_label) = (labels.unwrap_or_default(), order);
                Ok(())
            }
            _ => r.skip(),
        })?;
        self.name = name.filter(|n| !n.is_empty()).or(generate_name).unwrap_or_default();
        Ok(())
    }

    fn read_spec(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let mut seen = Seen::default();
        let mut plain = Vec::new();
        r.object(|r, key| match key {
            "containers" => {
                seen.first(0)?;
                self.read_containers(r, false, &mut plain).map(|_| ())
            }
            "initContainers" => {
                seen.first(1)?;
                let mut init = std::mem::take(&mut self.containers);
                let there = self.read_containers(r, true, &mut init)?;
                self.init_containers = there.then_some(init.len());
                self.containers = init;
                Ok(())
            }
            "volumes" => seen.first(2).and_then(|()| self.read_volumes(r)),
            "imagePullSecrets" => seen.first(3).and_then(|()| self.read_pull_secrets(r)),
            "hostNetwork" => seen.first(4).and_then(|()| r.boolean()).map(|yes| self.host_network = yes),
            "restartPolicy" => {
                seen.first(5)?;
                self.restarts = matches!(r.string()?.as_deref(), None | Some("" | "Always"));
                Ok(())
            }
            "terminationGracePeriodSeconds" => {
                seen.first(6)?;
                self.grace_seconds = r.integer()?.unwrap_or(30);
                Ok(())
            }
            "os" => seen.first(7).and_then(|()| self.read_os(r)),
            "nodeSelector" => {
                seen.first(8)?;
                let labels = text_map(r)?.0.unwrap_or_default();
                self.windows |= labels.iter().any(|(k, v)| k == "kubernetes.io/os" && v == "windows");
                Ok(())
            }
            _ => r.skip(),
        })?;
        self.containers.append(&mut plain);
        Ok(())
    }

    fn read_containers(&mut self, r: &mut Reader<'a>, init: bool, into: &mut Vec<Container<'a>>) -> Result<bool> {
        r.array(|r, index| {
            if into.is_empty() {
                into.reserve(8);
            }
            let container = Container::read(r, init, index, &mut self.env, &mut self.ports, &mut self.mounts)?;
            push(into, container, MOST_OBJECTS)
        })
    }

    fn read_volumes(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let mut volumes = Vec::with_capacity(8);
        if r.array(|r, _| push(&mut volumes, Volume::read(r)?, MOST_OBJECTS))? {
            self.volumes = Some(volumes);
        }
        Ok(())
    }

    fn read_pull_secrets(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let mut names = Vec::new();
        let there = r.array(|r, _| {
            let mut seen = Seen::default();
            r.object(|r, key| match key {
                "name" => {
                    seen.first(0)?;
                    r.string()?.map_or(Ok(()), |name| push(&mut names, name, MOST_OBJECTS))
                }
                _ => r.skip(),
            })
            .map(|_| ())
        })?;
        self.image_pull_secrets = there.then_some(names);
        Ok(())
    }

    fn read_os(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let mut seen = Seen::default();
        r.object(|r, key| match key {
            "name" => {
                seen.first(0).and_then(|()| r.string()).map(|name| self.windows |= name.as_deref() == Some("windows"))
            }
            _ => r.skip(),
        })
        .map(|_| ())
    }
}

impl<'a> Volume<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self> {
        let mut volume = Volume { name: Cow::default(), shareable: false, json: "" };
        let mut seen = Seen::default();
        let (there, json) = r.with_text(|r| {
            r.object(|r, key| match key {
                "name" => seen.first(0).and_then(|()| r.string()).map(|name| volume.name = name.unwrap_or_default()),
                "emptyDir" | "persistentVolumeClaim" | "ephemeral" => {
                    volume.shareable |= r.raw()? != "null";
                    Ok(())
                }
                _ => r.skip(),
            })
        })?;
        volume.json = json;
        if there { Ok(volume) } else { Err(Unreadable::new("not an object")) }
    }
}

/// A map of texts, such as labels, as it stands there, and the order of its keys; `None` for `null`.
fn text_map<'a>(r: &mut Reader<'a>) -> Result<(Option<TextMap<'a>>, Order)> {
    let Some(map) = r.texts()? else { return Ok((None, Order::default())) };
    let order = Order::of(&map, text_key);
    if order.is_doubled(&map, text_key) {
        return Err(Unreadable::new("a key stands there twice"));
    }
    Ok((Some(map), order))
}

fn text_key<'t>((key, _): &'t (Cow<'_, str>, Cow<'_, str>)) -> &'t str {
    key
}

fn container_name<'t>(container: &'t Container<'_>) -> &'t str {
    &container.name
}

fn volume_name<'t>(volume: &'t Volume<'_>) -> &'t str {
    &volume.name
}

/// A path as it is compared: without doubled or trailing slashes, `.` and `..`.
fn normalised(path: Cow<'_, str>) -> Cow<'_, str> {
    if is_normal_path(&path) {
        return path;
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/")).into()
}

fn protocol(text: Option<&str>) -> Protocol {
    match text {
        Some("UDP") => Protocol::Udp,
        Some("SCTP") => Protocol::Sctp,
        _ => Protocol::Tcp,
    }
}

/// Whether a Pod is the API server's copy of one that a node runs by itself. Users can write the annotation, nodes'
/// names they cannot have.
#[must_use]
pub fn is_mirror(pod: &Pod<'_>, requester: &str) -> bool {
    requester.starts_with("system:node:") && pod.annotation(keys::MIRROR).is_some()
}
