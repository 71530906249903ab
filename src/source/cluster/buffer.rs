//! What stands of one kind, and what a list that is under way will put in its place.

use std::collections::BTreeMap;

/// Objects by their keys.
#[derive(Debug)]
pub(super) struct ListBuffer<K, T> {
    stands: BTreeMap<K, T>,
    /// What a list has brought so far.
    coming: BTreeMap<K, T>,
    listed: bool,
}

impl<K, T> Default for ListBuffer<K, T> {
    fn default() -> Self {
        ListBuffer { stands: BTreeMap::new(), coming: BTreeMap::new(), listed: false }
    }
}

impl<K: Ord, T> ListBuffer<K, T> {
    /// One on which something stands that was not listed here.
    pub(super) fn holding(stands: impl IntoIterator<Item = (K, T)>) -> Self {
        ListBuffer { stands: stands.into_iter().collect(), ..ListBuffer::default() }
    }

    /// What stands.
    pub(super) fn current(&self) -> &BTreeMap<K, T> {
        &self.stands
    }

    /// Whether all of it was listed once.
    pub(super) fn is_listed(&self) -> bool {
        self.listed
    }

    /// A list that is under way brought an object.
    pub(super) fn stage(&mut self, key: K, object: T) {
        self.coming.insert(key, object);
    }

    /// The list is at its end: what it brought stands, and nothing else.
    pub(super) fn commit(&mut self) {
        self.stands = std::mem::take(&mut self.coming);
        self.listed = true;
    }

    /// The list failed on its way: what stood goes on standing.
    pub(super) fn discard(&mut self) {
        self.coming.clear();
    }

    /// What a list has brought so far, while one is under way; else what stands.
    pub(super) fn newest(&self) -> &BTreeMap<K, T> {
        if self.coming.is_empty() { &self.stands } else { &self.coming }
    }

    /// Puts something else in the place of objects that are newest.
    pub(super) fn replace(&mut self, keys: impl Iterator<Item = K>, with: impl Fn(&T) -> T) {
        let newest = if self.coming.is_empty() { &mut self.stands } else { &mut self.coming };
        for key in keys {
            if let Some(object) = newest.get_mut(&key) {
                *object = with(object);
            }
        }
    }

    /// An object is new, or has changed.
    pub(super) fn put(&mut self, key: K, object: T) {
        self.stands.insert(key, object);
    }

    /// An object is gone.
    pub(super) fn remove(&mut self, key: &K) {
        self.stands.remove(key);
    }
}
