//! The app containers that companions give mounts and variables to, with indexes to find what they have at a path or
//! under a name: a Pod can have thousands of containers.

mod exclusions;
mod places;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::inject::companion::{Companion, Placement};
use crate::inject::names::lies_below;
use crate::inject::pod::{Container, Device, Mount, Pod};
use crate::inject::verdict::Via;
use crate::inject::verdict::reason::ExistingKind;
use crate::work::step;

use exclusions::Excess;
pub(in crate::inject) use exclusions::Exclusions;
pub(in crate::inject) use places::ContainerPlaces;

/// Up to how many containers, mounts and devices are searched one by one.
const FEW: usize = 24;

/// The sets of app containers that companions can get. Most of them are equal; equal ones are one set.
#[derive(Debug, Default)]
pub(in crate::inject) struct Choices {
    sets: Vec<Chosen>,
    /// The sets of required companions, by their places in `sets`.
    required: ByPosition<usize>,
    /// The sets of all other companions.
    others: ByPosition<usize>,
    /// The sets of companions that exclude containers of this Pod, by the companions' names.
    excluding: BTreeMap<Box<str>, usize>,
    excess: Excess,
    /// A container that two sets have in common, by the sets' places; empty where there is one set only.
    common: Vec<Option<usize>>,
}

/// What depends on the position of a companion: those with position First also get the plain init containers.
#[derive(Debug, Default, Clone)]
pub(in crate::inject) struct ByPosition<T> {
    pub(in crate::inject) first: T,
    pub(in crate::inject) later: T,
}

impl<T> ByPosition<T> {
    pub(in crate::inject) fn of(&self, is_first: bool) -> &T {
        if is_first { &self.first } else { &self.later }
    }
}

/// One set of app containers.
#[derive(Debug)]
pub(in crate::inject) struct Chosen {
    /// The place of the set among the sets.
    pub(in crate::inject) set: usize,
    pub(in crate::inject) places: ContainerPlaces,
    by_path: OnceCell<Vec<IndexedItem>>,
    by_variable: OnceCell<Vec<IndexedItem>>,
}

/// A mount, device or variable: the places of its container in the Pod's view, and of itself in the container's list.
/// Devices are counted after mounts.
#[derive(Debug, Clone, Copy)]
struct IndexedItem {
    container: u32,
    item: u32,
}

/// What a container has at a path.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) enum ExistingPath<'p, 'a> {
    Mount(&'p Mount<'a>),
    Device(&'p Device<'a>),
}

impl Choices {
    /// The sets of required companions, where they differ from the others, and those of all others.
    pub(in crate::inject) fn new(
        others: ByPosition<ContainerPlaces>,
        required: Option<ByPosition<ContainerPlaces>>,
        exclusions: Exclusions,
    ) -> Self {
        let mut choices = Choices { excess: exclusions.excess, ..Choices::default() };
        choices.others = choices.add(others);
        choices.required = match required {
            Some(required) => choices.add(required),
            None => choices.others.clone(),
        };
        for exclusion in exclusions.all {
            let base = choices.others.of(exclusion.is_first);
            let set = choices.add_set(choices.sets[*base].places.without(&exclusion.containers));
            choices.excluding.extend(exclusion.companions.into_iter().map(|companion| (companion, set)));
        }
        choices.relate();
        choices
    }

    /// Finds a container that each two of the sets have in common.
    fn relate(&mut self) {
        let count = self.sets.len();
        if count > 1 {
            self.common = vec![None; count * count];
            for (a, b) in (0..count).flat_map(|a| (a..count).map(move |b| (a, b))) {
                let common = self.sets[a].places.first_common(&self.sets[b].places);
                self.common[a * count + b] = common;
                self.common[b * count + a] = common;
            }
        }
    }

    fn add(&mut self, places: ByPosition<ContainerPlaces>) -> ByPosition<usize> {
        ByPosition { later: self.add_set(places.later), first: self.add_set(places.first) }
    }

    fn add_set(&mut self, places: ContainerPlaces) -> usize {
        step(places.len() * self.sets.len());
        let same = self.sets.iter().position(|other| other.places == places);
        same.unwrap_or_else(|| {
            let set = self.sets.len();
            self.sets.push(Chosen { set, places, by_path: OnceCell::new(), by_variable: OnceCell::new() });
            set
        })
    }

    /// The containers that a companion gives mounts and variables to.
    pub(in crate::inject) fn of(&self, via: Via, companion: &Companion) -> &Chosen {
        let excluding = self.excluding.get(&companion.name).filter(|_| via != Via::Required);
        self.set(*excluding.unwrap_or(self.all_of(via, companion)))
    }

    /// The most exclusions that a Pod can have, if that of a companion is one more.
    pub(in crate::inject) fn exclusions_exceeded(&self, via: Via, companion: &Companion) -> Option<usize> {
        self.excess.bound_of(companion).filter(|_| via != Via::Required)
    }

    /// Whether a companion excludes all containers that it would give something to.
    pub(in crate::inject) fn excludes_all(&self, via: Via, companion: &Companion) -> bool {
        self.of(via, companion).places.is_empty() && !self.set(*self.all_of(via, companion)).places.is_empty()
    }

    /// The set of a companion if it excludes nothing.
    fn all_of(&self, via: Via, companion: &Companion) -> &usize {
        let sets = if via == Via::Required { &self.required } else { &self.others };
        sets.of(companion.placement == Placement::First)
    }

    /// A set by its place.
    pub(in crate::inject) fn set(&self, set: usize) -> &Chosen {
        &self.sets[set]
    }

    /// How many sets there are.
    pub(in crate::inject) fn count(&self) -> usize {
        self.sets.len()
    }

    /// The first container that two sets have in common.
    pub(in crate::inject) fn common(&self, one: usize, other: usize) -> Option<usize> {
        match self.common.get(one * self.sets.len() + other) {
            Some(common) => *common,
            None => self.sets.first().and_then(|only| only.places.first()),
        }
    }
}

impl Chosen {
    /// The containers that set a variable, in their order.
    pub(in crate::inject) fn setting<'c, 'a>(
        &'c self,
        pod: &'c Pod<'a>,
        variable: &'c str,
    ) -> impl Iterator<Item = usize> + use<'c, 'a> {
        let all =
            self.by_variable.get_or_init(|| self.sorted(pod, Container::env_count, |c, item| pod.env_name(c, item)));
        let name = move |at: &IndexedItem| pod.env_name(&pod.containers[at.container as usize], at.item as usize);
        let first = all.partition_point(|at| {
            step(1);
            name(at) < variable
        });
        all[first..].iter().take_while(move |at| name(at) == variable).map(|at| at.container as usize)
    }

    /// What the containers have at a path, in their order.
    pub(in crate::inject) fn at<'p, 'a, 'q>(
        &'p self,
        pod: &'p Pod<'a>,
        path: &'q str,
    ) -> impl Iterator<Item = (usize, ExistingPath<'p, 'a>)> + use<'p, 'a, 'q> {
        self.from(pod, path).take_while(move |(_, found)| found.path() == path)
    }

    /// What the containers have below a path.
    pub(in crate::inject) fn below<'p, 'a, 'q>(
        &'p self,
        pod: &'p Pod<'a>,
        path: &'q str,
    ) -> impl Iterator<Item = (usize, ExistingPath<'p, 'a>)> + use<'p, 'a, 'q> {
        let below: Cow<'_, str> = if path == "/" { path.into() } else { format!("{path}/").into() };
        self.from(pod, &below).take_while(move |(_, found)| found.path().starts_with(&*below))
    }

    /// Whether a container may have something at a path, above it or below it. Most Pods have few mounts and none of them is
    /// near: then the index is not worth its allocation.
    pub(in crate::inject) fn may_meet(&self, pod: &Pod<'_>, path: &str) -> bool {
        let mut left = FEW;
        self.by_path.get().is_some()
            || self.places.iter().any(|place| may_meet(pod, &pod.containers[place], path, &mut left))
    }

    /// What the containers have from a path on, in the order of paths, then of containers.
    fn from<'p, 'a>(
        &'p self,
        pod: &'p Pod<'a>,
        path: &str,
    ) -> impl Iterator<Item = (usize, ExistingPath<'p, 'a>)> + use<'p, 'a> {
        let all = self.by_path.get_or_init(|| {
            let count = |c: &Container<'a>| pod.mounts(c).len() + pod.devices(c).len();
            self.sorted(pod, count, |c, item| existing(pod, c, item).path())
        });
        let found = move |at: &IndexedItem| {
            step(1);
            existing(pod, &pod.containers[at.container as usize], at.item as usize)
        };
        let first = all.partition_point(|at| found(at).path() < path);
        all[first..].iter().map(move |at| (at.container as usize, found(at)))
    }

    /// All items of all containers in the order of their keys; equal keys keep the order of the Pod.
    fn sorted<'p, 'a>(
        &self,
        pod: &'p Pod<'a>,
        count: impl Fn(&Container<'a>) -> usize,
        key: impl Fn(&'p Container<'a>, usize) -> &'p str,
    ) -> Vec<IndexedItem> {
        let narrow = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let counts = || self.places.iter().map(|place| (place, count(&pod.containers[place])));
        let mut all = Vec::with_capacity(counts().map(|(_, count)| count).sum());
        for (container, count) in counts() {
            step(1);
            all.extend((0..count).map(|item| IndexedItem { container: narrow(container), item: narrow(item) }));
        }
        let key = |at: &IndexedItem| key(&pod.containers[at.container as usize], at.item as usize);
        all.sort_by(|a, b| {
            step(1);
            key(a).cmp(key(b))
        });
        all
    }
}

/// Whether a container has something near a path, or more than the items that are `left` to look at.
fn may_meet(pod: &Pod<'_>, container: &Container<'_>, path: &str, left: &mut usize) -> bool {
    let (mounts, devices) = (pod.mounts(container), pod.devices(container));
    let Some(rest) = left.checked_sub(1 + mounts.len() + devices.len()) else { return true };
    step(*left - rest);
    *left = rest;
    let is_near = |other: &str| other == path || lies_below(other, path) || lies_below(path, other);
    mounts.iter().any(|mount| is_near(&mount.path)) || devices.iter().any(|device| is_near(&device.path))
}

fn existing<'p, 'a>(pod: &'p Pod<'a>, container: &Container<'a>, item: usize) -> ExistingPath<'p, 'a> {
    let mounts = pod.mounts(container);
    match item.checked_sub(mounts.len()) {
        None => ExistingPath::Mount(&mounts[item]),
        Some(device) => ExistingPath::Device(&pod.devices(container)[device]),
    }
}

impl<'p> ExistingPath<'p, '_> {
    /// The path, normalized.
    pub(in crate::inject) fn path(self) -> &'p str {
        match self {
            ExistingPath::Mount(mount) => &mount.path,
            ExistingPath::Device(device) => &device.path,
        }
    }

    pub(in crate::inject) fn kind(self) -> ExistingKind {
        match self {
            ExistingPath::Mount(_) => ExistingKind::Mount,
            ExistingPath::Device(_) => ExistingKind::Device,
        }
    }
}
