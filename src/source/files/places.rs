//! Where companions, and the parts of them that messages refer to, are in their manifests.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::manifest::Position;
use crate::source::key::CompanionKey;

/// A part of a companion's manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompanionPart {
    /// The first field with an error.
    FirstError,
    /// `spec.podSelector`.
    PodSelector,
    /// `spec.namespaceSelector`.
    NamespaceSelector,
}

/// The positions of the parts of one companion; `None` for a part that it does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::source) struct PartPositions {
    pub(in crate::source) first_error: Option<Position>,
    pub(in crate::source) pod_selector: Option<Position>,
    pub(in crate::source) namespace_selector: Option<Position>,
}

/// Where the companions of some manifests are declared. Companions of a cluster have no place.
#[derive(Debug, Clone, Default)]
pub struct CompanionPlaces(pub(in crate::source) BTreeMap<CompanionKey, (PathBuf, PartPositions)>);

impl CompanionPlaces {
    /// The place of a part, as `file:line:column`. `namespace` is that of a `Companion`, and `None` for a `ClusterCompanion`.
    #[must_use]
    pub fn of(&self, namespace: Option<&str>, name: &str, part: CompanionPart) -> Option<String> {
        let key = CompanionKey { namespace: namespace.map(Into::into), name: name.into() };
        let (file, positions) = self.0.get(&key)?;
        let Position { line, column } = match part {
            CompanionPart::FirstError => positions.first_error,
            CompanionPart::PodSelector => positions.pod_selector,
            CompanionPart::NamespaceSelector => positions.namespace_selector,
        }?;
        Some(format!("{}:{line}:{column}", file.display()))
    }
}
