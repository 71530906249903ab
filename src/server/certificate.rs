//! Where the serving certificate comes from.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use tokio::sync::Notify;

use super::supervisor::{Background, Task};
use crate::cli::server::serve::cluster::ClusterFlags;
use crate::cli::server::serve::duration;
use crate::metrics::{Metrics, Reloadable};
use crate::tls::{CertificateFiles, Reload, Serving, SharedCertificate, SharedMemory};

/// Where the serving certificate comes from.
#[derive(Debug, Args)]
pub(crate) struct Certificate {
    /// The folder with tls.crt and tls.key
    #[arg(long, value_name = "DIR", env = "PODGRAFT_CERT_DIR", default_value = "certs")]
    cert_dir: PathBuf,
    /// Issue the certificate here, keep it in this Secret of podgraft's namespace, and rotate it
    #[arg(
        long,
        value_name = "NAME",
        env = "PODGRAFT_CERT_SECRET",
        conflicts_with = "cert_dir",
        requires = "namespace"
    )]
    cert_secret: Option<String>,
    /// The Helm release that this Secret belongs to: made anew, it gets the marks by which Helm knows it
    #[arg(long, value_name = "NAME", env = "PODGRAFT_HELM_RELEASE", requires = "cert_secret")]
    helm_release: Option<String>,
    /// How long a certificate of --cert-secret is valid; a new one is issued when a third of it is left
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_CERT_LIFETIME", default_value = "720h", value_parser = duration::above_zero)]
    cert_lifetime: Duration,
    /// How long the authority that issues it is valid; the next one begins when a third of it is left
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_CA_LIFETIME", default_value = "8760h", value_parser = duration::above_zero)]
    ca_lifetime: Duration,
    /// How long a new authority is trusted everywhere before it issues anything
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_CA_PAUSE", default_value = "1m", value_parser = duration::parse)]
    ca_pause: Duration,
}

impl Certificate {
    /// Waits until there is a serving certificate, and follows it from then on.
    ///
    /// # Errors
    /// Where there are files and they cannot be used, where the flags contradict each other, or where it is not known
    /// what the cluster is. An API server that is away is waited for.
    pub(crate) async fn follow(
        &self,
        serving: &Arc<Serving>,
        cluster: &ClusterFlags,
        interval: Duration,
        metrics: &Arc<Metrics>,
        background: &mut Background,
    ) -> anyhow::Result<()> {
        match self.shared(cluster)? {
            Some(shared) => keep(shared, serving, cluster, interval, metrics, background).await,
            None => self.files(serving, interval, metrics),
        }
    }

    fn files(&self, serving: &Arc<Serving>, interval: Duration, metrics: &Arc<Metrics>) -> anyhow::Result<()> {
        let files = CertificateFiles::open(&self.cert_dir, Arc::clone(serving))?;
        if let Some(expires) = serving.expires() {
            metrics.certificates.set_certificate_expiry(expires);
        }
        let metrics = Arc::clone(metrics);
        let tell = move |reload| match reload {
            Reload::Replaced(expires) => {
                metrics.certificates.set_certificate_expiry(expires);
                metrics.reloaded(Reloadable::Certificate, true);
            }
            Reload::Kept(_) => metrics.reloaded(Reloadable::Certificate, false),
        };
        files.follow(interval, tell).context("cannot start the thread that follows the certificate")
    }

    fn shared(&self, cluster: &ClusterFlags) -> anyhow::Result<Option<SharedCertificate>> {
        let Some(secret) = self.cert_secret.clone() else { return Ok(None) };
        let namespace = cluster.namespace.clone().context("--cert-secret needs --namespace")?;
        for (flag, lifetime) in [("--cert-lifetime", self.cert_lifetime), ("--ca-lifetime", self.ca_lifetime)] {
            ensure!(lifetime >= SHORTEST, "{flag} must be at least {} s", SHORTEST.as_secs());
            ensure!(lifetime <= LONGEST, "{flag} must be at most {} h", LONGEST.as_secs() / 3600);
        }
        ensure!(self.ca_pause < self.ca_lifetime / 3, "--ca-pause must be shorter than a third of --ca-lifetime");
        let (lifetime, ca_lifetime, ca_pause) = (self.cert_lifetime, self.ca_lifetime, self.ca_pause);
        let installation = cluster.name.clone();
        let release = self.helm_release.clone();
        Ok(Some(SharedCertificate { namespace, secret, installation, release, lifetime, ca_lifetime, ca_pause }))
    }
}

/// Certificates are dated in whole seconds, and a third of a life must be long enough to issue the next one.
const SHORTEST: Duration = Duration::from_secs(10);
/// A hundred years: dates end with the year 9999.
const LONGEST: Duration = Duration::from_secs(876_000 * 3600);

async fn keep(
    shared: SharedCertificate,
    serving: &Arc<Serving>,
    cluster: &ClusterFlags,
    interval: Duration,
    metrics: &Arc<Metrics>,
    background: &mut Background,
) -> anyhow::Result<()> {
    let client = cluster.client().await?;
    metrics.certificates.begin_self_managed();
    tracing::info!(namespace = shared.namespace, secret = shared.secret, "waiting for a serving certificate");
    let there = Arc::new(Notify::new());
    let (serving, metrics, notify) = (Arc::clone(serving), Arc::clone(metrics), Arc::clone(&there));
    let memory = SharedMemory::default();
    background.write(Task::CertificateKeeper, move || {
        let on_new_pair = count_reloads(Arc::clone(&metrics), Arc::clone(&notify), serving.expires().is_none());
        let (serving, memory, metrics) = (Arc::clone(&serving), memory.clone(), metrics.certificates.clone());
        shared.clone().keep(client.clone(), serving, memory, interval, metrics, on_new_pair)
    });
    there.notified().await;
    Ok(())
}

/// Counts each change of the served pair. The first pair of the process is no change: its arrival ends the wait for it.
fn count_reloads(metrics: Arc<Metrics>, there: Arc<Notify>, mut first: bool) -> impl FnMut() + Send {
    move || {
        if !std::mem::take(&mut first) {
            metrics.reloaded(Reloadable::Certificate, true);
        }
        there.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        certificate: Certificate,
        #[command(flatten)]
        cluster: ClusterFlags,
    }

    fn shared(flags: &str) -> Result<Option<SharedCertificate>, String> {
        let line = Line::try_parse_from(std::iter::once("serve").chain(flags.split_whitespace()));
        let line = line.map_err(|error| error.to_string())?;
        line.certificate.shared(&line.cluster).map_err(|error| error.to_string())
    }

    #[test]
    fn files_are_what_there_is_without_a_secret() {
        assert!(shared("--cert-dir here").unwrap().is_none());
    }

    #[test]
    fn a_secret_is_of_the_own_namespace_and_the_names_are_the_installation_s() {
        let shared = shared("--cert-secret kept --namespace town --name grafts --ca-pause 3s").unwrap().unwrap();
        assert_eq!((&*shared.secret, &*shared.namespace, &*shared.installation), ("kept", "town", "grafts"));
        assert_eq!((shared.lifetime.as_secs(), shared.ca_pause.as_secs()), (720 * 3600, 3));
    }

    #[test]
    fn lifetimes_that_leave_no_time_are_refused() {
        let check = |flags: &str, words: &str| {
            let error = shared(&format!("--cert-secret a --namespace b {flags}")).expect_err(flags);
            assert!(error.contains(words), "{flags}: {error}");
        };
        check("--cert-lifetime 9s", "--cert-lifetime must be at least 10 s");
        check("--ca-lifetime 1s", "--ca-lifetime must be at least 10 s");
        check("--ca-lifetime 99999999h", "--ca-lifetime must be at most 876000 h");
        check("--ca-lifetime 3m --ca-pause 1m", "--ca-pause must be shorter than a third of --ca-lifetime");
        check("--cert-dir here", "cannot be used with");
        assert!(shared("--cert-secret a").is_err(), "without a namespace");
    }
}
