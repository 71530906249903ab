//! Reads the fields of a Pod that a review needs, and skips the rest.

use std::borrow::Cow;

use super::index::Index;
use super::limits::{MAX_OBJECTS, push};
use super::parts::Parts;
use super::{Container, Pod, Result, Volume, text_key, windows};
use crate::inject::container_list::ContainerList;
use crate::json::{Expected, JsonError, Reader, TextMap, field};

/// The fields of `metadata` that need each other.
#[derive(Default)]
struct Metadata<'a> {
    name: Option<Cow<'a, str>>,
    generate_name: Option<Cow<'a, str>>,
}

/// The lists of containers of `spec`. Their order in the text does not matter.
struct SpecReader<'p, 'a> {
    pod: &'p mut Pod<'a>,
    containers: Vec<Container<'a>>,
}

impl<'a> Pod<'a> {
    pub(super) fn read_metadata(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let mut state = (Metadata::default(), &mut *self);
        let is_object = r.fields(
            &mut state,
            &const {
                [
                    field("name", |(metadata, _), r| r.string().map(|text| metadata.name = text)),
                    field("generateName", |(metadata, _), r| r.string().map(|text| metadata.generate_name = text)),
                    field("namespace", |(_, pod), r| r.string_or_empty().map(|text| pod.namespace = text)),
                    field("annotations", |(_, pod), r| pod.read_annotations(r)),
                    field("labels", |(_, pod), r| pod.read_labels(r)),
                    field("ownerReferences", |(_, pod), r| pod.read_owner_references(r)),
                ]
            },
        )?;
        let Metadata { name, generate_name } = state.0;
        self.has_metadata = is_object;
        self.name = name.filter(|n| !n.is_empty()).or(generate_name).unwrap_or_default();
        Ok(())
    }

    fn read_annotations(&mut self, r: &mut Reader<'a>) -> Result<()> {
        (self.annotations, self.by_annotation) = text_map(r)?;
        Ok(())
    }

    fn read_labels(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let (labels, index) = text_map(r)?;
        (self.labels, self.by_label) = (labels.unwrap_or_default(), index);
        Ok(())
    }

    fn read_owner_references(&mut self, r: &mut Reader<'a>) -> Result<()> {
        r.raw_unless_null().map(|text| self.owner_references = text.unwrap_or_default())
    }

    pub(super) fn read_spec(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let mut spec = SpecReader { pod: self, containers: Vec::new() };
        r.fields(
            &mut spec,
            &const {
                [
                    field("containers", SpecReader::read_containers),
                    field("initContainers", SpecReader::read_init_containers),
                    field("volumes", |spec, r| spec.pod.read_volumes(r)),
                    field("imagePullSecrets", |spec, r| spec.pod.read_pull_secrets(r)),
                    field("hostNetwork", |spec, r| r.boolean().map(|yes| spec.pod.host_network = yes)),
                    field("restartPolicy", |spec, r| spec.pod.read_restart_policy(r)),
                    field("terminationGracePeriodSeconds", |spec, r| spec.pod.read_grace_period(r)),
                    field("os", |spec, r| spec.pod.read_os(r)),
                    field("nodeSelector", |spec, r| spec.pod.read_node_selector(r)),
                    field("affinity", |spec, r| {
                        windows::read_affinity(r).map(|yes| spec.pod.affinity_to_windows = yes)
                    }),
                    field("securityContext", |spec, r| {
                        windows::read_security_context(r).map(|yes| spec.pod.parts.windows_options |= yes)
                    }),
                    field("automountServiceAccountToken", |spec, r| spec.pod.read_automount(r)),
                    field("resources", |spec, r| r.raw_unless_null().map(|raw| spec.pod.resources = raw)),
                ]
            },
        )?;
        let SpecReader { containers, .. } = spec;
        self.append_containers(r, containers)
    }

    /// Puts the containers after the init containers.
    fn append_containers(&mut self, r: &mut Reader<'a>, mut containers: Vec<Container<'a>>) -> Result<()> {
        // Most Pods have one list. It is taken as it is: a copy of thousands of containers costs half as much memory again.
        if self.containers.is_empty() {
            self.containers = containers;
        } else {
            r.hold(size_of_val(&*containers), size_of_val(&*self.containers))?;
            self.containers.reserve_exact(containers.len());
            self.containers.append(&mut containers);
        }
        Ok(())
    }

    fn read_restart_policy(&mut self, r: &mut Reader<'a>) -> Result<()> {
        self.restarts = matches!(r.string()?.as_deref(), None | Some("" | "Always"));
        Ok(())
    }

    fn read_grace_period(&mut self, r: &mut Reader<'a>) -> Result<()> {
        self.grace_seconds = r.integer()?.unwrap_or(30);
        Ok(())
    }

    fn read_automount(&mut self, r: &mut Reader<'a>) -> Result<()> {
        (self.declines_token, self.demands_token) = match r.raw()? {
            "false" => (true, false),
            "true" => (false, true),
            "null" => (false, false),
            _ => return Err(JsonError::expected(Expected::Boolean)),
        };
        Ok(())
    }

    fn read_os(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let os = windows::read_os(r)?;
        self.windows |= os == "windows";
        self.linux |= os == "linux";
        Ok(())
    }

    fn read_node_selector(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let labels = text_map(r)?.0.unwrap_or_default();
        self.windows |= labels.iter().any(windows::is_windows_label);
        self.linux |= labels.iter().any(windows::is_linux_label);
        Ok(())
    }

    fn read_volumes(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let mut volumes = Vec::with_capacity(8);
        if r.array(|r, _| {
            let volume = Volume::read(r)?;
            push(r, &mut volumes, volume, MAX_OBJECTS)
        })? {
            self.volumes = Some(volumes);
        }
        Ok(())
    }

    fn read_pull_secrets(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let mut names = Vec::new();
        let is_array =
            r.array(|r, _| r.fields(&mut names, &const { [field("name", read_pull_secret)] }).map(|_| ()))?;
        self.image_pull_secrets = is_array.then_some(names);
        Ok(())
    }
}

impl<'a> SpecReader<'_, 'a> {
    fn read_containers(&mut self, r: &mut Reader<'a>) -> Result<()> {
        read_containers(r, ContainerList::Containers, &mut self.containers, &mut self.pod.parts).map(|_| ())
    }

    fn read_init_containers(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let Pod { containers, parts, .. } = &mut *self.pod;
        let is_array = read_containers(r, ContainerList::Init, containers, parts)?;
        self.pod.init_containers = is_array.then_some(self.pod.containers.len());
        Ok(())
    }
}

fn read_containers<'a>(
    r: &mut Reader<'a>,
    list: ContainerList,
    into: &mut Vec<Container<'a>>,
    parts: &mut Parts<'a>,
) -> Result<bool> {
    r.array(|r, index| {
        if into.is_empty() {
            into.reserve(4);
        }
        let container = Container::read(r, list, index, parts)?;
        push(r, into, container, MAX_OBJECTS)
    })
}

fn read_pull_secret<'a>(names: &mut Vec<Cow<'a, str>>, r: &mut Reader<'a>) -> Result<()> {
    match r.string()? {
        Some(name) => push(r, names, name, MAX_OBJECTS),
        None => Ok(()),
    }
}

/// A map of strings, such as labels, in the order of the text, and an index of its keys. `None` for `null`.
fn text_map<'a>(r: &mut Reader<'a>) -> Result<(Option<TextMap<'a>>, Index)> {
    let Some(map) = r.texts()? else { return Ok((None, Index::default())) };
    let order = Index::of(&map, text_key);
    if order.has_duplicates(&map, text_key) {
        return Err(JsonError::new("duplicate key"));
    }
    Ok((Some(map), order))
}
