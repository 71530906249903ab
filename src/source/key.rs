//! The identity of a companion.

use std::fmt;

/// The kind, namespace and name of a companion.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CompanionKey {
    /// The namespace of a `Companion`; `None` for a `ClusterCompanion`.
    pub namespace: Option<Box<str>>,
    /// `metadata.name`.
    pub name: Box<str>,
}

impl fmt::Display for CompanionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            None => write!(f, "ClusterCompanion {}", self.name),
            Some(namespace) => write!(f, "Companion {namespace}/{}", self.name),
        }
    }
}
