//! The objects of one kind, and the list that is being received and will replace them.

use std::collections::BTreeMap;

/// Objects by their keys.
#[derive(Debug)]
pub(super) struct ListBuffer<K, T> {
    current: BTreeMap<K, T>,
    /// The objects of an unfinished list.
    staged: BTreeMap<K, T>,
    listed: bool,
}

impl<K, T> Default for ListBuffer<K, T> {
    fn default() -> Self {
        ListBuffer { current: BTreeMap::new(), staged: BTreeMap::new(), listed: false }
    }
}

impl<K: Ord, T> ListBuffer<K, T> {
    /// A buffer that begins with objects that it has not listed itself.
    pub(super) fn holding(current: impl IntoIterator<Item = (K, T)>) -> Self {
        ListBuffer { current: current.into_iter().collect(), ..ListBuffer::default() }
    }

    /// The objects, without those of an unfinished list.
    pub(super) fn current(&self) -> &BTreeMap<K, T> {
        &self.current
    }

    /// Whether a list was finished.
    pub(super) fn is_listed(&self) -> bool {
        self.listed
    }

    /// Adds an object to the unfinished list.
    pub(super) fn stage(&mut self, key: K, object: T) {
        self.staged.insert(key, object);
    }

    /// Finishes the list: its objects replace all others.
    pub(super) fn commit(&mut self) {
        self.current = std::mem::take(&mut self.staged);
        self.listed = true;
    }

    /// Drops the unfinished list, and keeps the current objects.
    pub(super) fn discard(&mut self) {
        self.staged.clear();
    }

    /// The objects of the unfinished list, if there is one; else the current ones.
    pub(super) fn newest(&self) -> &BTreeMap<K, T> {
        if self.staged.is_empty() { &self.current } else { &self.staged }
    }

    /// Replaces some of the newest objects.
    pub(super) fn replace(&mut self, keys: impl Iterator<Item = K>, with: impl Fn(&T) -> T) {
        let newest = if self.staged.is_empty() { &mut self.current } else { &mut self.staged };
        for key in keys {
            if let Some(object) = newest.get_mut(&key) {
                *object = with(object);
            }
        }
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
