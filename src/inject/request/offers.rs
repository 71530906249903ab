//! The companions that a Pod can have, by name.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use super::context::Context;
use super::selection::{is_offered, selection, unmet};
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::companion::selector::{Selection, Unmet};
use crate::text::suggest::suggest;

/// Upper bound on did-you-mean lookups per review; each compares a name with many others.
const MAX_SUGGESTIONS: usize = 4;

/// The companions that a Pod can have. Companions that are not offered to its namespace are never revealed, not even
/// their existence.
#[derive(Debug)]
pub(in crate::inject) struct Offers<'r, 'a> {
    context: Context<'r, 'a>,
    /// How many more did-you-mean lookups there may be.
    suggestions: Cell<usize>,
}

impl<'r, 'a> Offers<'r, 'a> {
    pub(in crate::inject) fn new(context: Context<'r, 'a>) -> Self {
        Offers { context, suggestions: Cell::new(MAX_SUGGESTIONS) }
    }

    /// The companion with a name, if it is offered to the Pod's namespace.
    pub(in crate::inject) fn named(&self, name: &str) -> Option<&'a CatalogEntry> {
        let Context { namespace, snapshot, .. } = self.context;
        snapshot.companions.resolve(namespace.name(), name).filter(|entry| is_offered(entry, namespace))
    }

    /// The requirement of a companion's `podSelector` that the Pod does not meet.
    pub(in crate::inject) fn unmet(&self, entry: &CatalogEntry) -> Option<Unmet> {
        unmet(entry, self.context.pod)
    }

    /// Whether there is a ClusterCompanion of a name that is offered to the Pod's namespace, replaced there or not.
    pub(in crate::inject) fn has_cluster_companion(&self, name: &str) -> bool {
        let Context { namespace, snapshot, .. } = self.context;
        snapshot.companions.of_cluster(name).is_some_and(|entry| is_offered(entry, namespace))
    }

    /// The companion that this Pod can have and whose name is nearest to another one; none if there may be newer companions.
    pub(in crate::inject) fn nearest(&self, name: &str) -> Option<&'a str> {
        let Context { pod, namespace, snapshot, .. } = self.context;
        if snapshot.stale.is_some() {
            return None;
        }
        let (companions, here) = (&snapshot.companions, namespace.name());
        let selected = |entry| selection(entry, pod, namespace) == Selection::Selected;
        let can_have = |other: &str| companions.resolve(here, other).is_some_and(selected);
        let others = companions.names(here).filter(|other| *other != name);
        self.suggest(|| suggest(name, others, can_have))
    }

    /// Runs a did-you-mean lookup, unless there were enough of them.
    pub(in crate::inject) fn suggest<'c>(&self, lookup: impl FnOnce() -> Option<&'c str>) -> Option<&'c str> {
        let left = self.suggestions.get().checked_sub(1)?;
        self.suggestions.set(left);
        lookup()
    }

    /// A test whether a name is that of a companion which the Pod may know: one that is offered to its namespace, is a
    /// candidate, or was injected before. Looking into the status is slow, so the test remembers what it found.
    pub(in crate::inject) fn known_names<'o, I: Iterator<Item = &'a str>>(
        &'o self,
        candidates: I,
    ) -> impl FnMut(&'a str) -> bool + use<'o, 'r, 'a, I> {
        let Context { pod, requested, status, .. } = self.context;
        let none = requested.parameters.is_empty();
        // The absence of a candidate is reported once, not once for each of its parameters.
        let candidates: HashSet<&str> = candidates.filter(|_| !none).collect();
        let mut present = HashMap::new();
        let mut is_present = move |companion| {
            let look = || status.entry(companion).is_some_and(|entry| entry.is_present(pod));
            *present.entry(companion).or_insert_with(look)
        };
        move |companion| self.named(companion).is_some() || candidates.contains(companion) || is_present(companion)
    }
}
