//! Everything that a review needs besides the Pod: one immutable snapshot.

use super::companion::catalog::Catalog;
use super::request::namespace::Namespaces;

/// One snapshot of all that is known. Replaced as a whole, never changed.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The companions.
    pub companions: Catalog,
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
    /// As offline: every webhook counts as registered.
    fn default() -> Self {
        Settings { own_namespace: None, required: true }
    }
}

/// The webhook by which the API server called: what it matched is evidence of what the namespace says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Webhook {
    /// Pods that say something themselves.
    Requested,
    /// Other Pods of opted-in namespaces.
    OptedIn,
    /// The rest.
    ClusterWide,
}

impl Webhook {
    /// All of them.
    pub const ALL: [Webhook; 3] = [Webhook::Requested, Webhook::OptedIn, Webhook::ClusterWide];

    /// Its stable name, which is also the last part of its path.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Webhook::Requested => "requested",
            Webhook::OptedIn => "opted-in",
            Webhook::ClusterWide => "cluster-wide",
        }
    }
}
