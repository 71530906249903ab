//! Sets of containers of a Pod, as indexes.

use crate::work::step;

/// Indexes of containers in `Pod::containers`, ascending, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::inject) struct ContainerPlaces(Vec<usize>);

impl ContainerPlaces {
    pub(in crate::inject) fn len(&self) -> usize {
        self.0.len()
    }

    pub(in crate::inject) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::inject) fn iter(&self) -> std::iter::Copied<std::slice::Iter<'_, usize>> {
        self.0.iter().copied()
    }

    pub(in crate::inject) fn first(&self) -> Option<usize> {
        self.0.first().copied()
    }

    pub(in crate::inject) fn contains(&self, place: usize) -> bool {
        step(16);
        self.0.binary_search(&place).is_ok()
    }

    /// The places that another list does not have.
    pub(in crate::inject) fn without(&self, other: &ContainerPlaces) -> Self {
        step(self.len() + other.len());
        let mut others = other.iter().peekable();
        let is_other = |place: usize| {
            while others.next_if(|other| *other < place).is_some() {}
            others.peek() == Some(&place)
        };
        let mut is_other = is_other;
        self.iter().filter(|place| !is_other(*place)).collect()
    }

    /// The first place that two lists have in common.
    pub(in crate::inject) fn first_common(&self, other: &ContainerPlaces) -> Option<usize> {
        let (mut one, mut other) = (self.iter().peekable(), other.iter().peekable());
        while let (Some(a), Some(b)) = (one.peek(), other.peek()) {
            step(1);
            match a.cmp(b) {
                std::cmp::Ordering::Less => drop(one.next()),
                std::cmp::Ordering::Greater => drop(other.next()),
                std::cmp::Ordering::Equal => return Some(*a),
            }
        }
        None
    }
}

/// Collects places that are in ascending order.
impl FromIterator<usize> for ContainerPlaces {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> Self {
        let places: Vec<usize> = places.into_iter().collect();
        debug_assert!(places.is_sorted_by(|a, b| a < b), "places are in order");
        ContainerPlaces(places)
    }
}
