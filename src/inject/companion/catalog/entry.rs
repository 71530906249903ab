//! A companion of the catalog, valid or not.

use std::sync::Arc;

use crate::inject::companion::selector::Selector;
use crate::inject::companion::{Activation, Companion, CompanionKind};
use crate::webhook::{Configuration, ConfigurationSet};

/// A companion of the catalog.
#[derive(Debug, Clone)]
pub enum CatalogEntry {
    /// The newest valid version.
    Valid(Arc<Companion>),
    /// The newest version is invalid, and no valid one is known.
    Invalid(Arc<InvalidCompanion>),
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

    /// The webhook configurations that send the Pods that the companion is meant for.
    #[must_use]
    pub fn webhooks(&self) -> ConfigurationSet {
        use Configuration::{ClusterWide, OptedIn, OptedOut, Requested};
        match self.activation() {
            _ if self.required() => ConfigurationSet::of(&[Requested, OptedIn, ClusterWide, OptedOut]),
            Activation::OnRequest => ConfigurationSet::of(&[Requested]),
            Activation::OptedInNamespaces => ConfigurationSet::of(&[Requested, OptedIn]),
            Activation::ClusterWide => ConfigurationSet::of(&[Requested, OptedIn, ClusterWide]),
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

    /// Whether another entry is this one: the same allocation, and not one that is equal.
    #[must_use]
    pub fn is_same_as(&self, other: &CatalogEntry) -> bool {
        match (self, other) {
            (CatalogEntry::Valid(one), CatalogEntry::Valid(other)) => Arc::ptr_eq(one, other),
            (CatalogEntry::Invalid(one), CatalogEntry::Invalid(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}
