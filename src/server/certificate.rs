//! Follows the serving certificate, from files or from the Secret that the replicas share.

mod registrations;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use kube::Client;
use tokio::sync::{Notify, watch};

use super::background::{Background, Task};
use super::cluster;
use super::config::{CertificateSource, Config};
use super::metrics::{Reloadable, ServerMetrics};
use crate::tls::{CertificateFiles, Reload, Serving, SharedCertificate, SharedMemory};
use crate::webhook::Registrations;

/// What follows the certificate of a server.
pub(super) struct CertificateFollower<'a> {
    pub(super) config: &'a Config,
    /// `None` where no cluster is watched.
    pub(super) client: Option<Client>,
    pub(super) serving: &'a Arc<Serving>,
    pub(super) metrics: &'a Arc<ServerMetrics>,
    /// Receives which webhook configurations exist. A certificate that is managed here has to watch them in any case.
    pub(super) registrations: watch::Sender<Registrations>,
}

/// Waits until there is a serving certificate, and follows it from then on.
///
/// # Errors
/// The files cannot be used, or there is no configuration of the cluster. An API server that cannot be reached is waited
/// for.
pub(super) async fn follow(follower: CertificateFollower<'_>, background: &mut Background) -> anyhow::Result<()> {
    match &follower.config.certificate {
        CertificateSource::Files(folder) => follow_files(folder, follower, background),
        CertificateSource::SelfManaged(shared) => keep(shared.clone(), follower, background).await,
    }
}

fn follow_files(folder: &Path, follower: CertificateFollower<'_>, background: &mut Background) -> anyhow::Result<()> {
    let CertificateFollower { config, client, serving, metrics, registrations } = follower;
    if let Some(client) = client {
        let installation = config.cluster.name.clone();
        background.run(Task::WebhookWatch, move || {
            registrations::follow(client.clone(), installation.clone(), registrations.clone())
        });
    }
    let files = CertificateFiles::open(folder, Arc::clone(serving))?;
    if let Some(expires) = serving.expires() {
        metrics.certificates.set_certificate_expiry(expires);
    }
    let metrics = Arc::clone(metrics);
    let record = move |reload| match reload {
        Reload::Replaced(expires) => {
            metrics.certificates.set_certificate_expiry(expires);
            metrics.reloaded(Reloadable::Certificate, true);
        }
        Reload::Kept(_) => metrics.reloaded(Reloadable::Certificate, false),
    };
    files.follow(config.poll_interval, record).context("cannot start the thread that follows the certificate")
}

async fn keep(
    shared: SharedCertificate,
    follower: CertificateFollower<'_>,
    background: &mut Background,
) -> anyhow::Result<()> {
    let CertificateFollower { config, serving, metrics, registrations, .. } = follower;
    let (client, interval) = (cluster::client().await?, config.poll_interval);
    metrics.certificates.begin_self_managed();
    tracing::info!(namespace = shared.namespace, secret = shared.secret, "waiting for a serving certificate");
    let available = Arc::new(Notify::new());
    let (serving, metrics, notify) = (Arc::clone(serving), Arc::clone(metrics), Arc::clone(&available));
    let memory = SharedMemory::new(registrations);
    background.write(Task::CertificateRotation, move || {
        let on_new_pair = count_reloads(Arc::clone(&metrics), Arc::clone(&notify), serving.expires().is_none());
        let (serving, memory, metrics) = (Arc::clone(&serving), memory.clone(), metrics.certificates.clone());
        shared.clone().keep(client.clone(), serving, memory, interval, metrics, on_new_pair)
    });
    available.notified().await;
    Ok(())
}

/// Counts each change of the served pair. The first pair of the process is no change: its arrival ends the wait for it.
fn count_reloads(metrics: Arc<ServerMetrics>, available: Arc<Notify>, mut first: bool) -> impl FnMut() + Send {
    move || {
        if !std::mem::take(&mut first) {
            metrics.reloaded(Reloadable::Certificate, true);
        }
        available.notify_one();
    }
}
