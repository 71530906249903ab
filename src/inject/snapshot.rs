//! Everything that a review needs besides the Pod: one immutable snapshot.

use super::companion::catalog::Catalog;
use super::request::namespace::Namespaces;
use crate::webhook::Configuration;

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

/// The webhook through which an API server called. It matched the Pod and its namespace, so it is evidence of their labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Webhook {
    /// Pods with a key of podgraft.
    Requested,
    /// Other Pods of namespaces that are opted in.
    OptedIn,
    /// All other Pods.
    ClusterWide,
}

impl Webhook {
    /// All of them.
    pub const ALL: [Webhook; 3] = [Webhook::Requested, Webhook::OptedIn, Webhook::ClusterWide];

    /// The configuration whose path was called.
    #[must_use]
    pub const fn configuration(self) -> Configuration {
        match self {
            Webhook::Requested => Configuration::Requested,
            Webhook::OptedIn => Configuration::OptedIn,
            Webhook::ClusterWide => Configuration::ClusterWide,
        }
    }

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.configuration().as_str()
    }
}
