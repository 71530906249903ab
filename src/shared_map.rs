//! A hash map whose clones share memory.
//!
//! A clone costs one reference, and a change of a clone copies only the nodes between the root and the entry. The memory
//! and the work of a change grow with the logarithm of the number of entries, and so does the comparison of two maps,
//! one of which was made from the other.
//!
//! The crates `rpds` and `imbl` have such maps. Their license, MPL-2.0, is not one of those that `deny.toml` accepts, `imbl`
//! is built on unsafe code, and `rpds` cannot list the differences of two maps without a visit of all entries.

mod node;
#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Arc, LazyLock};

use node::{MapIter, MapNode, MapSlot};

/// The key of the hash. All maps of a process have the same one, so that two maps have their entries in the same places,
/// and it is random, so that users cannot choose names whose hashes are equal.
static HASH_KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A hash map whose clones share memory.
pub struct SharedMap<K, V> {
    root: MapNode<K, V>,
    len: usize,
}

impl<K, V> SharedMap<K, V> {
    /// The number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All entries, in no particular order.
    pub fn iter(&self) -> MapIter<'_, K, V> {
        MapIter::new(&self.root)
    }

    /// All keys, in no particular order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// All values, in no particular order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
}

impl<K: Hash + Eq, V> SharedMap<K, V> {
    /// The value of a key.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        if self.is_empty() {
            return None;
        }
        self.root.find(0, HASH_KEY.hash_one(key), key).map(|slot| &slot.entry.1)
    }

    /// Whether a key has a value.
    pub fn contains_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: K, value: V) {
        let slot = MapSlot { hash: HASH_KEY.hash_one(&key), entry: Arc::new((key, value)) };
        self.len += usize::from(self.root.insert(0, slot));
    }

    /// Removes a key and its value. Returns whether there was one.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        // Without the entry nothing must be copied.
        let found = self.contains_key(key);
        if found {
            self.root.remove(0, HASH_KEY.hash_one(key), key);
            self.len -= 1;
        }
        found
    }

    /// Visits each entry that was inserted, replaced or removed since an older map, in no particular order: the key, the older
    /// value and the current one. An entry that was inserted again with an equal value is visited as well.
    pub fn for_each_change_since<'m>(
        &'m self,
        older: &'m Self,
        mut visit: impl FnMut(&'m K, Option<&'m V>, Option<&'m V>),
    ) {
        MapNode::compare(0, &older.root, &self.root, &mut visit);
    }
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        SharedMap { root: MapNode::Empty, len: 0 }
    }
}

impl<K, V> Clone for SharedMap<K, V> {
    fn clone(&self) -> Self {
        SharedMap { root: self.root.clone(), len: self.len }
    }
}

impl<K: Hash + Eq, V> FromIterator<(K, V)> for SharedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = SharedMap::default();
        entries.into_iter().for_each(|(key, value)| map.insert(key, value));
        map
    }
}

impl<'m, K, V> IntoIterator for &'m SharedMap<K, V> {
    type Item = (&'m K, &'m V);
    type IntoIter = MapIter<'m, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for SharedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}
