//! The flags of the serving certificate.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;

use super::cluster::ClusterFlags;
use super::duration;
use crate::server::CertificateSource;
use crate::tls::{HelmRelease, SharedCertificate};

/// The shortest lifetime. Certificates are dated in whole seconds, and a third of the lifetime must be long enough to issue
/// the next one.
const SHORTEST: Duration = Duration::from_secs(10);
/// The longest lifetime, about a hundred years: the dates of X.509 end with the year 9999 (RFC 5280, section 4.1.2.5).
const LONGEST: Duration = Duration::from_secs(876_000 * 3600);

/// Where the serving certificate comes from.
#[derive(Debug, Args)]
pub(super) struct CertificateFlags {
    /// Folder with tls.crt and tls.key; they are read again when they change
    #[arg(long, value_name = "DIR", env = "PODGRAFT_CERT_DIR", default_value = "certs")]
    cert_dir: PathBuf,
    /// Issue and rotate the serving certificate, and keep it in this Secret of --namespace
    #[arg(
        long,
        value_name = "NAME",
        env = "PODGRAFT_CERT_SECRET",
        conflicts_with = "cert_dir",
        requires = "namespace"
    )]
    cert_secret: Option<String>,
    /// Helm release that owns the Secret, with its namespace unless that is --namespace; a Secret that is created again gets the
    /// release's labels and annotations
    #[arg(long, value_name = "[NAMESPACE/]NAME", env = "PODGRAFT_HELM_RELEASE", requires = "cert_secret")]
    helm_release: Option<String>,
    /// Lifetime of the serving certificate of --cert-secret; it is renewed when a third is left
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_CERT_LIFETIME", default_value = "720h", value_parser = duration::above_zero)]
    cert_lifetime: Duration,
    /// Lifetime of the CA of --cert-secret; the next CA is created when a third is left
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_CA_LIFETIME", default_value = "8760h", value_parser = duration::above_zero)]
    ca_lifetime: Duration,
    /// How long a new CA must be in every caBundle before it signs
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_CA_PAUSE", default_value = "1m", value_parser = duration::parse)]
    ca_pause: Duration,
}

impl CertificateFlags {
    /// # Errors
    /// A lifetime is out of bounds, or the pause does not fit into it.
    pub(super) fn source(self, cluster: &ClusterFlags) -> anyhow::Result<CertificateSource> {
        let Some(secret) = self.cert_secret else { return Ok(CertificateSource::Files(self.cert_dir)) };
        for (flag, lifetime) in [("--cert-lifetime", self.cert_lifetime), ("--ca-lifetime", self.ca_lifetime)] {
            ensure!(lifetime >= SHORTEST, "{flag} must be at least {} s", SHORTEST.as_secs());
            ensure!(lifetime <= LONGEST, "{flag} must be at most {} h", LONGEST.as_secs() / 3600);
        }
        ensure!(self.ca_pause < self.ca_lifetime / 3, "--ca-pause must be shorter than a third of --ca-lifetime");
        let namespace = cluster.namespace.clone().context("--cert-secret requires --namespace")?;
        Ok(CertificateSource::SelfManaged(SharedCertificate {
            secret,
            installation: cluster.name.clone(),
            release: self.helm_release.map(|release| helm_release(&release, &namespace)),
            namespace,
            lifetime: self.cert_lifetime,
            ca_lifetime: self.ca_lifetime,
            ca_pause: self.ca_pause,
        }))
    }
}

/// The release of a text `[NAMESPACE/]NAME`.
fn helm_release(text: &str, own_namespace: &str) -> HelmRelease {
    let (namespace, name) = text.split_once('/').unwrap_or((own_namespace, text));
    HelmRelease { name: name.to_owned(), namespace: namespace.to_owned() }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct CommandLine {
        #[command(flatten)]
        certificate: CertificateFlags,
        #[command(flatten)]
        cluster: ClusterFlags,
    }

    fn source(flags: &str) -> Result<CertificateSource, String> {
        let line = CommandLine::try_parse_from(std::iter::once("serve").chain(flags.split_whitespace()));
        let line = line.map_err(|error| error.to_string())?;
        line.certificate.source(&line.cluster).map_err(|error| error.to_string())
    }

    #[test]
    fn the_certificate_is_read_from_files_unless_a_secret_is_named() {
        assert!(matches!(source("--cert-dir here").unwrap(), CertificateSource::Files(_)));
    }

    #[test]
    fn the_secret_is_in_the_own_namespace_and_named_for_the_installation() {
        let source = source("--cert-secret kept --namespace town --name grafts --ca-pause 3s").unwrap();
        let CertificateSource::SelfManaged(shared) = source else { panic!("{source:?}") };
        assert_eq!((&*shared.secret, &*shared.namespace, &*shared.installation), ("kept", "town", "grafts"));
        assert_eq!((shared.lifetime.as_secs(), shared.ca_pause.as_secs()), (720 * 3600, 3));
    }

    #[test]
    fn a_helm_release_is_in_the_own_namespace_unless_it_names_another() {
        let release = |text: &str| {
            let source = source(&format!("--cert-secret kept --namespace town --helm-release {text}")).unwrap();
            let CertificateSource::SelfManaged(shared) = source else { panic!("{source:?}") };
            shared.release.unwrap()
        };
        let named = |namespace: &str| HelmRelease { name: "grafts".into(), namespace: namespace.into() };
        assert_eq!(release("grafts"), named("town"));
        assert_eq!(release("city/grafts"), named("city"));
    }

    #[test]
    fn lifetimes_that_leave_no_time_for_rotation_are_errors() {
        let check = |flags: &str, words: &str| {
            let error = source(&format!("--cert-secret a --namespace b {flags}")).expect_err(flags);
            assert!(error.contains(words), "{flags}: {error}");
        };
        check("--cert-lifetime 9s", "--cert-lifetime must be at least 10 s");
        check("--ca-lifetime 1s", "--ca-lifetime must be at least 10 s");
        check("--ca-lifetime 99999999h", "--ca-lifetime must be at most 876000 h");
        check("--ca-lifetime 3m --ca-pause 1m", "--ca-pause must be shorter than a third of --ca-lifetime");
        check("--cert-dir here", "cannot be used with");
        assert!(source("--cert-secret a").is_err(), "without a namespace");
    }
}
