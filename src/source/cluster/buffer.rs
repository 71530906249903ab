//! The objects of one kind, and the list that is being received and will replace them.

use std::hash::Hash;

use crate::shared_map::SharedMap;

/// Objects by their keys.
#[derive(Debug)]
pub(super) struct ListBuffer<K, T> {
    current: SharedMap<K, T>,
    /// The objects of an unfinished list.
    staged: SharedMap<K, T>,
    listed: bool,
}

impl<K, T> Default for ListBuffer<K, T> {
    fn default() -> Self {
        ListBuffer::holding(SharedMap::default())
    }
}

impl<K, T> ListBuffer<K, T> {
    /// A buffer that begins with objects that it has not listed itself.
    pub(super) fn holding(current: SharedMap<K, T>) -> Self {
        ListBuffer { current, staged: SharedMap::default(), listed: false }
    }

    /// The objects, without those of an unfinished list.
    pub(super) fn current(&self) -> &SharedMap<K, T> {
        &self.current
    }

    /// Whether a list was finished.
    pub(super) fn is_listed(&self) -> bool {
        self.listed
    }

    /// Whether there is an unfinished list with objects.
    pub(super) fn is_listing(&self) -> bool {
        !self.staged.is_empty()
    }

    /// Finishes the list: its objects replace all others.
    pub(super) fn commit(&mut self) {
        self.current = std::mem::take(&mut self.staged);
        self.listed = true;
    }

    /// Drops the unfinished list, and keeps the current objects.
    pub(super) fn discard(&mut self) {
        self.staged = SharedMap::default();
    }

    /// The objects of the unfinished list, if there is one; else the current ones.
    pub(super) fn newest(&self) -> &SharedMap<K, T> {
        if self.is_listing() { &self.staged } else { &self.current }
    }
}

impl<K: Hash + Eq, T> ListBuffer<K, T> {
    /// Adds an object to the unfinished list.
    pub(super) fn stage(&mut self, key: K, object: T) {
        self.staged.insert(key, object);
    }

    /// Replaces one of the newest objects.
    pub(super) fn replace_newest(&mut self, key: K, object: T) {
        if self.is_listing() { self.stage(key, object) } else { self.put(key, object) }
    }

    /// Adds an object outside of a list, or replaces it.
    pub(super) fn put(&mut self, key: K, object: T) {
        self.current.insert(key, object);
    }

    /// Removes a deleted object.
    pub(super) fn remove(&mut self, key: &K) {
        self.current.remove(key);
    }
}
