//! Everything that a review needs besides the Pod: one immutable snapshot.

use super::catalogue::Catalogue;
use super::namespace::Namespaces;

/// One snapshot of all that is known. Replaced as a whole, never changed.
#[derive(Debug, Default)]
pub struct World {
    /// The companions.
    pub companions: Catalogue,
    /// The namespaces.
    pub namespaces: Namespaces,
    /// How this installation was set up.
    pub settings: Settings,
}

/// How this installation was set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// podgraft's own namespace, whose Pods are left alone.
    pub own_namespace: Option<Box<str>>,
    /// Whether required companions are switched on.
    pub required: bool,
}

impl Default for Settings {
    /// As offline: every entry counts as registered.
    fn default() -> Self {
        Settings { own_namespace: None, required: true }
    }
}

/// The webhook entry by which the API server called: what it matched is evidence of what the namespace says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Pods that say something themselves.
    Requested,
    /// Other Pods of opted-in namespaces.
    OptedIn,
    /// The rest.
    ClusterWide,
}

impl Entry {
    /// All of them.
    pub const ALL: [Entry; 3] = [Entry::Requested, Entry::OptedIn, Entry::ClusterWide];

    /// Its stable name, which is also the last part of its path.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Entry::Requested => "requested",
            Entry::OptedIn => "opted-in",
            Entry::ClusterWide => "cluster-wide",
        }
    }
}
