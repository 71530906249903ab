//! How much memory companions can take: those of one namespace, and all together.
//!
//! The decision depends on sizes and creation times alone. All replicas therefore make the same one, in whatever order
//! they receive the companions. A user who can write Companions in one namespace takes nothing from another: when all
//! together are too large, the namespace that takes most loses a companion.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::key::CompanionKey;

/// What any companion costs, in bytes.
const BASE: usize = 2 << 10;
/// How many copies are kept of a valid specification: its text, and up to two in compiled templates.
const COPIES: usize = 3;
/// How many times the size of its text a JSON value takes: that of a required companion is kept for its policies.
const AS_VALUE: usize = 24;

/// What a companion costs, in bytes, whose valid specification has `json` bytes of JSON.
#[must_use]
pub fn cost(json: usize, required: bool) -> usize {
    BASE + json * (COPIES + if required { AS_VALUE } else { 0 })
}

/// The limits, in bytes: of specifications, compiled templates and last valid versions together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimits {
    /// For the Companions of one namespace.
    pub namespace: usize,
    /// For all companions.
    pub total: usize,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        MemoryLimits { namespace: 4 << 20, total: 64 << 20 }
    }
}

/// What the decision depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Weight {
    /// What the companion costs, in bytes; see [`cost`].
    pub bytes: usize,
    /// `metadata.creationTimestamp` in RFC 3339, which sorts by time. Empty in files: then names decide.
    pub created: Box<str>,
}

/// The companions of one namespace, or the ClusterCompanions. After [`Group::sort`] the oldest is first.
#[derive(Default)]
struct Group<'k> {
    members: Vec<(&'k CompanionKey, &'k Weight)>,
    bytes: usize,
}

impl Group<'_> {
    fn sort(&mut self) {
        self.members.sort_unstable_by(|(a, x), (b, y)| (&x.created, &a.name).cmp(&(&y.created, &b.name)));
    }

    fn drop_newest(&mut self, out: &mut HashSet<CompanionKey>) {
        if let Some((key, weight)) = self.members.pop() {
            self.bytes -= weight.bytes;
            out.insert(key.clone());
        }
    }

    fn shrink_to(&mut self, most: usize, out: &mut HashSet<CompanionKey>) {
        while self.bytes > most {
            self.drop_newest(out);
        }
    }
}

/// The companions that exceed the limits.
///
/// ClusterCompanions are counted first, and no Companion displaces one. Then each namespace is reduced to its own limit.
/// While all together are still too large, the namespace that takes most loses its newest companion.
#[must_use]
pub fn exceeding<'k>(
    companions: impl IntoIterator<Item = (&'k CompanionKey, &'k Weight)>,
    limits: MemoryLimits,
) -> HashSet<CompanionKey> {
    let mut groups: BTreeMap<Option<&str>, Group<'k>> = BTreeMap::new();
    for (key, weight) in companions {
        let group = groups.entry(key.namespace.as_deref()).or_default();
        group.members.push((key, weight));
        group.bytes += weight.bytes;
    }
    let mut out = HashSet::new();
    let mut total: usize = groups.values().map(|group| group.bytes).sum();
    if total <= limits.total && groups.iter().all(|(name, group)| name.is_none() || group.bytes <= limits.namespace) {
        return out;
    }
    groups.values_mut().for_each(Group::sort);
    let mut cluster = groups.remove(&None).unwrap_or_default();
    cluster.shrink_to(limits.total, &mut out);
    for group in groups.values_mut() {
        group.shrink_to(limits.namespace, &mut out);
    }
    let room = limits.total - cluster.bytes;
    total = groups.values().map(|group| group.bytes).sum();
    let mut by_size: BTreeSet<(usize, &str)> =
        groups.iter().filter_map(|(name, group)| Some((group.bytes, (*name)?))).collect();
    while total > room
        && let Some((bytes, name)) = by_size.pop_last()
    {
        let Some(group) = groups.get_mut(&Some(name)) else { continue };
        group.drop_newest(&mut out);
        total -= bytes - group.bytes;
        if !group.members.is_empty() {
            by_size.insert((group.bytes, name));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{MemoryLimits, Weight, exceeding};
    use crate::source::key::CompanionKey;

    const LIMITS: MemoryLimits = MemoryLimits { namespace: 40, total: 100 };

    fn one(namespace: &str, name: &str, bytes: usize, created: &str) -> (CompanionKey, Weight) {
        let namespace = Some(namespace).filter(|n| !n.is_empty()).map(Box::from);
        (CompanionKey { namespace, name: name.into() }, Weight { bytes, created: created.into() })
    }

    fn out(all: &[(CompanionKey, Weight)]) -> Vec<String> {
        let mut out: Vec<_> =
            exceeding(all.iter().map(|(k, w)| (k, w)), LIMITS).iter().map(ToString::to_string).collect();
        out.sort();
        let mut backwards: Vec<_> =
            exceeding(all.iter().rev().map(|(k, w)| (k, w)), LIMITS).iter().map(ToString::to_string).collect();
        backwards.sort();
        assert_eq!(out, backwards, "the order in which companions are received does not matter");
        out
    }

    #[test]
    fn the_newest_companions_of_a_namespace_that_has_too_many_are_dropped_and_no_others() {
        let all = [
            one("a", "old", 30, "2026-01-01"),
            one("a", "young", 20, "2026-01-03"),
            one("a", "younger", 1, "2026-01-04"),
            one("b", "youngest", 40, "2026-02-01"),
        ];
        assert_eq!(out(&all), ["Companion a/young", "Companion a/younger"]);
    }

    #[test]
    fn of_companions_with_one_creation_time_the_last_in_the_alphabet_is_dropped() {
        assert_eq!(out(&[one("a", "y", 25, ""), one("a", "x", 25, "")]), ["Companion a/y"]);
    }

    #[test]
    fn cluster_companions_are_never_displaced_by_companions() {
        let all =
            [one("", "young", 90, "2026-09-09"), one("a", "old", 20, "2020-01-01"), one("b", "old", 10, "2020-01-01")];
        assert_eq!(out(&all), ["Companion a/old"]);
        let all = [one("", "a", 60, "1"), one("", "b", 60, "2"), one("a", "c", 40, "0")];
        assert_eq!(out(&all), ["ClusterCompanion b"]);
    }

    #[test]
    fn above_the_total_the_namespace_that_takes_most_loses_its_newest_companion() {
        let mut all = vec![one("small", "young", 10, "2026-09-09")];
        for namespace in ["a", "b", "c"] {
            all.extend(["1", "2", "3", "4"].map(|name| one(namespace, name, 10, name)));
        }
        // 130 bytes: one of each of the three.
        let expected = ["a", "b", "c"].map(|namespace| format!("Companion {namespace}/4"));
        assert_eq!(out(&all), expected);
    }

    #[test]
    fn companions_within_the_limits_are_kept() {
        assert_eq!(out(&[one("", "x", 20, ""), one("a", "x", 40, ""), one("b", "x", 40, "")]), [""; 0]);
    }
}
