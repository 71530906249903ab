//! The policies of required companions, between what the sources know and what reviews are told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use kube::Client;

use super::background::{Background, Task};
use super::cluster::Cluster;
use super::duration;
use crate::http::Check;
use crate::inject::catalogue::Listed;
use crate::metrics::Metrics;
use crate::policies::object::Installation;
use crate::policies::{self, Keeper};
use crate::source::history::Version;
use crate::source::key::Key;
use crate::source::known::Known;

/// How the policies of required companions are kept.
#[derive(Debug, Args)]
pub(super) struct Policies {
    /// How long a policy and what is injected wait for one another when a required companion comes, changes or goes
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_POLICY_PAUSE", default_value = "5s", value_parser = duration::above_zero)]
    policy_pause: Duration,
}

/// The policies of the required companions of a cluster.
pub(super) struct Kept {
    keeper: Keeper,
    metrics: Arc<Metrics>,
}

impl Policies {
    /// Starts to keep them. Where required companions are off, what was kept before goes, and nothing is kept.
    pub(super) fn keep(
        &self,
        client: &Client,
        cluster: &Cluster,
        required: bool,
        metrics: &Arc<Metrics>,
        background: &mut Background,
    ) -> Option<Kept> {
        let namespace = cluster.namespace.as_deref().map(Box::from);
        let installation = Installation { name: cluster.name.as_str().into(), namespace };
        if !required {
            let client = client.clone();
            background.write(Task::PolicyWriter, move || policies::clear(client.clone(), installation.clone()));
            return None;
        }
        let (keeper, tasks) = Keeper::start(client, installation, self.policy_pause);
        background.run(Task::PolicyWatch, tasks.watching);
        background.write(Task::PolicyWriter, tasks.writing);
        Some(Kept { keeper, metrics: Arc::clone(metrics) })
    }
}

impl Kept {
    /// What /readyz says of them: not ready before they accept what is injected, and ready ever after.
    pub(super) fn check(&self) -> Check {
        let state = self.keeper.state();
        let message =
            "waiting to hear which policies of required companions stand, and whether they accept what is injected";
        Check::new("policies", move || if state.borrow().ready { Ok(()) } else { Err(message.into()) })
    }

    /// Waits until it is known what stands.
    pub(super) async fn heard(&self) {
        self.keeper.heard().await;
    }

    /// Waits until something else may be to be done.
    pub(super) async fn changed(&mut self) {
        self.keeper.changed().await;
    }

    /// Puts the versions that the policies let be injected in the place of those that are known.
    pub(super) fn settle(&mut self, known: &mut Known) {
        let cluster_wide = known.companions.iter().filter(|(key, _)| key.namespace.is_none());
        let needed: BTreeMap<Box<str>, policies::Known> =
            cluster_wide.filter_map(|(key, version)| Some((key.name.clone(), self::known(version)?))).collect();
        let choice = self.keeper.step(&needed);
        self.metrics.policies_not_in_step(self.keeper.state().borrow().not_in_step);
        for (name, companion) in choice {
            let version = Version { listed: Listed::Good(companion), object: None };
            known.companions.insert(Key { namespace: None, name }, version);
        }
    }
}

/// What the policies have to know of a companion; `None` where it is nothing.
fn known(version: &Version) -> Option<policies::Known> {
    match (&version.listed, &version.object) {
        (Listed::Good(companion), Some(object)) if companion.required => {
            Some(policies::Known::Required(policies::Version::new(Arc::clone(companion), Arc::clone(object))))
        }
        (Listed::Broken(_), _) => Some(policies::Known::Broken),
        _ => None,
    }
}
