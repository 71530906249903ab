//! What a set of manifests declares.

use super::key::CompanionKey;
use super::revision::Revision;
use crate::inject::request::namespace::NamespacesByName;
use crate::shared_map::SharedMap;

/// What a set of manifests declares.
#[derive(Debug, Clone, Default)]
pub struct Declarations {
    /// The companions.
    pub companions: SharedMap<CompanionKey, Revision>,
    /// The Namespaces.
    pub namespaces: NamespacesByName,
}
