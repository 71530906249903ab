//! A certificate that podgraft issues itself: the replicas share it in one Secret, rotate it, and write its CA into the
//! `caBundle` of the webhook configurations.
//!
//! ```text
//! watches -> View -> Replica --> Action: read or write the Secret (compare and swap), serve a pair,
//!              ^                 |       patch a webhook configuration (JSON patch of what was observed), idle
//!              '---- outcome ----'
//! ```
//!
//! All replicas do the same, and none is the leader: of several that write at once the API server accepts the first, and
//! the others read again. `driver` carries the actions out; everything else has no I/O, and `simulation` carries the same
//! actions out against a model of the API server, in any order.

mod action;
mod driver;
mod memory;
mod moment;
mod pacing;
mod policy;
mod replica;
mod rotate;
mod secret;
#[cfg(test)]
mod simulation;
mod state;
mod view;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use kube::Client;

use super::metrics::Metrics;
use super::serving::Serving;
use driver::Driver;
use driver::cluster::ClusterClient;
pub use memory::SharedMemory;
use policy::RotationPolicy;
use replica::Replica;
pub use secret::HelmRelease;
use secret::SecretTemplate;
use view::View;

/// What is issued, and where it is kept.
#[derive(Debug, Clone)]
pub struct SharedCertificate {
    /// The namespace of Secret and Service.
    pub namespace: String,
    /// The name of the Secret.
    pub secret: String,
    /// The name of the Service, and the prefix of the names of the webhook configurations.
    pub installation: String,
    /// The Helm release that the Secret belongs to, if it does.
    pub release: Option<HelmRelease>,
    /// How long a pair is valid.
    pub lifetime: Duration,
    /// How long a CA is valid.
    pub ca_lifetime: Duration,
    /// How long a CA is in every `caBundle` before it signs. Less than a third of `ca_lifetime`.
    pub ca_pause: Duration,
}

impl SharedCertificate {
    /// Keeps the Secret, every `caBundle` and the served pair up to date, for as long as the future is polled.
    ///
    /// `memory` outlives the future: another one that replaces it continues with the pair that is being served. The replica
    /// acts when a watch reports something, and at least every `poll_interval`. `on_new_pair` is called after each change
    /// of the served pair.
    pub async fn keep(
        self,
        client: Client,
        serving: Arc<Serving>,
        memory: SharedMemory,
        poll_interval: Duration,
        metrics: Metrics,
        on_new_pair: impl FnMut() + Send,
    ) {
        let cluster = ClusterClient::new(&client, &self.namespace, &self.secret, &self.installation);
        let template = SecretTemplate::new(self.release.as_ref());
        let replica = Replica::new(View::new(self.policy(), template, memory));
        let described = format!("{}/{}", self.namespace, self.secret);
        Driver::new(replica, cluster, described, serving, metrics, on_new_pair).run(poll_interval).await;
    }

    fn policy(&self) -> RotationPolicy {
        let (name, namespace) = (&self.installation, &self.namespace);
        let names = vec![
            format!("{name}.{namespace}.svc"),
            format!("{name}.{namespace}.svc.cluster.local"),
            format!("{name}.{namespace}"),
            name.clone(),
        ];
        let (pair_lifetime, ca_lifetime, ca_pause) = (self.lifetime, self.ca_lifetime, self.ca_pause);
        RotationPolicy { names, pair_lifetime, ca_lifetime, ca_pause }
    }
}
