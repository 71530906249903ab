//! All companions that a server knows, indexed so that a lookup takes the same time among one and among ten thousand, and a
//! change as well.

mod automatic;
mod entry;
mod scope;

pub use entry::{CatalogEntry, InvalidCompanion};

use crate::shared_map::SharedMap;
use scope::Scope;

/// The index. It changes when companions change, never during a review. Its clones share memory, so that a change of a
/// clone costs the same, however many companions there are.
#[derive(Debug, Default, Clone)]
pub struct Catalog {
    cluster: Scope,
    /// By namespace. A review visits only those of its own.
    namespaced: SharedMap<Box<str>, Scope>,
}

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
        self.change(namespace, |scope| scope.insert(entry));
    }

    /// Removes a companion, if there is one.
    pub fn remove(&mut self, namespace: Option<&str>, name: &str) {
        self.change(namespace, |scope| scope.remove(name));
    }

    /// The companion with a name in a namespace. A `Companion` replaces a `ClusterCompanion` of its name completely, but not
    /// a required one.
    #[must_use]
    pub fn resolve(&self, namespace: &str, name: &str) -> Option<&CatalogEntry> {
        let cluster = self.cluster.get(name);
        if let Some(required) = cluster.filter(|e| e.required()) {
            return Some(required);
        }
        self.namespaced.get(namespace).and_then(|scope| scope.get(name)).or(cluster)
    }

    /// The ClusterCompanion with a name.
    #[must_use]
    pub fn of_cluster(&self, name: &str) -> Option<&CatalogEntry> {
        self.cluster.get(name)
    }

    /// Companions of the cluster and of a namespace that may be automatic there for a Pod with these labels, in no particular
    /// order. `unknown` are the keys of labels whose values are not known yet. The caller checks their selectors, and whether
    /// another companion replaces them in the namespace.
    pub fn automatic<'c, 'p: 'c, 'n: 'c>(
        &'c self,
        namespace: &str,
        pod_labels: impl Iterator<Item = (&'p str, &'p str)> + Clone + 'c,
        unknown: impl Iterator<Item = &'p str> + Clone + 'c,
        namespace_labels: impl Iterator<Item = (&'n str, &'n str)> + Clone + 'c,
    ) -> impl Iterator<Item = &'c CatalogEntry> + 'c {
        let scopes = std::iter::once(&self.cluster).chain(self.namespaced.get(namespace));
        scopes.flat_map(move |scope| scope.automatic(pod_labels.clone(), unknown.clone(), namespace_labels.clone()))
    }

    /// The names of the companions of a namespace.
    pub fn names<'c>(&'c self, namespace: &str) -> impl Iterator<Item = &'c str> + 'c {
        let scopes = std::iter::once(&self.cluster).chain(self.namespaced.get(namespace));
        scopes.flat_map(Scope::names)
    }

    /// All entries, in no particular order.
    pub fn entries(&self) -> impl Iterator<Item = &CatalogEntry> {
        std::iter::once(&self.cluster).chain(self.namespaced.values()).flat_map(Scope::entries)
    }

    /// The number of companions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cluster.len() + self.namespaced.values().map(Scope::len).sum::<usize>()
    }

    /// Whether the catalog is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cluster.is_empty() && self.namespaced.is_empty()
    }

    fn change(&mut self, namespace: Option<&str>, change: impl FnOnce(&mut Scope)) {
        let Some(namespace) = namespace else { return change(&mut self.cluster) };
        let mut scope = self.namespaced.get(namespace).cloned().unwrap_or_default();
        change(&mut scope);
        if scope.is_empty() {
            self.namespaced.remove(namespace);
        } else {
            self.namespaced.insert(namespace.into(), scope);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::inject::companion::selector::{Operator, Requirement, Selector};
    use crate::inject::companion::{Activation, CompanionKind};

    fn for_web_pods(name: &str) -> CatalogEntry {
        let operator = Operator::In([Box::from("web")].into());
        let pods = Selector([Requirement { key: "app".into(), operator }].into());
        CatalogEntry::Invalid(Arc::new(InvalidCompanion {
            name: name.into(),
            kind: CompanionKind::Companion,
            activation: Activation::OptedInNamespaces,
            required: false,
            selectors: Some((pods, Selector::default())),
        }))
    }

    #[test]
    fn a_review_visits_no_companion_of_another_namespace() {
        let namespaces = (0..1000).map(|i| Some(format!("ns-{i}").into()));
        let catalog = Catalog::new(namespaces.chain([None]).map(|namespace| (namespace, for_web_pods("audit"))));
        let visited = |namespace: &str, app: &str| {
            let labels = [("kubernetes.io/metadata.name", namespace)];
            let all = catalog.automatic(namespace, [("app", app)].into_iter(), std::iter::empty(), labels.into_iter());
            all.count()
        };
        assert_eq!((visited("ns-7", "web"), visited("other", "web"), visited("ns-7", "db")), (2, 1, 0));
    }
}
