//! Keeps the policies of required companions between the sources and the snapshot that reviews use.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::Client;

use super::background::{Background, Task};
use super::config::Config;
use super::metrics::ServerMetrics;
use crate::http::HealthCheck;
use crate::inject::companion::catalog::CatalogEntry;
use crate::policies;
use crate::policies::Reconciler;
use crate::policies::objects::Installation;
use crate::source::effective::Effective;
use crate::source::key::CompanionKey;
use crate::source::revision::Revision;

/// The policies of the required companions of a cluster.
pub(super) struct PolicyReconciler {
    keeper: Reconciler,
    metrics: Arc<ServerMetrics>,
}

impl PolicyReconciler {
    /// Starts to reconcile the policies. Where required companions are disabled, it deletes the policies of an earlier
    /// configuration and returns `None`.
    pub(super) fn start(
        config: &Config,
        client: &Client,
        metrics: &Arc<ServerMetrics>,
        background: &mut Background,
    ) -> Option<Self> {
        let namespace = config.cluster.namespace.as_deref().map(Box::from);
        let installation = Installation { name: config.cluster.name.as_str().into(), namespace };
        if !config.required_companions {
            let client = client.clone();
            background.write(Task::PolicyWriter, move || policies::clear(client.clone(), installation.clone()));
            return None;
        }
        let (keeper, tasks) = Reconciler::start(client, installation, config.policy_pause);
        background.run(Task::PolicyWatch, tasks.watching);
        background.write(Task::PolicyWriter, tasks.writing);
        Some(PolicyReconciler { keeper, metrics: Arc::clone(metrics) })
    }

    /// The check of /readyz: it passes once the policies accept the injected containers.
    pub(super) fn check(&self) -> HealthCheck {
        let state = self.keeper.state();
        let message = "waiting until the policies of required companions exist and accept the injected containers";
        HealthCheck::new("policies", move || if state.borrow().ready { Ok(()) } else { Err(message.into()) })
    }

    /// Waits until the existing policies are known.
    pub(super) async fn wait_until_synced(&self) {
        self.keeper.wait_until_synced().await;
    }

    /// Waits until [`PolicyReconciler::settle`] may have a different result.
    pub(super) async fn changed(&mut self) {
        self.keeper.changed().await;
    }

    /// Replaces each required companion by the version that its policy accepts.
    pub(super) fn settle(&mut self, known: &mut Effective) {
        let cluster_wide = known.companions.iter().filter(|(key, _)| key.namespace.is_none());
        let needed: BTreeMap<Box<str>, policies::KnownCompanion> = cluster_wide
            .filter_map(|(key, version)| {
                Some((key.name.clone(), policies::KnownCompanion::new(&version.listed, version.object.as_ref())?))
            })
            .collect();
        let choice = self.keeper.reconcile(&needed);
        self.metrics.policies.record(*self.keeper.state().borrow());
        for (name, companion) in choice {
            let version = Revision { listed: CatalogEntry::Valid(companion), object: None };
            known.companions.insert(CompanionKey { namespace: None, name }, version);
        }
    }
}
