//! The companions of the cluster, or those of one namespace.

use super::automatic::Automatic;
use super::entry::CatalogEntry;
use crate::shared_map::SharedMap;

/// Companions of one place, by name and by the Pods for which they are automatic.
#[derive(Debug, Default, Clone)]
pub(super) struct Scope {
    by_name: SharedMap<Box<str>, CatalogEntry>,
    automatic: Automatic,
}

impl Scope {
    /// Adds a companion, or replaces the one with the same name.
    pub(super) fn insert(&mut self, entry: CatalogEntry) {
        self.remove(entry.name());
        self.automatic.insert(&entry);
        self.by_name.insert(entry.name().into(), entry);
    }

    /// Removes a companion, if there is one.
    pub(super) fn remove(&mut self, name: &str) {
        let Some(entry) = self.by_name.get(name).cloned() else { return };
        self.automatic.remove(&entry);
        self.by_name.remove(name);
    }

    pub(super) fn get(&self, name: &str) -> Option<&CatalogEntry> {
        self.by_name.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|name| &**name)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &CatalogEntry> {
        self.by_name.values()
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The companions that may be automatic for these labels; see `Catalog::automatic`.
    pub(super) fn automatic<'c, 'p: 'c, 'n: 'c>(
        &'c self,
        pod_labels: impl Iterator<Item = (&'p str, &'p str)> + 'c,
        unknown: impl Iterator<Item = &'p str> + 'c,
        namespace_labels: impl Iterator<Item = (&'n str, &'n str)> + 'c,
    ) -> impl Iterator<Item = &'c CatalogEntry> + 'c {
        self.automatic.of(pod_labels, unknown, namespace_labels)
    }
}
