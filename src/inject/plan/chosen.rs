//! The app containers that companions give mounts and variables to, and how these are found among very many.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::inject::companion::Placement;
use crate::inject::pod::{Container, Pod};
use crate::inject::verdict::Via;
use crate::work::step;

/// The sets of app containers that companions may get. Most are equal, and then one.
#[derive(Debug, Default)]
pub(in crate::inject) struct Choices {
    sets: Vec<Chosen>,
    /// For companions after the init containers, and before them.
    others: [usize; 2],
    /// The same for required companions.
    required: [usize; 2],
    /// A container that two sets have in common, by the sets' places; nothing where there is one set only.
    common: Vec<Option<usize>>,
}

/// One set of app containers.
#[derive(Debug)]
pub(in crate::inject) struct Chosen {
    /// Its place among the sets.
    pub(in crate::inject) set: usize,
    /// The containers, by their places in the Pod's view, in order.
    pub(in crate::inject) places: Vec<usize>,
    by_path: OnceCell<Vec<At>>,
    by_variable: OnceCell<Vec<At>>,
}

/// A mount, device or variable: the places of its container in the Pod's view, and of itself in the container's list;
/// devices are counted after mounts.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct At {
    container: u32,
    item: u32,
}

/// What is at a path in a container.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) enum ExistingPath<'p, 'a> {
    Mount(&'p crate::inject::pod::Mount<'a>),
    Device(&'p crate::inject::pod::Device<'a>),
}

impl Choices {
    /// Sets for companions after the init containers and before them, and those for required ones where they can differ.
    pub(in crate::inject) fn new(others: [Vec<usize>; 2], required: Option<[Vec<usize>; 2]>) -> Self {
        let mut choices = Choices::default();
        choices.others = others.map(|places| choices.add(places));
        choices.required = match required {
            Some(required) => required.map(|places| choices.add(places)),
            None => choices.others,
        };
        let count = choices.sets.len();
        if count > 1 {
            let pairs = (0..count * count).map(|pair| (pair / count, pair % count));
            let common = pairs.map(|(a, b)| first_common(&choices.sets[a].places, &choices.sets[b].places));
            choices.common = common.collect();
        }
        choices
    }

    fn add(&mut self, places: Vec<usize>) -> usize {
        step(places.len() * self.sets.len());
        let same = self.sets.iter().position(|other| other.places == places);
        same.unwrap_or_else(|| {
            let set = self.sets.len();
            self.sets.push(Chosen { set, places, by_path: OnceCell::new(), by_variable: OnceCell::new() });
            set
        })
    }

    /// The containers that a companion gives something to. Nobody can take some of them from a required one.
    pub(in crate::inject) fn of(&self, via: Via, placement: Placement) -> &Chosen {
        let [last, first] = if via == Via::Required { self.required } else { self.others };
        &self.sets[if placement == Placement::First { first } else { last }]
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
            None => self.sets.first().and_then(|only| only.places.first().copied()),
        }
    }
}

impl Chosen {
    /// Whether a container is one of them.
    pub(in crate::inject) fn has(&self, container: usize) -> bool {
        step(16);
        self.places.binary_search(&container).is_ok()
    }

    /// The first of them that sets a variable.
    pub(in crate::inject) fn setting<'a>(&self, pod: &Pod<'a>, variable: &str) -> Option<usize> {
        let all = self.by_variable.get_or_init(|| {
            let count = |c: &Container<'a>| pod.env(c).len();
            self.sorted(pod, count, |c, item| &*pod.env(c)[item])
        });
        let name = |at: &At| &*pod.env(&pod.containers[at.container as usize])[at.item as usize];
        let first = all.partition_point(|at| {
            step(1);
            name(at) < variable
        });
        all.get(first).filter(|at| name(at) == variable).map(|at| at.container as usize)
    }

    /// What the Pod has at a path, by container.
    pub(in crate::inject) fn at<'p, 'a, 'q>(
        &'p self,
        pod: &'p Pod<'a>,
        path: &'q str,
    ) -> impl Iterator<Item = (usize, ExistingPath<'p, 'a>)> + use<'p, 'a, 'q> {
        self.from(pod, path).take_while(move |(_, found)| found.path() == path)
    }

    /// What the Pod has below a path.
    pub(in crate::inject) fn below<'p, 'a, 'q>(
        &'p self,
        pod: &'p Pod<'a>,
        path: &'q str,
    ) -> impl Iterator<Item = (usize, ExistingPath<'p, 'a>)> + use<'p, 'a, 'q> {
        let below: Cow<'_, str> = if path == "/" { path.into() } else { format!("{path}/").into() };
        self.from(pod, &below).take_while(move |(_, found)| found.path().starts_with(&*below))
    }

    /// What the Pod has from a path on, in the order of paths, then of containers.
    fn from<'p, 'a>(
        &'p self,
        pod: &'p Pod<'a>,
        path: &str,
    ) -> impl Iterator<Item = (usize, ExistingPath<'p, 'a>)> + use<'p, 'a> {
        let all = self.by_path.get_or_init(|| {
            let count = |c: &Container<'a>| pod.mounts(c).len() + pod.devices(c).len();
            self.sorted(pod, count, |c, item| found(pod, c, item).path())
        });
        let found = move |at: &At| {
            step(1);
            found(pod, &pod.containers[at.container as usize], at.item as usize)
        };
        let first = all.partition_point(|at| found(at).path() < path);
        all[first..].iter().map(move |at| (at.container as usize, found(at)))
    }

    /// All items of all containers in the order of their keys, then as they are in the Pod.
    fn sorted<'p, 'a>(
        &self,
        pod: &'p Pod<'a>,
        count: impl Fn(&Container<'a>) -> usize,
        key: impl Fn(&'p Container<'a>, usize) -> &'p str,
    ) -> Vec<At> {
        let narrow = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let counts = || self.places.iter().map(|place| (*place, count(&pod.containers[*place])));
        let mut all = Vec::with_capacity(counts().map(|(_, count)| count).sum());
        for (container, count) in counts() {
            step(1);
            all.extend((0..count).map(|item| At { container: narrow(container), item: narrow(item) }));
        }
        let key = |at: &At| key(&pod.containers[at.container as usize], at.item as usize);
        all.sort_by(|a, b| {
            step(1);
            key(a).cmp(key(b))
        });
        all
    }
}

fn found<'p, 'a>(pod: &'p Pod<'a>, container: &Container<'a>, item: usize) -> ExistingPath<'p, 'a> {
    let mounts = pod.mounts(container);
    match item.checked_sub(mounts.len()) {
        None => ExistingPath::Mount(&mounts[item]),
        Some(device) => ExistingPath::Device(&pod.devices(container)[device]),
    }
}

impl<'p> ExistingPath<'p, '_> {
    /// Where it is, normalized.
    pub(in crate::inject) fn path(self) -> &'p str {
        match self {
            ExistingPath::Mount(mount) => &mount.path,
            ExistingPath::Device(device) => &device.path,
        }
    }
}

/// The first item that two sorted lists have in common.
fn first_common(one: &[usize], other: &[usize]) -> Option<usize> {
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    while let (Some(a), Some(b)) = (one.peek(), other.peek()) {
        step(1);
        match a.cmp(b) {
            std::cmp::Ordering::Less => drop(one.next()),
            std::cmp::Ordering::Greater => drop(other.next()),
            std::cmp::Ordering::Equal => return Some(**a),
        }
    }
    None
}
