//! All companions that a server knows, indexed so that a lookup takes the same time among one and among ten thousand.

use std::collections::HashMap;
use std::sync::Arc;

use super::selector::{Operator, Selector};
use super::{Activation, Companion, CompanionKind};

/// A companion of the catalog.
#[derive(Debug, Clone)]
pub enum CatalogEntry {
    /// The newest valid version.
    Valid(Arc<Companion>),
    /// The newest version is invalid, and no valid one is known.
    Invalid(InvalidCompanion),
}

/// The parts of an invalid companion that could be read.
#[derive(Debug, Clone)]
pub struct InvalidCompanion {
    /// `metadata.name`.
    pub name: Box<str>,
    /// The kind of its object.
    pub kind: CompanionKind,
    /// When it would be injected.
    pub activation: Activation,
    /// `spec.required`.
    pub required: bool,
    /// podSelector and namespaceSelector; `None` where they cannot be read: then the companion is not automatic for any Pod.
    /// A required companion always has selectors, which consist of the requirements that can be read: an unreadable
    /// requirement excludes no Pod.
    pub selectors: Option<(Selector, Selector)>,
}

/// The index. Built when companions change, never during a review.
#[derive(Debug, Default)]
pub struct Catalog {
    entries: Vec<CatalogEntry>,
    cluster: HashMap<Box<str>, u32>,
    namespaced: HashMap<Box<str>, HashMap<Box<str>, u32>>,
    automatic: Automatic,
}

/// The index of automatic companions: by one label that their Pods or namespaces must have.
#[derive(Debug, Default)]
struct Automatic {
    by_pod_label: Labels,
    by_namespace_label: Labels,
    anywhere: Vec<u32>,
}

type Labels = HashMap<Box<str>, HashMap<Box<str>, Vec<u32>>>;

impl CatalogEntry {
    /// The companion, if it is valid.
    #[must_use]
    pub fn valid(&self) -> Option<&Companion> {
        match self {
            CatalogEntry::Valid(companion) => Some(companion),
            CatalogEntry::Invalid(_) => None,
        }
    }

    /// `metadata.name`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            CatalogEntry::Valid(c) => &c.name,
            CatalogEntry::Invalid(b) => &b.name,
        }
    }

    /// The kind of its object.
    #[must_use]
    pub fn kind(&self) -> CompanionKind {
        match self {
            CatalogEntry::Valid(c) => c.kind,
            CatalogEntry::Invalid(b) => b.kind,
        }
    }

    /// `spec.required`.
    #[must_use]
    pub fn required(&self) -> bool {
        match self {
            CatalogEntry::Valid(c) => c.required,
            CatalogEntry::Invalid(b) => b.required,
        }
    }

    /// `spec.activation`.
    #[must_use]
    pub fn activation(&self) -> Activation {
        match self {
            CatalogEntry::Valid(c) => c.activation,
            CatalogEntry::Invalid(b) => b.activation,
        }
    }

    /// podSelector and namespaceSelector.
    #[must_use]
    pub fn selectors(&self) -> Option<(&Selector, &Selector)> {
        match self {
            CatalogEntry::Valid(c) => Some((&c.pod_selector, &c.namespace_selector)),
            CatalogEntry::Invalid(b) => b.selectors.as_ref().map(|(pod, namespace)| (pod, namespace)),
        }
    }
}

impl Catalog {
    /// Indexes companions: `None` for a `ClusterCompanion`, else the namespace of a `Companion`. Of two with the same name in
    /// the same place the later one replaces the earlier one.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = (Option<Box<str>>, CatalogEntry)>) -> Self {
        let mut catalog = Catalog::default();
        for (namespace, entry) in entries {
            let index = u32::try_from(catalog.entries.len()).expect("fewer than 2^32 companions");
            match &namespace {
                None => catalog.cluster.insert(entry.name().into(), index),
                Some(namespace) => {
                    let names = catalog.namespaced.entry(namespace.clone()).or_default();
                    names.insert(entry.name().into(), index)
                }
            };
            if entry.activation() != Activation::OnRequest {
                catalog.automatic.insert(index, namespace.as_deref(), &entry);
            }
            catalog.entries.push(entry);
        }
        catalog
    }

    /// The companion with a name in a namespace. A `Companion` replaces a `ClusterCompanion` of its name completely, but not
    /// a required one.
    #[must_use]
    pub fn resolve(&self, namespace: &str, name: &str) -> Option<&CatalogEntry> {
        let cluster = self.cluster.get(name).map(|i| &self.entries[*i as usize]);
        if let Some(required) = cluster.filter(|e| e.required()) {
            return Some(required);
        }
        let own = self.namespaced.get(namespace).and_then(|names| names.get(name));
        own.map(|i| &self.entries[*i as usize]).or(cluster)
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
        let by = |index: &'c Labels, (key, value): (&str, &str)| {
            index.get(key).and_then(|values| values.get(value)).map_or(&[][..], Vec::as_slice)
        };
        let pod = pod_labels.flat_map(move |l| by(&self.automatic.by_pod_label, l));
        let namespace = namespace_labels.flat_map(move |l| by(&self.automatic.by_namespace_label, l));
        let any_value =
            |key: &str| self.automatic.by_pod_label.get(key).into_iter().flat_map(HashMap::values).flatten();
        let unknown = unknown.flat_map(any_value);
        pod.chain(unknown).chain(namespace).chain(&self.automatic.anywhere).map(|i| &self.entries[*i as usize])
    }

    /// The names of the companions of a namespace.
    pub fn names<'c>(&'c self, namespace: &str) -> impl Iterator<Item = &'c str> + 'c {
        let own = self.namespaced.get(namespace).into_iter().flat_map(HashMap::keys);
        self.cluster.keys().chain(own).map(|name| &**name)
    }

    /// All entries, in no particular order.
    pub fn entries(&self) -> impl Iterator<Item = &CatalogEntry> {
        let namespaced = self.namespaced.values().flat_map(HashMap::values);
        self.cluster.values().chain(namespaced).map(|i| &self.entries[*i as usize])
    }

    /// The number of companions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cluster.len() + self.namespaced.values().map(HashMap::len).sum::<usize>()
    }

    /// Whether the catalog is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Automatic {
    fn insert(&mut self, index: u32, namespace: Option<&str>, entry: &CatalogEntry) {
        let Some((pod, namespaces)) = entry.selectors() else { return };
        if let Some((key, values)) = anchor(pod) {
            insert_all(&mut self.by_pod_label, key, values.iter().map(|v| &**v), index);
        } else if let Some(namespace) = namespace {
            insert_all(&mut self.by_namespace_label, crate::inject::keys::NAMESPACE_NAME, [namespace], index);
        } else if let Some((key, values)) = anchor(namespaces) {
            insert_all(&mut self.by_namespace_label, key, values.iter().map(|v| &**v), index);
        } else {
            self.anywhere.push(index);
        }
    }
}

fn insert_all<'v>(labels: &mut Labels, key: &str, values: impl IntoIterator<Item = &'v str>, index: u32) {
    for value in values {
        labels.entry(key.into()).or_default().entry(value.into()).or_default().push(index);
    }
}

/// A label that everything selected must have, with its possible values.
fn anchor(selector: &Selector) -> Option<(&str, &[Box<str>])> {
    selector.0.iter().find_map(|r| match &r.operator {
        Operator::In(values) => Some((&*r.key, &**values)),
        _ => None,
    })
}
