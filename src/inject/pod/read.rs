//! Reads the fields of a Pod that a review needs, and skips the rest.

use super::index::Index;
use super::limits::{MAX_OBJECTS, push};
use super::{Container, Pod, Result, Volume, text_key};
use crate::inject::container_list::ContainerList;
use crate::json::{FieldSet, JsonError, Reader, TextMap};

impl<'a> Pod<'a> {
    pub(super) fn read_metadata(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let mut seen = FieldSet::default();
        let (mut name, mut generate_name) = (None, None);
        self.has_metadata = r.object(|r, key| match key {
            "name" => seen.insert(0).and_then(|()| r.string()).map(|text| name = text),
            "generateName" => seen.insert(1).and_then(|()| r.string()).map(|text| generate_name = text),
            "annotations" => {
                seen.insert(2)?;
                (self.annotations, self.by_annotation) = text_map(r)?;
                Ok(())
            }
            "namespace" => {
                seen.insert(4).and_then(|()| r.string()).map(|text| self.namespace = text.unwrap_or_default())
            }
            "labels" => {
                seen.insert(3)?;
                let (labels, order) = text_map(r)?;
                (self.labels, self.by_label) = (labels.unwrap_or_default(), order);
                Ok(())
            }
            _ => r.skip(),
        })?;
        self.name = name.filter(|n| !n.is_empty()).or(generate_name).unwrap_or_default();
        Ok(())
    }

    pub(super) fn read_spec(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let mut seen = FieldSet::default();
        let mut plain = Vec::new();
        r.object(|r, key| match key {
            "containers" => {
                seen.insert(0)?;
                self.read_containers(r, ContainerList::Containers, &mut plain).map(|_| ())
            }
            "initContainers" => {
                seen.insert(1)?;
                let mut init = std::mem::take(&mut self.containers);
                let there = self.read_containers(r, ContainerList::Init, &mut init)?;
                self.init_containers = there.then_some(init.len());
                self.containers = init;
                Ok(())
            }
            "volumes" => seen.insert(2).and_then(|()| self.read_volumes(r)),
            "imagePullSecrets" => seen.insert(3).and_then(|()| self.read_pull_secrets(r)),
            "hostNetwork" => seen.insert(4).and_then(|()| r.boolean()).map(|yes| self.host_network = yes),
            "restartPolicy" => {
                seen.insert(5)?;
                self.restarts = matches!(r.string()?.as_deref(), None | Some("" | "Always"));
                Ok(())
            }
            "terminationGracePeriodSeconds" => {
                seen.insert(6)?;
                self.grace_seconds = r.integer()?.unwrap_or(30);
                Ok(())
            }
            "os" => seen.insert(7).and_then(|()| self.read_os(r)),
            "automountServiceAccountToken" => {
                seen.insert(9)?;
                self.declines_token = match r.raw()? {
                    "false" => true,
                    "true" | "null" => false,
                    _ => return Err(JsonError::new("not a boolean")),
                };
                Ok(())
            }
            "nodeSelector" => {
                seen.insert(8)?;
                let labels = text_map(r)?.0.unwrap_or_default();
                self.windows |= labels.iter().any(|(k, v)| k == "kubernetes.io/os" && v == "windows");
                Ok(())
            }
            _ => r.skip(),
        })?;
        // Most Pods have one list, which is moved: a copy of thousands of containers needs half as much memory again.
        if self.containers.is_empty() {
            self.containers = plain;
        } else {
            r.hold(size_of_val(&*plain), size_of_val(&*self.containers))?;
            self.containers.reserve_exact(plain.len());
            self.containers.append(&mut plain);
        }
        Ok(())
    }

    fn read_containers(
        &mut self,
        r: &mut Reader<'a>,
        list: ContainerList,
        into: &mut Vec<Container<'a>>,
    ) -> Result<bool> {
        r.array(|r, index| {
            if into.is_empty() {
                into.reserve(8);
            }
            let container = Container::read(r, list, index, &mut self.parts)?;
            push(r, into, container, MAX_OBJECTS)
        })
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
        let there = r.array(|r, _| {
            let mut seen = FieldSet::default();
            r.object(|r, key| match key {
                "name" => {
                    seen.insert(0)?;
                    match r.string()? {
                        Some(name) => push(r, &mut names, name, MAX_OBJECTS),
                        None => Ok(()),
                    }
                }
                _ => r.skip(),
            })
            .map(|_| ())
        })?;
        self.image_pull_secrets = there.then_some(names);
        Ok(())
    }

    fn read_os(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let mut seen = FieldSet::default();
        r.object(|r, key| match key {
            "name" => {
                seen.insert(0).and_then(|()| r.string()).map(|name| self.windows |= name.as_deref() == Some("windows"))
            }
            _ => r.skip(),
        })
        .map(|_| ())
    }
}

/// A map of strings, such as labels, in its order, and the index of its keys; `None` for `null`.
fn text_map<'a>(r: &mut Reader<'a>) -> Result<(Option<TextMap<'a>>, Index)> {
    let Some(map) = r.texts()? else { return Ok((None, Index::default())) };
    let order = Index::of(&map, text_key);
    if order.has_duplicates(&map, text_key) {
        return Err(JsonError::new("duplicate key"));
    }
    Ok((Some(map), order))
}
