//! The containers of a Pod that companions exclude.

use std::collections::BTreeSet;
use std::ops::Range;

use super::places::ContainerPlaces;
use crate::inject::companion::{Companion, Placement};
use crate::inject::pod::Pod;
use crate::work::step;

/// The most exclusions of a Pod with few containers, and of any other Pod: each costs a set of containers, and to relate
/// that set to all others.
const MAX_IN_SMALL_POD: usize = 16;
const MAX_EXCLUSIONS: usize = 4;
/// Up to how many containers a Pod has few.
const FEW_CONTAINERS: usize = 64;

/// The exclusions that match a container of the Pod; equal ones are one.
#[derive(Debug, Default)]
pub(in crate::inject) struct Exclusions {
    pub(super) all: Vec<Exclusion>,
    /// The companions whose exclusions are further ones: they cannot be injected.
    pub(super) excess: Excess,
}

/// Companions that exclude other containers than those that the bound allows to exclude.
#[derive(Debug, Default)]
pub(super) struct Excess {
    companions: BTreeSet<Box<str>>,
    /// The most exclusions of this Pod.
    most: usize,
}

impl Excess {
    /// The bound, if a companion exceeds it.
    pub(super) fn bound_of(&self, companion: &Companion) -> Option<usize> {
        self.companions.contains(&companion.name).then_some(self.most)
    }
}

/// The containers that some companions exclude.
#[derive(Debug)]
pub(super) struct Exclusion {
    /// Whether the companions have position First.
    pub(super) is_first: bool,
    pub(super) companions: Vec<Box<str>>,
    pub(super) containers: ContainerPlaces,
}

/// Names as ranges of the containers in the order of their names.
struct Ranges {
    is_first: bool,
    companions: Vec<Box<str>>,
    ranges: Vec<Range<usize>>,
}

impl Exclusions {
    /// Finds what companions exclude in a Pod. Where there are too many different exclusions, the last companions are in
    /// excess.
    pub(in crate::inject) fn new<'c>(pod: &Pod<'_>, companions: impl Iterator<Item = &'c Companion>) -> Self {
        let mut excluding = companions.filter(|companion| !companion.exclude_containers.is_empty()).peekable();
        if excluding.peek().is_none() {
            return Exclusions::default();
        }
        let by_name = by_name(pod);
        let most = if by_name.len() > FEW_CONTAINERS { MAX_EXCLUSIONS } else { MAX_IN_SMALL_POD };
        let mut all: Vec<Ranges> = Vec::new();
        let mut excess = Excess { companions: BTreeSet::new(), most };
        for companion in excluding {
            let ranges = merged(matching(pod, &by_name, companion));
            if !ranges.is_empty() && !add(&mut all, companion, ranges, most) {
                excess.companions.insert(companion.name.clone());
            }
        }
        let exclusion = |found: Ranges| Exclusion {
            is_first: found.is_first,
            companions: found.companions,
            containers: places(&by_name, found.ranges),
        };
        Exclusions { all: all.into_iter().map(exclusion).collect(), excess }
    }
}

/// Adds the exclusion of a companion, unless it would be one more than the most.
fn add(all: &mut Vec<Ranges>, companion: &Companion, ranges: Vec<Range<usize>>, most: usize) -> bool {
    step(all.len() * ranges.len());
    let is_first = companion.placement == Placement::First;
    let is_full = all.len() >= most;
    let name = companion.name.clone();
    match all.iter().position(|other| other.is_first == is_first && other.ranges == ranges) {
        Some(equal) => all[equal].companions.push(name),
        None if is_full => return false,
        None => all.push(Ranges { is_first, companions: vec![name], ranges }),
    }
    true
}

/// The places of all containers in the order of their names.
fn by_name(pod: &Pod<'_>) -> Vec<usize> {
    let mut places: Vec<usize> = (0..pod.containers.len()).collect();
    places.sort_by(|a, b| {
        step(1);
        pod.containers[*a].name.cmp(&pod.containers[*b].name)
    });
    places
}

/// The ranges of the containers that a companion excludes.
fn matching(pod: &Pod<'_>, by_name: &[usize], companion: &Companion) -> Vec<Range<usize>> {
    let name = |place: &usize| {
        step(1);
        &*pod.containers[*place].name
    };
    let range = |excluded: &str| {
        let (start, is_whole) = excluded.strip_suffix('*').map_or((excluded, true), |start| (start, false));
        let first = by_name.partition_point(|place| name(place) < start);
        let is_it = |place: &usize| if is_whole { name(place) == start } else { name(place).starts_with(start) };
        first..first + by_name[first..].partition_point(is_it)
    };
    companion.exclude_containers.iter().map(|excluded| range(excluded)).filter(|range| !range.is_empty()).collect()
}

/// Ranges in order, of which no two overlap.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    step(16 * ranges.len());
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

fn places(by_name: &[usize], ranges: Vec<Range<usize>>) -> ContainerPlaces {
    let mut places: Vec<usize> = ranges.into_iter().flat_map(|range| &by_name[range]).copied().collect();
    step(16 * places.len());
    places.sort_unstable();
    places.into_iter().collect()
}
