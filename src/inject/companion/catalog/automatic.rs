//! The index of automatic companions: by one label that their Pods or namespaces must have.

use super::entry::CatalogEntry;
use crate::inject::companion::Activation;
use crate::inject::companion::selector::{Operator, Selector};
use crate::shared_map::SharedMap;

/// Automatic companions by a label that everything they select must have.
#[derive(Debug, Default, Clone)]
pub(super) struct Automatic {
    by_pod_label: Labels,
    by_namespace_label: Labels,
    anywhere: Companions,
}

/// Companions by the key of a label and its value.
type Labels = SharedMap<Box<str>, SharedMap<Box<str>, Companions>>;
/// Companions by name.
type Companions = SharedMap<Box<str>, CatalogEntry>;

/// The part of the index that an entry belongs to.
enum Part<'e> {
    /// For Pods with one of some values of a label.
    PodLabel(&'e str, Vec<&'e str>),
    /// For namespaces with one of some values of a label.
    NamespaceLabel(&'e str, Vec<&'e str>),
    Anywhere,
}

impl Automatic {
    /// Adds a companion where it is automatic.
    pub(super) fn insert(&mut self, entry: &CatalogEntry) {
        self.change(entry, |companions| companions.insert(entry.name().into(), entry.clone()));
    }

    /// Removes a companion that was added with the same entry.
    pub(super) fn remove(&mut self, entry: &CatalogEntry) {
        self.change(entry, |companions| _ = companions.remove(entry.name()));
    }

    /// The companions that may be automatic for these labels; see `Catalog::automatic`.
    pub(super) fn of<'c, 'p: 'c, 'n: 'c>(
        &'c self,
        pod_labels: impl Iterator<Item = (&'p str, &'p str)> + 'c,
        unknown: impl Iterator<Item = &'p str> + 'c,
        namespace_labels: impl Iterator<Item = (&'n str, &'n str)> + 'c,
    ) -> impl Iterator<Item = &'c CatalogEntry> + 'c {
        let by = |labels: &'c Labels, (key, value): (&str, &str)| {
            labels.get(key).and_then(|values| values.get(value)).into_iter().flat_map(SharedMap::values)
        };
        let any_value = |key: &str| {
            let values = self.by_pod_label.get(key).into_iter().flat_map(SharedMap::values);
            values.flat_map(SharedMap::values)
        };
        // Without an index the labels need not even be visited.
        let most = |labels: &Labels| if labels.is_empty() { 0 } else { usize::MAX };
        let pod_labels = pod_labels.take(most(&self.by_pod_label));
        let namespace_labels = namespace_labels.take(most(&self.by_namespace_label));
        let pod = pod_labels.flat_map(move |label| by(&self.by_pod_label, label));
        let namespace = namespace_labels.flat_map(move |label| by(&self.by_namespace_label, label));
        pod.chain(unknown.flat_map(any_value)).chain(namespace).chain(self.anywhere.values())
    }

    fn change(&mut self, entry: &CatalogEntry, change: impl Fn(&mut Companions)) {
        match part(entry) {
            None => {}
            Some(Part::PodLabel(key, values)) => change_label(&mut self.by_pod_label, key, &values, change),
            Some(Part::NamespaceLabel(key, values)) => change_label(&mut self.by_namespace_label, key, &values, change),
            Some(Part::Anywhere) => change(&mut self.anywhere),
        }
    }
}

/// `None` where the companion is not automatic.
fn part(entry: &CatalogEntry) -> Option<Part<'_>> {
    if entry.activation() == Activation::OnRequest {
        return None;
    }
    let (pod, namespaces) = entry.selectors()?;
    Some(if let Some((key, values)) = common_label(pod) {
        Part::PodLabel(key, values)
    } else if let Some((key, values)) = common_label(namespaces) {
        Part::NamespaceLabel(key, values)
    } else {
        Part::Anywhere
    })
}

/// A label that everything selected must have, with its possible values.
fn common_label(selector: &Selector) -> Option<(&str, Vec<&str>)> {
    selector.0.iter().find_map(|requirement| match &requirement.operator {
        Operator::In(values) => Some((&*requirement.key, values.iter().map(|value| &**value).collect())),
        _ => None,
    })
}

fn change_label(labels: &mut Labels, key: &str, values: &[&str], change: impl Fn(&mut Companions)) {
    let mut of_key = labels.get(key).cloned().unwrap_or_default();
    for value in values {
        let mut companions = of_key.get(*value).cloned().unwrap_or_default();
        change(&mut companions);
        if companions.is_empty() {
            of_key.remove(*value);
        } else {
            of_key.insert((*value).into(), companions);
        }
    }
    if of_key.is_empty() {
        labels.remove(key);
    } else {
        labels.insert(key.into(), of_key);
    }
}
