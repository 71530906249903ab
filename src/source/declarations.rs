//! What a set of manifests declares.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::key::CompanionKey;
use super::revision::Revision;
use crate::inject::request::namespace::Namespace;

/// Namespaces by name.
pub type NamespacesByName = BTreeMap<Box<str>, Arc<Namespace>>;

/// What a set of manifests declares.
#[derive(Debug, Clone, Default)]
pub struct Declarations {
    /// The companions.
    pub companions: BTreeMap<CompanionKey, Revision>,
    /// The Namespaces.
    pub namespaces: Arc<NamespacesByName>,
}
