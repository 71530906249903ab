//! Automata that are kept between reviews, shared by all companions and all their versions.
//!
//! This changes how long a review takes and never what comes of it: an automaton is a function of its source. That is
//! why it may live in the pure room, and why it need not be a part of the snapshot, from which a companion that changed
//! would take the automata of all others along.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use regex_lite::Regex;

use super::Pattern;

/// How much all automata that are kept may need, in bytes.
const CAPACITY: usize = 32 << 20;
/// What one needs besides its states: its source, thrice.
const OVERHEAD: usize = 6 << 10;

/// One automaton. A match needs about as much memory as the automaton, and regex-lite keeps that for each match that
/// ever ran at the same time as others: so one runs at a time.
type Automaton = Arc<Mutex<Regex>>;

/// Two generations. When the young one is half of the capacity, it becomes the old one, and what was in the old one and
/// was not used meanwhile is dropped. That is the order of use, roughly, without a list to keep in order.
#[derive(Debug)]
struct Kept {
    young: BTreeMap<Box<str>, Automaton>,
    old: BTreeMap<Box<str>, Automaton>,
    /// What the young ones need, in bytes.
    weight: usize,
}

static KEPT: Mutex<Kept> = Mutex::new(Kept { young: BTreeMap::new(), old: BTreeMap::new(), weight: 0 });

/// Whether a pattern matches a text as a whole. One that does not compile matches nothing.
pub(super) fn is_match(pattern: &Pattern, text: &str) -> bool {
    let kept = lock(&KEPT).get(pattern);
    let automaton = if let Some(automaton) = kept {
        automaton
    } else {
        let Some(regex) = pattern.compile() else { return false };
        let automaton = Arc::new(Mutex::new(regex));
        // The lock is free again when what made room is dropped.
        let dropped = lock(&KEPT).insert(pattern, Arc::clone(&automaton));
        drop(dropped);
        automaton
    };
    lock(&automaton).is_match(text)
}

/// A lock that a panic cannot leave in pieces: what it guards is replaced as a whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    fn get(&mut self, pattern: &Pattern) -> Option<Automaton> {
        if let Some(automaton) = self.young.get(pattern.source()) {
            return Some(Arc::clone(automaton));
        }
        let automaton = self.old.remove(pattern.source())?;
        // Should this retire a generation, it is dropped under the lock: that costs less than it did to compile it.
        drop(self.insert(pattern, Arc::clone(&automaton)));
        Some(automaton)
    }

    /// Keeps an automaton, and returns those that had to make room for it.
    fn insert(&mut self, pattern: &Pattern, automaton: Automaton) -> BTreeMap<Box<str>, Automaton> {
        let mut dropped = BTreeMap::new();
        let weight = weight(pattern);
        if self.weight + weight > CAPACITY / 2 {
            dropped = mem::replace(&mut self.old, mem::take(&mut self.young));
            self.weight = 0;
        }
        // Another thread may have been quicker.
        if self.young.insert(pattern.source().into(), automaton).is_none() {
            self.weight += weight;
        }
        dropped
    }
}

/// What an automaton needs with the memory of a match, in bytes. `tests/allocations.rs` holds it against the heap.
fn weight(pattern: &Pattern) -> usize {
    OVERHEAD + 4 * ((pattern.size() as usize) << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        Kept { young: BTreeMap::new(), old: BTreeMap::new(), weight: 0 }
    }

    fn total(kept: &Kept, patterns: &[Pattern]) -> usize {
        let is_kept = |p: &&Pattern| kept.young.contains_key(p.source()) || kept.old.contains_key(p.source());
        patterns.iter().filter(is_kept).map(weight).sum()
    }

    #[test]
    fn what_is_kept_stays_within_its_capacity_and_what_is_used_stays() {
        let patterns: Vec<Pattern> = (0..400).map(|i| Pattern::new(&format!("a{{{}}}", 1600 + i)).unwrap()).collect();
        let mut kept = kept();
        for pattern in &patterns {
            assert_eq!(pattern.size(), 64);
            if kept.get(pattern).is_none() {
                kept.insert(pattern, Arc::new(Mutex::new(pattern.compile().unwrap())));
            }
            assert!(total(&kept, &patterns) <= CAPACITY);
            assert!(kept.get(&patterns[0]).is_some(), "the one that is used all the time");
        }
        assert!(total(&kept, &patterns) > CAPACITY / 2, "room is used");
        assert!(kept.get(&patterns[1]).is_none(), "the one that is used no more made room");
        assert!(kept.get(&patterns[399]).is_some());
    }

    #[test]
    fn one_that_two_threads_compile_at_once_counts_once() {
        let pattern = Pattern::new("[a-z]+").unwrap();
        let mut kept = kept();
        for _ in 0..2 {
            kept.insert(&pattern, Arc::new(Mutex::new(pattern.compile().unwrap())));
        }
        assert_eq!(kept.weight, weight(&pattern));
    }
}
