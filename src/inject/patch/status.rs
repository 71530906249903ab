//! The annotation `podgraft.dev/status`: it alone distinguishes injected parts of a Pod from authored ones.

mod entry;

use std::borrow::Cow;

use serde::de::IgnoredAny;

use crate::inject::container_list::ContainerList;
use crate::inject::pod::Pod;
use crate::inject::protocol::Protocol;
use crate::json::{JsonError, Length, Reader, Sink, field, write_object};
use crate::work::step;

/// Upper bounds of a status: the companions of a Pod, the containers of a companion in one list, its ports, its volumes
/// and its annotations. A status that exceeds them was not written by podgraft.
const MAX_ENTRIES: usize = 256;
const MAX_CONTAINERS: usize = 16;
const MAX_PORTS: usize = 256;
const MAX_ADDED: usize = 256;

/// The status annotation of a Pod.
#[derive(Debug, Default)]
pub(in crate::inject) struct Status<'a> {
    entries: Vec<StatusEntry<'a>>,
}

/// The entry of one companion.
#[derive(Debug)]
pub(in crate::inject) struct StatusEntry<'a> {
    pub(in crate::inject) companion: Cow<'a, str>,
    pub(in crate::inject) hash: Cow<'a, str>,
    init_containers: Vec<Cow<'a, str>>,
    containers: Vec<Cow<'a, str>>,
    /// The volumes that were added for the companion.
    pub(in crate::inject) volumes: Vec<Cow<'a, str>>,
    /// The annotations that were added for the companion.
    pub(in crate::inject) annotations: Vec<Cow<'a, str>>,
    /// The ports that the companion listens on, whether a container declares them or not.
    pub(in crate::inject) ports: Vec<(u16, Protocol)>,
    /// The whole entry, as JSON.
    pub(in crate::inject) json: &'a str,
}

/// The parts that are added for one companion.
#[derive(Debug, Default)]
pub(in crate::inject) struct Additions<'a> {
    pub(in crate::inject) kind: &'static str,
    pub(in crate::inject) hash: &'a str,
    pub(in crate::inject) init_containers: Vec<&'a str>,
    pub(in crate::inject) containers: Vec<&'a str>,
    pub(in crate::inject) volumes: Vec<&'a str>,
    /// Container and mount path.
    pub(in crate::inject) mounts: Vec<(&'a str, Cow<'a, str>)>,
    pub(in crate::inject) env: AddedEnv<'a>,
    pub(in crate::inject) ports: Vec<(u16, Protocol)>,
    pub(in crate::inject) annotations: Vec<&'a str>,
    pub(in crate::inject) image_pull_secrets: Vec<&'a str>,
    /// Container and seconds.
    pub(in crate::inject) pre_stop: Vec<(&'a str, u32)>,
}

/// The containers that get variables, in order, and the variables that each of them gets.
#[derive(Debug, Default)]
pub(in crate::inject) struct AddedEnv<'a> {
    pub(in crate::inject) containers: Vec<&'a str>,
    pub(in crate::inject) variables: Vec<&'a str>,
}

impl<'a> Status<'a> {
    /// Reads the annotation. Any user can write one; one that cannot be read counts as absent.
    pub(in crate::inject) fn read(text: Option<&'a str>) -> Self {
        text.and_then(|text| Self::parse(text).ok()).unwrap_or_default()
    }

    fn parse(text: &'a str) -> Result<Self, JsonError> {
        // Entries are copied into the new status unchanged, and the reader does not validate what it skips.
        serde_json::from_str::<IgnoredAny>(text).map_err(|_| JsonError::new("not JSON"))?;
        let mut entries: Vec<StatusEntry<'a>> = Vec::new();
        let mut reader = Reader::of(text);
        reader.object(|r, companion| {
            if entries.len() == MAX_ENTRIES || entries.iter().any(|e| e.companion == companion) {
                return Err(JsonError::new("duplicate companion, or too many"));
            }
            let json = r.raw()?;
            entries.push(StatusEntry::parse(companion.to_owned().into(), json)?);
            Ok(())
        })?;
        reader.end()?;
        Ok(Status { entries })
    }

    pub(in crate::inject) fn entries(&self) -> &[StatusEntry<'a>] {
        &self.entries
    }

    /// The entry of a companion.
    pub(in crate::inject) fn entry(&self, companion: &str) -> Option<&StatusEntry<'a>> {
        step(self.entries.len());
        self.entries.iter().find(|e| e.companion == companion)
    }

    /// The containers that were injected, by list and name.
    pub(in crate::inject) fn containers(&self) -> impl Iterator<Item = (ContainerList, &str)> {
        let of = |list| self.entries.iter().flat_map(move |e| e.list(list)).map(move |name| (list, &**name));
        ContainerList::ALL.into_iter().flat_map(of)
    }

    /// The size of the status with the entries of present companions, in bytes.
    pub(in crate::inject) fn length(&self, pod: &Pod<'_>) -> usize {
        if self.entries.is_empty() {
            return "{}".len();
        }
        let mut length = Length::default();
        write(&mut length, self.present(pod), std::iter::empty());
        length.0
    }

    /// The entries whose containers are all in a Pod. Other entries are outdated or forged.
    pub(in crate::inject) fn present(&self, pod: &Pod<'_>) -> impl Iterator<Item = &StatusEntry<'a>> {
        self.entries.iter().filter(|e| e.is_present(pod))
    }
}

impl<'a> StatusEntry<'a> {
    fn parse(companion: Cow<'a, str>, json: &'a str) -> Result<Self, JsonError> {
        let mut entry = StatusEntry {
            companion,
            hash: Cow::default(),
            init_containers: Vec::new(),
            containers: Vec::new(),
            volumes: Vec::new(),
            annotations: Vec::new(),
            ports: Vec::new(),
            json,
        };
        Reader::of(json).fields(
            &mut entry,
            &const {
                [
                    field("hash", |entry, r| r.string_or_empty().map(|hash| entry.hash = hash)),
                    field("initContainers", |entry, r| read_names(r, &mut entry.init_containers, MAX_CONTAINERS)),
                    field("containers", |entry, r| read_names(r, &mut entry.containers, MAX_CONTAINERS)),
                    field("volumes", |entry, r| read_names(r, &mut entry.volumes, MAX_ADDED)),
                    field("annotations", |entry, r| read_names(r, &mut entry.annotations, MAX_ADDED)),
                    field("ports", StatusEntry::read_ports),
                ]
            },
        )?;
        Ok(entry)
    }

    fn read_ports(&mut self, r: &mut Reader<'a>) -> Result<(), JsonError> {
        let mut ports = Vec::new();
        read_names(r, &mut ports, MAX_PORTS)?;
        self.ports = ports.iter().filter_map(|port| read_port(port)).collect();
        Ok(())
    }

    /// Whether the entry names containers, and all of them are in their lists.
    pub(in crate::inject) fn is_present(&self, pod: &Pod<'_>) -> bool {
        let all = |list| self.list(list).iter().all(|name| pod.has_container(list, name, None));
        let names_any = !self.init_containers.is_empty() || !self.containers.is_empty();
        names_any && ContainerList::ALL.into_iter().all(all)
    }

    /// Whether the entry lists a container.
    pub(in crate::inject) fn lists(&self, list: ContainerList, name: &str) -> bool {
        self.list(list).iter().any(|other| other == name)
    }

    /// The names of the companion's containers in one list.
    pub(in crate::inject) fn list(&self, list: ContainerList) -> &[Cow<'a, str>] {
        if list.is_init() { &self.init_containers } else { &self.containers }
    }
}

fn read_names<'a>(r: &mut Reader<'a>, into: &mut Vec<Cow<'a, str>>, most: usize) -> Result<(), JsonError> {
    r.array(|r, index| {
        if index == most {
            return Err(JsonError::new("too many names"));
        }
        r.string().map(|name| into.extend(name))
    })
    .map(|_| ())
}

/// Reads a port in the form `6379/TCP`.
fn read_port(text: &str) -> Option<(u16, Protocol)> {
    let (number, protocol) = text.split_once('/')?;
    Some((number.parse().ok()?, protocol.parse().ok()?))
}

/// Writes a status: first the entries of present companions, then new ones.
pub(in crate::inject) fn write<'s>(
    out: &mut impl Sink,
    kept: impl Iterator<Item = &'s StatusEntry<'s>>,
    added: impl Iterator<Item = (&'s str, &'s Additions<'s>)>,
) {
    write_object(out, |status| {
        for entry in kept {
            status.named(&entry.companion).text(entry.json);
        }
        for (companion, additions) in added {
            additions.write(status.named(companion));
        }
    });
}
