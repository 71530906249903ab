//! The policies of required companions, between what the sources know and what reviews are told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use kube::Client;

use super::supervisor::{Background, Task};
use crate::cli::server::serve::cluster::ClusterFlags;
use crate::cli::server::serve::duration;
use crate::http::HealthCheck;
use crate::inject::companion::catalog::CatalogEntry;
use crate::metrics::Metrics;
use crate::policies;
use crate::policies::Reconciler;
use crate::policies::objects::Installation;
use crate::source::effective::Effective;
use crate::source::key::CompanionKey;
use crate::source::revision::Revision;

/// How the policies of required companions are kept.
#[derive(Debug, Args)]
pub(crate) struct PolicyFlags {
    /// How long a policy and what is injected wait for one another when a required companion comes, changes or goes
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_POLICY_PAUSE", default_value = "5s", value_parser = duration::above_zero)]
    policy_pause: Duration,
}

/// The policies of the required companions of a cluster.
pub(crate) struct PolicyReconciler {
    keeper: Reconciler,
    metrics: Arc<Metrics>,
}

impl PolicyFlags {
    /// Starts to keep them. Where required companions are off, what was kept before goes, and nothing is kept.
    pub(crate) fn keep(
        &self,
        client: &Client,
        cluster: &ClusterFlags,
        required: bool,
        metrics: &Arc<Metrics>,
        background: &mut Background,
    ) -> Option<PolicyReconciler> {
        let namespace = cluster.namespace.as_deref().map(Box::from);
        let installation = Installation { name: cluster.name.as_str().into(), namespace };
        if !required {
            let client = client.clone();
            background.write(Task::PolicyWriter, move || policies::clear(client.clone(), installation.clone()));
            return None;
        }
        let (keeper, tasks) = Reconciler::start(client, installation, self.policy_pause);
        background.run(Task::PolicyWatch, tasks.watching);
        background.write(Task::PolicyWriter, tasks.writing);
        Some(PolicyReconciler { keeper, metrics: Arc::clone(metrics) })
    }
}

impl PolicyReconciler {
    /// What /readyz says of them: not ready before they accept what is injected, and ready ever after.
    pub(crate) fn check(&self) -> HealthCheck {
        let state = self.keeper.state();
        let message =
            "waiting to hear which policies of required companions stand, and whether they accept what is injected";
        HealthCheck::new("policies", move || if state.borrow().ready { Ok(()) } else { Err(message.into()) })
    }

    /// Waits until it is known what stands.
    pub(crate) async fn wait_until_synced(&self) {
        self.keeper.wait_until_synced().await;
    }

    /// Waits until something else may be to be done.
    pub(crate) async fn changed(&mut self) {
        self.keeper.changed().await;
    }

    /// Puts the versions that the policies let be injected in the place of those that are known.
    pub(crate) fn settle(&mut self, known: &mut Effective) {
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
