//! `podgraft serve`: flags to configuration.

mod address;
mod certificate;
mod client_ca;
mod cluster;
pub(in crate::cli) mod duration;
mod limits;
mod number;
mod preview;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args};
use tokio::runtime::Builder;

use certificate::CertificateFlags;
use client_ca::ClientCaFlags;
use cluster::ClusterFlags;
use limits::LimitFlags;
use preview::PreviewFlags;

use crate::server;
use crate::server::{Config, Shutdown};
use crate::telemetry::{Log, LogFormat};

/// Serve the admission webhook over HTTPS
///
/// Companions are read from files (--companions), from the cluster (--cluster), or both; of two with the same name the one
/// in a file is used. Changes take effect without a restart. The server is ready when all companions and a certificate are
/// loaded; until then `/readyz?verbose` lists what it waits for. After SIGTERM, /readyz fails, requests are accepted for
/// --drain-delay, and requests in progress are finished.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("source").args(["companions", "cluster"]).required(true).multiple(true))]
#[allow(clippy::struct_excessive_bools)] // each is a flag of its own
pub struct Serve {
    /// Files and folders with companions and, without --cluster, Namespaces
    #[arg(short, long, value_name = "PATH", env = "PODGRAFT_COMPANIONS", value_delimiter = ',', num_args = 1..)]
    companions: Vec<PathBuf>,
    #[command(flatten)]
    cluster: ClusterFlags,
    #[command(flatten)]
    certificate: CertificateFlags,
    #[command(flatten)]
    client_ca: ClientCaFlags,
    /// Address of the admission port (HTTPS); [::] listens on all addresses, 0.0.0.0 on all IPv4 addresses
    #[arg(long, value_name = "ADDRESS", env = "PODGRAFT_LISTEN", default_value = "[::]:8443", value_parser = address::parse)]
    listen: SocketAddr,
    /// Address of the admin port (HTTP) with /livez, /readyz and /metrics
    #[arg(long, value_name = "ADDRESS", env = "PODGRAFT_ADMIN_LISTEN", default_value = "[::]:8080", value_parser = address::parse)]
    admin_listen: SocketAddr,
    /// Inject required companions; Pods that opt out must then also be sent to a webhook (see the chart's webhook opted-out)
    #[arg(long, env = "PODGRAFT_REQUIRED_COMPANIONS")]
    required_companions: bool,
    /// API servers report misplaced keys themselves (the chart's policies of hints), so the preview does not repeat these warnings
    #[arg(long, env = "PODGRAFT_HINTS")]
    hints: bool,
    /// Report companions that are skipped as events on the controllers of Pods; needs --cluster and the right to create events
    #[arg(long, env = "PODGRAFT_EVENTS")]
    events: bool,
    /// Count injections by companion (podgraft_injected_total): names of ClusterCompanions are then visible in the metrics
    #[arg(long, env = "PODGRAFT_COMPANION_METRICS")]
    companion_metrics: bool,
    #[command(flatten)]
    preview: PreviewFlags,
    /// Time between the update of a required companion's policies and the change of what is injected
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_POLICY_PAUSE", default_value = "5s", value_parser = duration::above_zero)]
    policy_pause: Duration,
    /// Interval at which companion and certificate files are checked for changes
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_POLL_INTERVAL", default_value = "1s", value_parser = duration::above_zero)]
    poll_interval: Duration,
    /// Threads that answer reviews; one is fastest on up to two CPUs
    #[arg(long, value_name = "COUNT", env = "PODGRAFT_WORKERS", default_value_t = 1, value_parser = number::above_zero::<u16>)]
    workers: u16,
    /// Time after SIGTERM during which new requests are accepted, while the cluster removes this replica's endpoint
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_DRAIN_DELAY", default_value = "5s", value_parser = duration::parse)]
    drain_delay: Duration,
    /// Time limit for the last requests to finish after that
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_DRAIN_TIMEOUT", default_value = "15s", value_parser = duration::parse)]
    drain_timeout: Duration,
    /// Format of log lines
    #[arg(long, value_name = "FORMAT", env = "PODGRAFT_LOG_FORMAT", default_value = "auto")]
    log_format: LogFormat,
    /// Lowest level that is logged; RUST_LOG takes precedence, and can also filter by target
    #[arg(long, value_name = "LEVEL", env = "PODGRAFT_LOG_LEVEL", default_value = "info", value_parser = PossibleValuesParser::new(LEVELS))]
    log_level: String,
    #[command(flatten)]
    limits: LimitFlags,
}

const EXAMPLES: &str = "\
Examples:
  # Serve companions from a folder, with a certificate for development
  podgraft certs
  podgraft serve -c companions/

  # In a cluster, as the chart runs it
  podgraft serve --cluster --namespace podgraft-system \\
    --cert-secret podgraft-certificate";

/// The levels of tracing. The list is closed, because any other word would be a filter for a target of that name, which
/// matches nothing.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

impl Serve {
    /// Serves until SIGTERM or SIGINT, and drains.
    ///
    /// # Errors
    /// The certificate or the companions cannot be used at the start, or a port cannot be bound.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let log = Log::open(self.log_format, &self.log_level)?;
        let runtime = Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
        let config = self.config()?;
        let shutdown = runtime.block_on(server::serve(config, &log));
        runtime.shutdown_background();
        shutdown.map(|shutdown| match shutdown {
            Shutdown::Complete => ExitCode::SUCCESS,
            Shutdown::Interrupted => ExitCode::FAILURE,
        })
    }

    fn config(self) -> anyhow::Result<Config> {
        Ok(Config {
            companions: self.companions,
            certificate: self.certificate.source(&self.cluster)?,
            cluster: self.cluster.config(),
            client_ca: self.client_ca.config(),
            listen: self.listen,
            admin_listen: self.admin_listen,
            required_companions: self.required_companions,
            hints: self.hints,
            events: self.events,
            companion_metrics: self.companion_metrics,
            preview: self.preview.config(),
            policy_pause: self.policy_pause,
            poll_interval: self.poll_interval,
            workers: self.workers,
            drain_delay: self.drain_delay,
            drain_timeout: self.drain_timeout,
            http: self.limits.http(),
            memory: self.limits.memory(),
        })
    }
}
