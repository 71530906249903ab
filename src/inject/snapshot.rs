//! Everything that a review needs besides the Pod.

use std::sync::Arc;

use super::companion::catalog::Catalog;
use super::request::namespace::Namespaces;
use super::verdict::reason::Stale;
use crate::webhook::{Configuration, ConfigurationSet};

/// All companions and namespaces that a server knows at one time, and its settings. It is replaced as a whole.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// All companions, valid or not.
    pub companions: Catalog,
    /// All namespaces.
    pub namespaces: Namespaces,
    /// The settings of the installation.
    pub settings: Settings,
    /// Whether there may be newer companions and namespaces, because a watch fails.
    pub stale: Option<Stale>,
}

/// The settings of an installation.
#[derive(Debug, Clone)]
pub struct Settings {
    /// podgraft's own namespace, whose Pods are excluded.
    pub own_namespace: Option<Box<str>>,
    /// Further namespaces that the webhooks leave out: API servers send no Pods of them, so a change of a companion has no effect on
    /// them. A review does not read them: while they change, API servers and replicas have different ones for a moment.
    pub excluded_namespaces: Arc<[Box<str>]>,
    /// Whether required companions are enabled.
    pub required: bool,
    /// Whether API servers report keys of podgraft on objects that are no Pods, by the chart's policies of hints: then the preview
    /// does not report them as well.
    pub hints: bool,
    /// The first part of the names of the installation's webhook configurations.
    pub installation: Arc<str>,
    /// The webhook configurations that do not exist, so that API servers do not send the Pods that they would select.
    pub missing: ConfigurationSet,
}

impl Settings {
    /// Whether a namespace is one of the further ones that the webhooks leave out.
    #[must_use]
    pub fn leaves_out(&self, namespace: &str) -> bool {
        self.excluded_namespaces.iter().any(|excluded| **excluded == *namespace)
    }
}

impl Default for Settings {
    /// The settings of offline commands: every webhook counts as registered.
    fn default() -> Self {
        Settings {
            own_namespace: None,
            excluded_namespaces: Arc::default(),
            required: true,
            hints: false,
            installation: "podgraft".into(),
            missing: ConfigurationSet::default(),
        }
    }
}

/// A webhook that the API server calls. Which one it called shows which labels the namespace has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Webhook {
    /// Pods that have annotations or labels of podgraft.
    Requested,
    /// Other Pods of namespaces that are opted in.
    OptedIn,
    /// All other Pods.
    ClusterWide,
}

impl Webhook {
    /// The webhook configuration of the chart.
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
