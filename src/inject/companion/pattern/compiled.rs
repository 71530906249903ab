//! The cache of compiled patterns, shared by all companions and all their versions.
//!
//! It changes how long a review takes and never the verdict, because an automaton is a function of its source. That is
//! why it may live in the pure room. It is not part of the snapshot, because a new snapshot would drop the automata of
//! all companions when one of them changes.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use regex_lite::Regex;

/// The memory that all cached automata may need, in bytes.
const CAPACITY: usize = 32 << 20;
/// The memory of one besides its states: three copies of its source.
const OVERHEAD: usize = 6 << 10;

/// One automaton. A match needs about as much memory as the automaton, and regex-lite keeps that memory for each match
/// that ever ran at the same time as others. So one match runs at a time.
type Automaton = Arc<Mutex<Regex>>;

/// Two generations, which approximate a least-recently-used cache. When the young one has half of the capacity, it becomes
/// the old one, and the automata of the old one that were not used meanwhile are dropped.
#[derive(Debug)]
struct Cache {
    young: BTreeMap<Box<str>, Automaton>,
    old: BTreeMap<Box<str>, Automaton>,
    /// The memory of the young automata, in bytes.
    weight: usize,
}

static CACHE: Mutex<Cache> = Mutex::new(Cache { young: BTreeMap::new(), old: BTreeMap::new(), weight: 0 });

/// What the cache has to know of a pattern.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'p> {
    pub(super) source: &'p str,
    /// The size of the automaton, in KiB.
    pub(super) size: u32,
}

/// Whether a pattern matches a text. A pattern that does not compile matches nothing.
pub(super) fn is_match(key: Key<'_>, text: &str, compile: impl FnOnce() -> Option<Regex>) -> bool {
    let cached = lock(&CACHE).get(key);
    let automaton = if let Some(automaton) = cached {
        automaton
    } else {
        let Some(regex) = compile() else { return false };
        let automaton = Arc::new(Mutex::new(regex));
        // The lock is released before the automata that made room are dropped.
        let dropped = lock(&CACHE).insert(key, Arc::clone(&automaton));
        drop(dropped);
        automaton
    };
    lock(&automaton).is_match(text)
}

/// A panic while the lock is held leaves the cache consistent: its maps are changed by single calls.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cache {
    fn get(&mut self, key: Key<'_>) -> Option<Automaton> {
        if let Some(automaton) = self.young.get(key.source) {
            return Some(Arc::clone(automaton));
        }
        let automaton = self.old.remove(key.source)?;
        // If this retires a generation, it is dropped under the lock, which costs less than it did to compile it.
        drop(self.insert(key, Arc::clone(&automaton)));
        Some(automaton)
    }

    /// Adds an automaton, and returns those that had to make room for it.
    fn insert(&mut self, key: Key<'_>, automaton: Automaton) -> BTreeMap<Box<str>, Automaton> {
        let mut dropped = BTreeMap::new();
        let weight = weight(key);
        if self.weight + weight > CAPACITY / 2 {
            dropped = mem::replace(&mut self.old, mem::take(&mut self.young));
            self.weight = 0;
        }
        // Another thread may have added it first.
        if self.young.insert(key.source.into(), automaton).is_none() {
            self.weight += weight;
        }
        dropped
    }
}

/// The memory of an automaton and of a match, in bytes. `tests/allocations.rs` compares it with the heap.
fn weight(key: Key<'_>) -> usize {
    OVERHEAD + 4 * ((key.size as usize) << 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inject::companion::pattern::Pattern;

    fn cache() -> Cache {
        Cache { young: BTreeMap::new(), old: BTreeMap::new(), weight: 0 }
    }

    fn total(cache: &Cache, patterns: &[Pattern]) -> usize {
        let is_cached = |p: &&Pattern| cache.young.contains_key(p.source()) || cache.old.contains_key(p.source());
        patterns.iter().filter(is_cached).map(|pattern| weight(pattern.key())).sum()
    }

    #[test]
    fn the_cache_stays_within_its_capacity_and_keeps_patterns_that_are_used() {
        let patterns: Vec<Pattern> = (0..400).map(|i| Pattern::new(&format!("a{{{}}}", 1600 + i)).unwrap()).collect();
        let mut cache = cache();
        for pattern in &patterns {
            assert_eq!(pattern.size(), 64);
            if cache.get(pattern.key()).is_none() {
                cache.insert(pattern.key(), Arc::new(Mutex::new(pattern.compile().unwrap())));
            }
            assert!(total(&cache, &patterns) <= CAPACITY);
            assert!(cache.get(patterns[0].key()).is_some(), "the pattern that is used all the time");
        }
        assert!(total(&cache, &patterns) > CAPACITY / 2, "the capacity is used");
        assert!(cache.get(patterns[1].key()).is_none(), "a pattern that is no longer used made room");
        assert!(cache.get(patterns[399].key()).is_some());
    }

    #[test]
    fn a_pattern_that_two_threads_compile_at_once_counts_once() {
        let pattern = Pattern::new("[a-z]+").unwrap();
        let mut cache = cache();
        for _ in 0..2 {
            cache.insert(pattern.key(), Arc::new(Mutex::new(pattern.compile().unwrap())));
        }
        assert_eq!(cache.weight, weight(pattern.key()));
    }
}
