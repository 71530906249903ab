//! Where the serving certificate comes from.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::duration;
use crate::metrics::{Metrics, Reloadable};
use crate::tls::{CertificateFiles, Reload, Serving};

/// Where the serving certificate comes from.
#[derive(Debug, Args)]
pub(super) struct Certificate {
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
    /// The serving certificate, followed from now on.
    ///
    /// # Errors
    /// Where there is none that can be used.
    pub(super) fn follow(&self, interval: Duration, metrics: &Arc<Metrics>) -> anyhow::Result<Arc<Serving>> {
        let files = CertificateFiles::open(&self.cert_dir)?;
        let serving = files.serving();
        metrics.certificate_expires(serving.expires());
        let metrics = Arc::clone(metrics);
        let tell = move |reload| match reload {
            Reload::Replaced(expires) => {
                metrics.certificate_expires(expires);
                metrics.reloaded(Reloadable::Certificate, true);
            }
            Reload::Kept(_) => metrics.reloaded(Reloadable::Certificate, false),
        };
        files.follow(interval, tell).context("cannot start the thread that follows the certificate")?;
        Ok(serving)
    }
}
