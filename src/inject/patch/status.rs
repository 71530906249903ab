//! The annotation `podgraft.dev/status`: what was put in, told apart from what the Pod's author wrote.

mod entry;

use std::borrow::Cow;

use serde::de::IgnoredAny;

use crate::inject::container_list::ContainerList;
use crate::inject::pod::Pod;
use crate::inject::protocol::Protocol;
use crate::json::{FieldSet, JsonError, Reader, write_string};
use crate::work::step;

/// The most that is believed: companions of a Pod, containers of a companion in one list, its ports, and its volumes and
/// annotations. What says more
/// was not written here.
const MAX_ENTRIES: usize = 256;
const MAX_CONTAINERS: usize = 16;
const MAX_PORTS: usize = 256;
const MAX_ADDED: usize = 256;

/// What the status annotation of a Pod says, companion by companion.
#[derive(Debug, Default)]
pub(in crate::inject) struct Status<'a> {
    entries: Vec<StatusEntry<'a>>,
}

/// What stands in the status about one companion.
#[derive(Debug)]
pub(in crate::inject) struct StatusEntry<'a> {
    pub(in crate::inject) companion: Cow<'a, str>,
    pub(in crate::inject) hash: Cow<'a, str>,
    init_containers: Vec<Cow<'a, str>>,
    containers: Vec<Cow<'a, str>>,
    /// Volumes that were added for it.
    pub(in crate::inject) volumes: Vec<Cow<'a, str>>,
    /// Annotations that were added for it.
    pub(in crate::inject) annotations: Vec<Cow<'a, str>>,
    /// What it listens on, whether a container declares it or not.
    pub(in crate::inject) ports: Vec<(u16, Protocol)>,
    /// The whole entry, as JSON.
    pub(in crate::inject) json: &'a str,
}

/// What is put in for one companion.
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
    /// Reads the annotation. Anybody can write one: what cannot be read says nothing.
    pub(in crate::inject) fn read(text: Option<&'a str>) -> Self {
        text.and_then(|text| Self::parse(text).ok()).unwrap_or_default()
    }

    fn parse(text: &'a str) -> Result<Self, JsonError> {
        // Entries go back into the status as they are, and a reader lets pass what it skips.
        serde_json::from_str::<IgnoredAny>(text).map_err(|_| JsonError::new("not JSON"))?;
        let mut entries: Vec<StatusEntry<'a>> = Vec::new();
        let mut reader = Reader::of(text);
        reader.object(|r, companion| {
            if entries.len() == MAX_ENTRIES || entries.iter().any(|e| e.companion == companion) {
                return Err(JsonError::new("a companion stands there twice, or there are too many"));
            }
            let json = r.raw()?;
            entries.push(StatusEntry::parse(companion.to_owned().into(), json)?);
            Ok(())
        })?;
        reader.end()?;
        Ok(Status { entries })
    }

    /// All its entries.
    pub(in crate::inject) fn entries(&self) -> &[StatusEntry<'a>] {
        &self.entries
    }

    /// What it says of a companion.
    pub(in crate::inject) fn entry(&self, companion: &str) -> Option<&StatusEntry<'a>> {
        step(self.entries.len());
        self.entries.iter().find(|e| e.companion == companion)
    }

    /// The containers that were injected, by list and name.
    pub(in crate::inject) fn containers(&self) -> impl Iterator<Item = (ContainerList, &str)> {
        let of = |list| self.entries.iter().flat_map(move |e| e.list(list)).map(move |name| (list, &**name));
        ContainerList::ALL.into_iter().flat_map(of)
    }

    /// How long it is with the entries that stand, in bytes.
    pub(in crate::inject) fn length(&self, pod: &Pod<'_>) -> usize {
        if self.entries.is_empty() {
            return "{}".len();
        }
        let mut text = Vec::new();
        write(&mut text, self.present(pod), std::iter::empty());
        text.len()
    }

    /// The entries whose containers all stand in a Pod: what else it says is not so.
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
        let mut seen = FieldSet::default();
        Reader::of(json).object(|r, key| match key {
            "hash" => seen.insert(0).and_then(|()| r.string()).map(|hash| entry.hash = hash.unwrap_or_default()),
            "initContainers" => seen.insert(1).and_then(|()| read_names(r, &mut entry.init_containers, MAX_CONTAINERS)),
            "containers" => seen.insert(2).and_then(|()| read_names(r, &mut entry.containers, MAX_CONTAINERS)),
            "volumes" => seen.insert(4).and_then(|()| read_names(r, &mut entry.volumes, MAX_ADDED)),
            "annotations" => seen.insert(5).and_then(|()| read_names(r, &mut entry.annotations, MAX_ADDED)),
            "ports" => {
                seen.insert(3)?;
                let mut ports = Vec::new();
                read_names(r, &mut ports, MAX_PORTS)?;
                entry.ports = ports.iter().filter_map(|port| read_port(port)).collect();
                Ok(())
            }
            _ => r.skip(),
        })?;
        Ok(entry)
    }

    /// Whether it names containers, and all of them stand in their lists.
    pub(in crate::inject) fn is_present(&self, pod: &Pod<'_>) -> bool {
        let all = |list| self.list(list).iter().all(|name| pod.has_container(list, name, None));
        let names_any = !self.init_containers.is_empty() || !self.containers.is_empty();
        names_any && ContainerList::ALL.into_iter().all(all)
    }

    /// Whether it lists a container.
    pub(in crate::inject) fn lists(&self, list: ContainerList, name: &str) -> bool {
        self.list(list).iter().any(|other| other == name)
    }

    /// The names of its containers in one list.
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

/// Reads a port as it is written: `6379/TCP`.
fn read_port(text: &str) -> Option<(u16, Protocol)> {
    let (number, protocol) = text.split_once('/')?;
    Some((number.parse().ok()?, protocol.parse().ok()?))
}

/// Writes a status: entries that stand, then those that are added.
pub(in crate::inject) fn write<'s>(
    out: &mut Vec<u8>,
    standing: impl Iterator<Item = &'s StatusEntry<'s>>,
    added: impl Iterator<Item = (&'s str, &'s Additions<'s>)>,
) {
    let mut open = b'{';
    for entry in standing {
        out.push(std::mem::replace(&mut open, b','));
        write_string(out, &entry.companion);
        out.push(b':');
        out.extend_from_slice(entry.json.as_bytes());
    }
    for (companion, entry) in added {
        out.push(std::mem::replace(&mut open, b','));
        write_string(out, companion);
        out.push(b':');
        entry.write(out);
    }
    if open == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
}
