//! All companions that a server knows, indexed so that a lookup takes the same time among one and among ten thousand, and a
//! change as well.

mod automatic;
mod entry;

pub use entry::{CatalogEntry, InvalidCompanion};

use crate::shared_map::SharedMap;
use automatic::Automatic;

/// The index. It changes when companions change, never during a review. Its clones share memory, so that a change of a
/// clone costs the same, however many companions there are.
#[derive(Debug, Default, Clone)]
pub struct Catalog {
    cluster: CompanionsByName,
    namespaced: SharedMap<Box<str>, CompanionsByName>,
    automatic: Automatic,
}

type CompanionsByName = SharedMap<Box<str>, CatalogEntry>;

impl Catalog {
    /// Indexes companions: `None` for a `ClusterCompanion`, else the namespace of a `Companion`. Of two with the same name in
    /// the same place the later one replaces the earlier one.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = (Option<Box<str>>, CatalogEntry)>) -> Self {
        let mut catalog = Catalog::default();
        for (namespace, entry) in entries {
            catalog.insert(namespace.as_deref(), entry);
        }
        catalog
    }

    /// Adds a companion, or replaces the one with the same name in the same place.
    pub fn insert(&mut self, namespace: Option<&str>, entry: CatalogEntry) {
        self.remove(namespace, entry.name());
        self.automatic.insert(namespace, &entry);
        let name = Box::from(entry.name());
        match namespace {
            None => self.cluster.insert(name, entry),
            Some(namespace) => {
                let mut names = self.namespaced.get(namespace).cloned().unwrap_or_default();
                names.insert(name, entry);
                self.namespaced.insert(namespace.into(), names);
            }
        }
    }

    /// Removes a companion, if there is one.
    pub fn remove(&mut self, namespace: Option<&str>, name: &str) {
        let Some(entry) = self.in_place(namespace, name).cloned() else { return };
        self.automatic.remove(namespace, &entry);
        match namespace {
            None => _ = self.cluster.remove(name),
            Some(namespace) => {
                let mut names = self.namespaced.get(namespace).cloned().unwrap_or_default();
                names.remove(name);
                if names.is_empty() {
                    self.namespaced.remove(namespace);
                } else {
                    self.namespaced.insert(namespace.into(), names);
                }
            }
        }
    }

    /// The companion with a name in a namespace. A `Companion` replaces a `ClusterCompanion` of its name completely, but not
    /// a required one.
    #[must_use]
    pub fn resolve(&self, namespace: &str, name: &str) -> Option<&CatalogEntry> {
        let cluster = self.cluster.get(name);
        if let Some(required) = cluster.filter(|e| e.required()) {
            return Some(required);
        }
        self.in_place(Some(namespace), name).or(cluster)
    }

    /// Companions that may be automatic for a Pod with these labels, in no particular order. `unknown` are the keys of labels
    /// whose values are not known yet. The caller checks their selectors, and whether another companion replaces them in the
    /// namespace.
    pub fn automatic<'c, 'p: 'c, 'n: 'c>(
        &'c self,
        pod_labels: impl Iterator<Item = (&'p str, &'p str)> + 'c,
        unknown: impl Iterator<Item = &'p str> + 'c,
        namespace_labels: impl Iterator<Item = (&'n str, &'n str)> + 'c,
    ) -> impl Iterator<Item = &'c CatalogEntry> + 'c {
        self.automatic.of(pod_labels, unknown, namespace_labels)
    }

    /// The names of the companions of a namespace.
    pub fn names<'c>(&'c self, namespace: &str) -> impl Iterator<Item = &'c str> + 'c {
        let own = self.namespaced.get(namespace).into_iter().flat_map(SharedMap::keys);
        self.cluster.keys().chain(own).map(|name| &**name)
    }

    /// All entries, in no particular order.
    pub fn entries(&self) -> impl Iterator<Item = &CatalogEntry> {
        self.cluster.values().chain(self.namespaced.values().flat_map(SharedMap::values))
    }

    /// The number of companions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cluster.len() + self.namespaced.values().map(SharedMap::len).sum::<usize>()
    }

    /// Whether the catalog is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cluster.is_empty() && self.namespaced.is_empty()
    }

    fn in_place(&self, namespace: Option<&str>, name: &str) -> Option<&CatalogEntry> {
        match namespace {
            None => self.cluster.get(name),
            Some(namespace) => self.namespaced.get(namespace).and_then(|names| names.get(name)),
        }
    }
}
