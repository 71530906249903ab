//! Whether a companion's selectors match a Pod and its namespace.

use crate::inject::companion::CompanionKind;
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::companion::selector::{Selection, Unmet};
use crate::inject::pod::Pod;
use crate::inject::request::pod_namespace::PodNamespace;

/// Whether a companion is offered to the Pod's namespace. A companion whose selectors cannot be read is offered to none.
pub(in crate::inject) fn is_offered(entry: &CatalogEntry, namespace: PodNamespace<'_>) -> bool {
    let selected = || entry.selectors().is_some_and(|(_, namespaces)| namespaces.matches(|key| namespace.label(key)));
    // A `Companion` is found in its own namespace only, and has no namespaceSelector.
    entry.kind() == CompanionKind::Companion || selected()
}

/// Whether a companion's selectors match a Pod. Selectors that cannot be read match every Pod.
pub(in crate::inject) fn selection<'e>(
    entry: &'e CatalogEntry,
    pod: &Pod<'_>,
    namespace: PodNamespace<'_>,
) -> Selection<'e> {
    if !is_offered(entry, namespace) {
        return Selection::Excluded;
    }
    entry.selectors().map_or(Selection::Selected, |(pods, _)| pods.selection(|key| pod.label_value(key)))
}

/// The first requirement of a companion's `podSelector` that a Pod does not meet.
pub(in crate::inject) fn unmet(entry: &CatalogEntry, pod: &Pod<'_>) -> Option<Unmet> {
    entry.selectors()?.0.unmet(|key| pod.label_value(key))
}
