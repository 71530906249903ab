//! Reservations by their keys, of which the last ones can be rolled back.

use std::collections::BTreeMap;

use crate::work::step;

/// Up to how many keys are searched one by one; an index of fewer is not worth an allocation.
const FEW: usize = 16;

/// Keys with their values, in the order in which they were added.
#[derive(Debug)]
pub(super) struct Ledger<K, V> {
    items: Vec<(K, V)>,
    /// The places of all items; `None` where there are few.
    index: Option<BTreeMap<K, usize>>,
}

impl<K, V> Default for Ledger<K, V> {
    fn default() -> Self {
        Ledger { items: Vec::new(), index: None }
    }
}

impl<K: Ord + Clone, V> Ledger<K, V> {
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        let Some(index) = &self.index else {
            step(self.items.len());
            return self.items.iter().find(|(other, _)| other == key).map(|(_, value)| value);
        };
        step(BITS);
        index.get(key).map(|at| &self.items[*at].1)
    }

    /// Adds a key that is absent.
    pub(super) fn add(&mut self, key: K, value: V) {
        self.items.push((key, value));
        if self.items.len() <= FEW {
            return;
        }
        let first = if self.index.is_none() { 0 } else { self.items.len() - 1 };
        let index = self.index.get_or_insert_default();
        for (at, (key, _)) in self.items.iter().enumerate().skip(first) {
            step(BITS);
            index.insert(key.clone(), at);
        }
    }

    /// Adds a key unless it is present.
    pub(super) fn add_once(&mut self, key: K, value: V) {
        if self.get(&key).is_none() {
            self.add(key, value);
        }
    }

    /// Removes all but the first `len` keys.
    pub(super) fn truncate(&mut self, len: usize) {
        let Some(index) = &mut self.index else { return self.items.truncate(len) };
        for (key, _) in self.items.drain(len..) {
            step(BITS);
            index.remove(&key);
        }
    }
}

/// The work that one search in the index counts as.
const BITS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_were_rolled_back_are_not_found_with_or_without_an_index() {
        for count in [0, 1, FEW, FEW + 1, 3 * FEW] {
            let mut ledger = Ledger::default();
            (0..count).for_each(|key| ledger.add(key, 10 * key));
            (count..2 * count).for_each(|key| ledger.add(key, 0));
            ledger.truncate(count);
            assert_eq!((ledger.len(), ledger.get(&count)), (count, None));
            for key in 0..count {
                assert_eq!(ledger.get(&key), Some(&(10 * key)), "{key} of {count}");
            }
            ledger.add(count, 7);
            assert_eq!(ledger.get(&count), Some(&7), "{count}");
        }
    }
}
