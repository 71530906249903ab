//! Removes from a Pod exactly the additions that its status annotation lists. The work is proportional to the sizes of the
//! Pod and the status: a manifest can have any size.

mod listed;
mod recorded;
mod remarks;
#[cfg(test)]
mod tests;
mod tree;
mod uses;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};

use crate::inject::container_list::ContainerList;
use crate::inject::keys;
use crate::work::step;

use listed::{List, Listed, NamedItems};
use recorded::RecordedEntry;
use remarks::Remarks;
use tree::PodTree;
use uses::first_uses;

const ANNOTATIONS: &str = "/metadata/annotations";

/// What was removed from a Pod, and what could not be removed.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Removal {
    /// A JSON patch (RFC 6902) of `remove` operations.
    pub operations: Vec<Value>,
    /// The companions that the status listed.
    pub companions: Vec<String>,
    /// Parts that the status lists and that were not found, and parts that stay because they are the author's or because a
    /// container still uses them.
    pub remarks: Vec<String>,
}

/// Removes from a Pod or a Pod template the additions that its status lists, and returns whether it had any. Lists and maps
/// that become empty are removed as well.
///
/// # Errors
/// The status cannot be read; the Pod is unchanged.
pub fn uninject(pod: &mut Value) -> Result<bool, String> {
    removal(pod).map(|removal| removal.is_some())
}

/// Like [`uninject`], but returns a patch with remarks; `None` where podgraft added nothing.
///
/// # Errors
/// The status cannot be read; the Pod is unchanged.
pub fn removal(pod: &mut Value) -> Result<Option<Removal>, String> {
    let annotations = &pod["metadata"]["annotations"];
    let Some(status) = annotations.get(keys::STATUS) else {
        let mut tree = PodTree::new(pod);
        remove_keys(&mut tree);
        let found = !tree.operations.is_empty();
        return Ok(found.then(|| Removal { operations: tree.operations, ..Removal::default() }));
    };
    let entries = status
        .as_str()
        .and_then(recorded::entries)
        .ok_or("invalid value: not the JSON that podgraft wrote; restore the value that inject wrote")?;
    let mut work = Remover { tree: PodTree::new(pod), remarks: Remarks::default(), entries: &entries };
    let own = work.containers();
    work.additions(&own);
    // Volumes last, because a volume that a container still uses stays.
    work.volumes();
    remove_keys(&mut work.tree);
    let (operations, remarks) = (work.tree.operations, work.remarks.into_sentences());
    Ok(Some(Removal { operations, companions: entries.into_keys().collect(), remarks }))
}

/// A container's name, and its pointer if the Pod has it.
type NamedPointer<'n> = (&'n str, Option<&'n String>);

/// The volumes of each companion: those that its entry lists, and those that its containers mount, because it joined them.
type OwnVolumes<'s> = HashMap<&'s str, HashSet<String>>;

struct Remover<'v, 's> {
    tree: PodTree<'v>,
    remarks: Remarks,
    entries: &'s BTreeMap<String, RecordedEntry>,
}

impl<'s> Remover<'_, 's> {
    /// Removes the companions' containers, and returns the companions' volumes.
    fn containers(&mut self) -> OwnVolumes<'s> {
        let mut own = OwnVolumes::new();
        for part in self.listed(|entry| &entry.volumes) {
            own.entry(part.companion).or_default().insert(part.name.to_owned());
        }
        for list in ContainerList::ALL {
            let listed = self.listed(|entry| if list.is_init() { &entry.init_containers } else { &entry.containers });
            let (pointer, place) = (Some(format!("/spec/{list}")), format!(" in spec.{list}"));
            let list = List { pointer, field: "name", kind: "container ", place: &place };
            self.remove(&list, &listed, |part, container| {
                let mounts = container["volumeMounts"].as_array().into_iter().flatten();
                let volumes = mounts.filter_map(|mount| mount["name"].as_str());
                own.entry(part.companion).or_default().extend(volumes.map(str::to_owned));
                None
            });
        }
        own
    }

    fn additions(&mut self, own: &OwnVolumes<'_>) {
        self.annotations();
        let (pointer, place) = (Some("/spec/imagePullSecrets".to_owned()), " in spec.imagePullSecrets");
        let secrets = self.listed(|entry| &entry.image_pull_secrets);
        self.remove(&List { pointer, field: "name", kind: "", place }, &secrets, |_, _| None);
        let pointers = self.container_pointers();
        for (container, mounts) in self.listed_by_container(|entry| &entry.mounts) {
            self.mounts((container, pointers.get(container)), &mounts, own);
        }
        for (container, variables) in self.listed_by_container(|entry| &entry.env) {
            self.variables((container, pointers.get(container)), &variables);
        }
        for (companion, entry) in self.entries {
            for (container, seconds) in &entry.pre_stop {
                self.pre_stop(companion, (container, pointers.get(&**container)), *seconds);
            }
        }
    }

    fn annotations(&mut self) {
        let mut keys = HashSet::new();
        for part in self.listed(|entry| &entry.annotations) {
            if !self.tree.has_member(ANNOTATIONS, part.name) || !keys.insert(part.name) {
                self.remarks.missing(part.companion, || format!("annotation {:?}", part.name));
            }
        }
        self.tree.remove_members(ANNOTATIONS, |key| keys.contains(key));
    }

    /// Removes mounts of the companion's volumes. Another volume at a listed path is one that the Pod's author mounts there
    /// since then.
    fn mounts(&mut self, (container, at): NamedPointer<'_>, listed: &[Listed<'_>], own: &OwnVolumes<'_>) {
        let place = format!(" in volumeMounts of container {container:?}");
        let pointer = at.map(|at| format!("{at}/volumeMounts"));
        let list = List { pointer, field: "mountPath", kind: "", place: &place };
        self.remove(&list, listed, |part, mount| {
            let volume = mount["name"].as_str().unwrap_or_default();
            let is_ours = own.get(part.companion).is_some_and(|volumes| volumes.contains(volume));
            let why = || {
                format!("volume {volume:?} does not belong to the companion; remove the mount unless the app needs it")
            };
            (!is_ours).then(why)
        });
    }

    fn variables(&mut self, (container, at): NamedPointer<'_>, listed: &[Listed<'_>]) {
        let place = format!(" in env of container {container:?}");
        let pointer = at.map(|at| format!("{at}/env"));
        self.remove(&List { pointer, field: "name", kind: "", place: &place }, listed, |_, _| None);
    }

    fn pre_stop(&mut self, companion: &str, (container, at): NamedPointer<'_>, seconds: u64) {
        let sleep = json!({"sleep": {"seconds": seconds}});
        match at.map(|at| format!("{at}/lifecycle")) {
            Some(at) if self.tree.get(&at).is_some_and(|l| l.get("preStop") == Some(&sleep)) => {
                self.tree.remove_members(&at, |key| key == "preStop");
            }
            _ => {
                let what = || format!("the preStop sleep of {seconds} s of container {container:?}");
                self.remarks.missing(companion, what);
            }
        }
    }

    fn volumes(&mut self) {
        let listed = self.listed(|entry| &entry.volumes);
        let volumes: HashSet<&str> = listed.iter().map(|part| part.name).collect();
        let uses = first_uses(self.tree.get("/spec"), &volumes);
        let (kept, unused): (Vec<_>, Vec<_>) = listed.into_iter().partition(|part| uses.contains_key(part.name));
        for (part, used) in kept.iter().filter_map(|part| Some((part, uses.get(part.name)?))) {
            self.remarks.kept(part.companion, || format!("volume {:?}", part.name), || used.to_string());
        }
        let pointer = Some("/spec/volumes".to_owned());
        self.remove(&List { pointer, field: "name", kind: "volume ", place: "" }, &unused, |_, _| None);
    }

    /// Removes the listed items of a list, each once. Items for which `keeps` has a reason are kept and reported.
    fn remove<'n>(
        &mut self,
        list: &List<'_>,
        listed: &[Listed<'n>],
        mut keeps: impl FnMut(Listed<'n>, &Value) -> Option<String>,
    ) {
        let items = list.pointer.as_deref().and_then(|at| self.tree.get(at)).and_then(Value::as_array);
        let items = items.map_or(&[][..], Vec::as_slice);
        let mut named = NamedItems::new(items, list.field, listed);
        let mut removed = BTreeSet::new();
        for part in listed {
            let what = || format!("{}{:?}{}", list.kind, part.name, list.place);
            match named.take(part.name) {
                None => self.remarks.missing(part.companion, what),
                Some(at) => match keeps(*part, &items[at]) {
                    Some(why) => self.remarks.kept(part.companion, what, || why),
                    None => drop(removed.insert(at)),
                },
            }
        }
        if let Some(list) = &list.pointer {
            self.tree.remove_items(list, &removed);
        }
    }

    /// The parts of one kind that the entries list, in the order of the companions.
    fn listed(&self, names: impl Fn(&'s RecordedEntry) -> &'s Vec<String>) -> Vec<Listed<'s>> {
        let mut listed = Vec::new();
        for (companion, entry) in self.entries {
            listed.extend(names(entry).iter().map(|name| Listed { companion, name }));
        }
        listed
    }

    /// Parts of containers, by the containers' names.
    fn listed_by_container(
        &self,
        names: impl Fn(&'s RecordedEntry) -> &'s BTreeMap<String, Vec<String>>,
    ) -> BTreeMap<&'s str, Vec<Listed<'s>>> {
        let mut listed: BTreeMap<&str, Vec<Listed<'_>>> = BTreeMap::new();
        for (companion, entry) in self.entries {
            for (container, names) in names(entry) {
                let parts = names.iter().map(|name| Listed { companion, name });
                listed.entry(container).or_default().extend(parts);
            }
        }
        listed
    }

    /// The pointers of the containers that are left, by name.
    fn container_pointers(&self) -> HashMap<String, String> {
        let mut pointers = HashMap::new();
        for list in ContainerList::ALL {
            let list = format!("/spec/{list}");
            for (at, item) in self.tree.get(&list).and_then(Value::as_array).into_iter().flatten().enumerate() {
                step(1);
                let name = item["name"].as_str().unwrap_or_default().to_owned();
                pointers.entry(name).or_insert_with(|| format!("{list}/{at}"));
            }
        }
        pointers
    }
}

/// Removes podgraft's own annotations and labels.
fn remove_keys(tree: &mut PodTree<'_>) {
    tree.remove_members(ANNOTATIONS, |key| [keys::STATUS, keys::SKIPPED].contains(&key));
    tree.remove_members("/metadata/labels", |key| key.starts_with(keys::HASH_LABELS));
}
