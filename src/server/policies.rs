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
use crate::policies::objects::Installation;
use crate::policies::{KnownCompanion, Reconciler};
use crate::source::effective::{Effective, SourceChanges};
use crate::source::key::CompanionKey;
use crate::source::revision::Revision;

/// The policies of the required companions of a cluster.
pub(super) struct PolicyReconciler {
    keeper: Reconciler,
    metrics: Arc<ServerMetrics>,
    /// The ClusterCompanions that are required or invalid, by name.
    needed: BTreeMap<Box<str>, Needed>,
    /// Whether something has changed since the last choice that was published. It stays set if a panic prevents that: the
    /// choice is part of what is published, and would be lost.
    due: bool,
}

/// A companion that policies have to know.
struct Needed {
    version: Revision,
    companion: KnownCompanion,
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
        let excluded_namespaces = config.cluster.excluded_namespaces.iter().map(|name| name.as_str().into()).collect();
        let installation = Installation { name: config.cluster.name.as_str().into(), namespace, excluded_namespaces };
        if !config.required_companions {
            let client = client.clone();
            background.write(Task::PolicyWriter, move || policies::clear(client.clone(), installation.clone()));
            return None;
        }
        let (keeper, tasks) = Reconciler::start(client, installation, config.policy_pause);
        background.run(Task::PolicyWatch, tasks.watching);
        background.write(Task::PolicyWriter, tasks.writing);
        Some(PolicyReconciler { keeper, metrics: Arc::clone(metrics), needed: BTreeMap::new(), due: true })
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

    /// Waits until [`PolicyReconciler::settle`] may have a different result, although no companion has changed.
    pub(super) async fn changed(&mut self) {
        self.keeper.changed().await;
        self.due = true;
    }

    /// Replaces each required companion by the version that its policy accepts. Policies are reconciled only where they, a
    /// required companion or an invalid one has changed.
    pub(super) fn settle(&mut self, known: &mut Effective, changes: &mut SourceChanges) {
        for key in changes.keys().into_iter().filter(|key| key.namespace.is_none()) {
            self.due |= self.replace(&key, known.declared(&key));
        }
        self.due |= self.keeper.is_due();
        if !self.due {
            return;
        }
        let needed = self.needed.iter().map(|(name, needed)| (name.clone(), needed.companion.clone())).collect();
        let choice = self.keeper.reconcile(&needed);
        self.metrics.policies.record(*self.keeper.state().borrow());
        let version = |companion| Revision { listed: CatalogEntry::Valid(companion), object: None };
        known.pin(choice.into_iter().map(|(name, companion)| (name, version(companion))).collect(), changes);
    }

    /// Records that what [`PolicyReconciler::settle`] has chosen is published.
    pub(super) fn published(&mut self) {
        self.due = false;
    }

    /// Remembers the declared version of a ClusterCompanion, if policies need it. Returns whether that is a difference.
    fn replace(&mut self, key: &CompanionKey, version: Option<&Revision>) -> bool {
        let before = self.needed.get(&key.name).map(|needed| &needed.version);
        if before.zip(version).is_some_and(|(before, now)| before.is_same_as(now)) {
            return false;
        }
        let existed = self.needed.remove(&key.name).is_some();
        let Some(version) = version else { return existed };
        let Some(companion) = KnownCompanion::new(&version.listed, version.object.as_ref()) else { return existed };
        self.needed.insert(key.name.clone(), Needed { version: version.clone(), companion });
        true
    }
}
