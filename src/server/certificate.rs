//! Follows the serving certificate, from files or from the Secret that the replicas share.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::Notify;

use super::background::{Background, Task};
use super::cluster;
use super::config::{CertificateSource, Config};
use super::metrics::{Reloadable, ServerMetrics};
use crate::tls::{CertificateFiles, Reload, Serving, SharedCertificate, SharedMemory};

/// Waits until there is a serving certificate, and follows it from then on.
///
/// # Errors
/// The files cannot be used, or there is no configuration of the cluster. An API server that cannot be reached is waited
/// for.
pub(super) async fn follow(
    config: &Config,
    serving: &Arc<Serving>,
    metrics: &Arc<ServerMetrics>,
    background: &mut Background,
) -> anyhow::Result<()> {
    match &config.certificate {
        CertificateSource::Files(folder) => follow_files(folder, serving, config.poll_interval, metrics),
        CertificateSource::SelfManaged(shared) => {
            keep(shared.clone(), serving, config.poll_interval, metrics, background).await
        }
    }
}

fn follow_files(
    folder: &Path,
    serving: &Arc<Serving>,
    interval: Duration,
    metrics: &Arc<ServerMetrics>,
) -> anyhow::Result<()> {
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
    files.follow(interval, record).context("cannot start the thread that follows the certificate")
}

async fn keep(
    shared: SharedCertificate,
    serving: &Arc<Serving>,
    interval: Duration,
    metrics: &Arc<ServerMetrics>,
    background: &mut Background,
) -> anyhow::Result<()> {
    let client = cluster::client().await?;
    metrics.certificates.begin_self_managed();
    tracing::info!(namespace = shared.namespace, secret = shared.secret, "waiting for a serving certificate");
    let available = Arc::new(Notify::new());
    let (serving, metrics, notify) = (Arc::clone(serving), Arc::clone(metrics), Arc::clone(&available));
    let memory = SharedMemory::default();
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
