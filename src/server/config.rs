//! What `podgraft serve` is configured with, independent of the command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::http::HttpLimits;
use crate::inject::snapshot::Settings;
use crate::source::limits::MemoryLimits;
use crate::tls::SharedCertificate;

/// The configuration of a server.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // each is a flag of its own
pub(crate) struct Config {
    /// Files and folders with companions and, without a cluster, Namespaces.
    pub(crate) companions: Vec<PathBuf>,
    pub(crate) cluster: ClusterConfig,
    pub(crate) certificate: CertificateSource,
    pub(crate) client_ca: Option<ClientCaConfig>,
    /// The address of the admission port.
    pub(crate) listen: SocketAddr,
    /// The address of the admin port.
    pub(crate) admin_listen: SocketAddr,
    /// Whether required companions are enforced.
    pub(crate) required_companions: bool,
    /// Whether the chart's policies of hints are installed.
    pub(crate) hints: bool,
    /// Whether companions that are skipped are reported as events on the controllers of Pods.
    pub(crate) events: bool,
    /// Whether injections are counted by companion.
    pub(crate) companion_metrics: bool,
    pub(crate) preview: PreviewConfig,
    /// How long a policy and injection wait for each other when a required companion changes.
    pub(crate) policy_pause: Duration,
    /// How often companions and certificate files are read.
    pub(crate) poll_interval: Duration,
    /// The number of review threads, at least 1.
    pub(crate) workers: u16,
    /// How long requests are accepted after the shutdown was announced.
    pub(crate) drain_delay: Duration,
    /// How long the last requests may take after that.
    pub(crate) drain_timeout: Duration,
    pub(crate) http: HttpLimits,
    pub(crate) memory: MemoryLimits,
}

/// The cluster that a server belongs to, and its own names in it.
#[derive(Debug)]
pub(crate) struct ClusterConfig {
    /// Whether companions and Namespaces of the cluster are watched.
    pub(crate) watched: bool,
    /// The name of the installation: of its Service, and the first part of the names of its webhook configurations.
    pub(crate) name: String,
    /// podgraft's own namespace.
    pub(crate) namespace: Option<String>,
    /// Further namespaces that the webhooks leave out.
    pub(crate) excluded_namespaces: Vec<String>,
}

/// What previews look up in the cluster, besides companions and Namespaces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PreviewConfig {
    /// Existing workloads, for companions.
    pub(crate) workloads: bool,
    /// ResourceQuotas, LimitRanges and HorizontalPodAutoscalers, for workloads.
    pub(crate) namespaces: bool,
}

/// Where the serving certificate is read from.
#[derive(Debug)]
pub(crate) enum CertificateSource {
    /// A folder with `tls.crt` and `tls.key`.
    Files(PathBuf),
    /// A Secret whose certificates this server issues and rotates.
    SelfManaged(SharedCertificate),
}

/// The client certificates that are accepted.
#[derive(Debug)]
pub(crate) struct ClientCaConfig {
    /// The CA that signs them, in PEM.
    pub(crate) file: PathBuf,
    /// Their common names or DNS names.
    pub(crate) names: Vec<String>,
}

impl Config {
    /// The settings of reviews.
    pub(crate) fn settings(&self) -> Settings {
        let ClusterConfig { name, namespace, excluded_namespaces, .. } = &self.cluster;
        Settings {
            own_namespace: namespace.as_deref().map(Box::from),
            excluded_namespaces: excluded_namespaces.iter().map(|name| name.as_str().into()).collect(),
            required: self.required_companions,
            hints: self.hints,
            installation: name.as_str().into(),
            ..Settings::default()
        }
    }
}
