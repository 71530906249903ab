//! The nodes of a map: branches that select a child by some bits of the hash, and leaves with a few entries.

use std::array;
use std::borrow::Borrow;
use std::hash::Hash;
use std::slice;
use std::sync::Arc;

/// How many bits of the hash select a child of a branch.
const BITS: u32 = 5;
/// How many children a branch has.
const WIDTH: usize = 1 << BITS;
/// How many branches use up the 64 bits of a hash. Keys with the same hash share a leaf at that depth.
const DEEPEST: u32 = u64::BITS.div_ceil(BITS);
/// How many entries a leaf has at most, unless it is at the greatest depth. A leaf is copied as a whole.
const LEAF: usize = 16;

/// A subtree. A clone shares the nodes.
pub(super) enum MapNode<K, V> {
    Empty,
    Leaf(Arc<[MapSlot<K, V>]>),
    Branch(Arc<[MapNode<K, V>; WIDTH]>),
}

/// An entry, with the hash of its key.
pub(super) struct MapSlot<K, V> {
    pub(super) hash: u64,
    pub(super) entry: Arc<(K, V)>,
}

/// The entries of a map, in no particular order.
pub struct MapIter<'m, K, V> {
    branches: Vec<slice::Iter<'m, MapNode<K, V>>>,
    leaf: slice::Iter<'m, MapSlot<K, V>>,
}

impl<K: Hash + Eq, V> MapNode<K, V> {
    pub(super) fn find<Q: Eq + ?Sized>(&self, depth: u32, hash: u64, key: &Q) -> Option<&MapSlot<K, V>>
    where
        K: Borrow<Q>,
    {
        let (mut node, mut depth) = (self, depth);
        loop {
            match node {
                MapNode::Empty => return None,
                MapNode::Branch(children) => node = &children[index(depth, hash)],
                MapNode::Leaf(slots) => return slots.iter().find(|slot| slot.is_of(hash, key)),
            }
            depth += 1;
        }
    }

    /// Adds an entry, or replaces the one with the same key. Returns whether the key is new.
    pub(super) fn insert(&mut self, depth: u32, slot: MapSlot<K, V>) -> bool {
        let slots = match self {
            MapNode::Empty => {
                *self = MapNode::Leaf(Arc::new([slot]));
                return true;
            }
            MapNode::Branch(children) => {
                return Arc::make_mut(children)[index(depth, slot.hash)].insert(depth + 1, slot);
            }
            MapNode::Leaf(slots) => slots,
        };
        if let Some(place) = slots.iter().position(|other| other.is_of(slot.hash, &slot.entry.0)) {
            Arc::make_mut(slots)[place] = slot;
            return false;
        }
        let all = slots.iter().cloned().chain([slot]);
        *self = if slots.len() < LEAF || depth == DEEPEST {
            MapNode::Leaf(all.collect())
        } else {
            let mut branch = MapNode::Branch(Arc::new(array::from_fn(|_| MapNode::Empty)));
            all.for_each(|slot| _ = branch.insert(depth, slot));
            branch
        };
        true
    }

    pub(super) fn remove<Q: Eq + ?Sized>(&mut self, depth: u32, hash: u64, key: &Q)
    where
        K: Borrow<Q>,
    {
        let smaller = match self {
            MapNode::Empty => None,
            MapNode::Leaf(slots) => Some(MapNode::of(slots.iter().filter(|slot| !slot.is_of(hash, key)))),
            MapNode::Branch(children) => {
                let children = Arc::make_mut(children);
                children[index(depth, hash)].remove(depth + 1, hash, key);
                MapNode::merged(children)
            }
        };
        if let Some(smaller) = smaller {
            *self = smaller;
        }
    }

    /// The children of a branch as one leaf, where they are few.
    fn merged(children: &[Self; WIDTH]) -> Option<Self> {
        let mut len = 0;
        for child in children {
            match child {
                MapNode::Empty => {}
                MapNode::Leaf(slots) => len += slots.len(),
                MapNode::Branch(_) => return None,
            }
        }
        // A leaf that is half full is not split by the next insertion.
        (len <= LEAF / 2).then(|| MapNode::of(children.iter().flat_map(MapNode::slots)))
    }

    fn of<'s>(slots: impl Iterator<Item = &'s MapSlot<K, V>>) -> Self
    where
        K: 's,
        V: 's,
    {
        let slots: Arc<[MapSlot<K, V>]> = slots.cloned().collect();
        if slots.is_empty() { MapNode::Empty } else { MapNode::Leaf(slots) }
    }

    /// Visits the differences of two nodes at the same place.
    pub(super) fn compare<'m>(
        depth: u32,
        older: &'m Self,
        newer: &'m Self,
        visit: &mut impl FnMut(&'m K, Option<&'m V>, Option<&'m V>),
    ) {
        match (older, newer) {
            (MapNode::Leaf(older), MapNode::Leaf(newer)) if Arc::ptr_eq(older, newer) => {}
            (MapNode::Branch(older), MapNode::Branch(newer)) => {
                if !Arc::ptr_eq(older, newer) {
                    let pairs = older.iter().zip(&**newer);
                    pairs.for_each(|(older, newer)| MapNode::compare(depth + 1, older, newer, visit));
                }
            }
            _ => {
                for slot in MapIter::new(newer).slots() {
                    let before = older.find(depth, slot.hash, &slot.entry.0);
                    if before.is_none_or(|before| !Arc::ptr_eq(&before.entry, &slot.entry)) {
                        visit(&slot.entry.0, before.map(|before| &before.entry.1), Some(&slot.entry.1));
                    }
                }
                for slot in MapIter::new(older).slots() {
                    if newer.find(depth, slot.hash, &slot.entry.0).is_none() {
                        visit(&slot.entry.0, Some(&slot.entry.1), None);
                    }
                }
            }
        }
    }
}

impl<K, V> MapNode<K, V> {
    /// The entries of a leaf.
    fn slots(&self) -> &[MapSlot<K, V>] {
        if let MapNode::Leaf(slots) = self { slots } else { &[] }
    }
}

impl<K, V> MapSlot<K, V> {
    fn is_of<Q: Eq + ?Sized>(&self, hash: u64, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.hash == hash && self.entry.0.borrow() == key
    }
}

/// The child of a branch that has the entries with a hash. `depth` must be less than [`DEEPEST`].
fn index(depth: u32, hash: u64) -> usize {
    usize::from(u8::try_from((hash >> (depth * BITS)) % (1 << BITS)).unwrap_or_default())
}

impl<'m, K, V> MapIter<'m, K, V> {
    /// The entries below a node. Allocates only for a branch.
    pub(super) fn new(node: &'m MapNode<K, V>) -> Self {
        match node {
            MapNode::Branch(children) => MapIter { branches: vec![children.iter()], leaf: [].iter() },
            leaf => MapIter { branches: Vec::new(), leaf: leaf.slots().iter() },
        }
    }

    fn slots(mut self) -> impl Iterator<Item = &'m MapSlot<K, V>> {
        std::iter::from_fn(move || self.next_slot())
    }

    fn next_slot(&mut self) -> Option<&'m MapSlot<K, V>> {
        loop {
            if let Some(slot) = self.leaf.next() {
                return Some(slot);
            }
            match self.branches.last_mut()?.next() {
                None => _ = self.branches.pop(),
                Some(MapNode::Empty) => {}
                Some(MapNode::Leaf(slots)) => self.leaf = slots.iter(),
                Some(MapNode::Branch(children)) => self.branches.push(children.iter()),
            }
        }
    }
}

impl<'m, K, V> Iterator for MapIter<'m, K, V> {
    type Item = (&'m K, &'m V);

    fn next(&mut self) -> Option<Self::Item> {
        self.next_slot().map(|slot| (&slot.entry.0, &slot.entry.1))
    }
}

impl<K, V> Clone for MapNode<K, V> {
    fn clone(&self) -> Self {
        match self {
            MapNode::Empty => MapNode::Empty,
            MapNode::Leaf(slots) => MapNode::Leaf(Arc::clone(slots)),
            MapNode::Branch(children) => MapNode::Branch(Arc::clone(children)),
        }
    }
}

impl<K, V> Clone for MapSlot<K, V> {
    fn clone(&self) -> Self {
        MapSlot { hash: self.hash, entry: Arc::clone(&self.entry) }
    }
}
