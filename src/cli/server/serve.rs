//! `podgraft serve`: the composition root, where the rooms are introduced to one another.

mod clients;
pub(crate) mod cluster;
pub(crate) mod duration;
mod limit_flags;
mod signals;

use crate::server::answering;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use clap::Args;
use clap::builder::PossibleValuesParser;
use tokio::runtime::{Builder, Handle};
use tokio::time::{sleep, timeout};

use crate::http::{Drain, Heartbeat, Listener, Transport, admission_router};
use crate::inject::snapshot::{Settings, Snapshot};
use crate::metrics::Metrics;
use crate::telemetry::{Log, LogFormat};
use crate::tls::server_config_for;

use crate::server::answering::Answering;
use crate::server::certificate::Certificate;
use crate::server::companions::CompanionSources;
use crate::server::control::Control;
use crate::server::policies::{PolicyFlags, PolicyReconciler};
use crate::server::probes::{ProbedParts, Sources};
use crate::server::supervisor::Background;
use clients::Clients;
use cluster::ClusterFlags;
use limit_flags::LimitFlags;
use signals::ShutdownSignals;

/// How long tasks that write into the cluster may take to stop.
const STOPPING: Duration = Duration::from_secs(5);

/// Answer the API server's reviews over HTTPS
///
/// Companions are read from files, and read again when their content changes, or are watched in the cluster; of two that
/// are the same the file's counts. Reviews are answered when all of them are known and there is a certificate; until then
/// /readyz says what is waited for. SIGTERM drains: /readyz fails at once, requests are answered on for --drain-delay,
/// then what is under way is finished.
#[derive(Debug, Args)]
pub struct Serve {
    /// Files and folders with companions and, without --cluster, Namespaces
    #[arg(long, value_name = "PATH", env = "PODGRAFT_COMPANIONS", value_delimiter = ',', num_args = 1.., required_unless_present = "cluster")]
    companions: Vec<PathBuf>,
    #[command(flatten)]
    cluster: ClusterFlags,
    #[command(flatten)]
    certificate: Certificate,
    #[command(flatten)]
    clients: Clients,
    /// Where reviews are answered, over HTTPS; [::] is every address, and 0.0.0.0 every one of IPv4
    #[arg(long, value_name = "ADDRESS", env = "PODGRAFT_LISTEN", default_value = "[::]:8443")]
    listen: SocketAddr,
    /// Where /livez, /readyz and /metrics are, over plain HTTP
    #[arg(long, value_name = "ADDRESS", env = "PODGRAFT_ADMIN_LISTEN", default_value = "[::]:8080")]
    admin_listen: SocketAddr,
    /// Required companions are switched on: no entry of the webhook leaves Pods out that are opted out
    #[arg(long, env = "PODGRAFT_REQUIRED_COMPANIONS")]
    required_companions: bool,
    #[command(flatten)]
    policies: PolicyFlags,
    /// How often companions and certificate are looked at
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_POLL_INTERVAL", default_value = "1s", value_parser = duration::above_zero)]
    poll_interval: Duration,
    /// Threads that answer; one is best on up to two CPUs
    #[arg(long, value_name = "COUNT", env = "PODGRAFT_WORKERS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    workers: u16,
    /// How long requests are accepted on after SIGTERM, while the cluster learns that this replica goes
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_DRAIN_DELAY", default_value = "5s", value_parser = duration::parse)]
    drain_delay: Duration,
    /// How long the last requests may take after that
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_DRAIN_TIMEOUT", default_value = "15s", value_parser = duration::parse)]
    drain_timeout: Duration,
    /// How log lines look
    #[arg(long, value_name = "FORMAT", env = "PODGRAFT_LOG_FORMAT", default_value = "auto")]
    log_format: LogFormat,
    /// What is logged; RUST_LOG beats it, and filters by target as well
    #[arg(long, value_name = "LEVEL", env = "PODGRAFT_LOG_LEVEL", default_value = "info", value_parser = PossibleValuesParser::new(LEVELS))]
    log_level: String,
    #[command(flatten)]
    bounds: LimitFlags,
}

/// A closed list: any other word would be a filter for a target of that name, which matches nothing.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// What is known once reviews can be answered.
struct Prepared {
    snapshot: Arc<ArcSwap<Snapshot>>,
    background: Background,
}

impl Serve {
    /// Serves until SIGTERM or SIGINT, and drains.
    ///
    /// Three kinds of threads do it, and none of them waits for another: this one answers probes and waits for signals, the
    /// control thread follows companions and certificates, and others answer reviews.
    ///
    /// # Errors
    /// Where certificate or companions cannot be used at the start, or a port cannot be bound.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let log = Log::open(self.log_format, &self.log_level)?;
        let runtime = Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
        let ended = runtime.block_on(Arc::new(self).serve(&log));
        runtime.shutdown_background();
        ended
    }

    async fn serve(self: Arc<Self>, log: &Log) -> anyhow::Result<ExitCode> {
        let mut ends = ShutdownSignals::new().context("cannot listen to signals")?;
        let mut metrics = Metrics::default();
        metrics.register_counter("log_lines_dropped", "Log lines that nobody took", log.dropped());
        let metrics = Arc::new(metrics);
        let watched = ProbedParts {
            serving: Arc::default(),
            open: Arc::default(),
            drain: Drain::default(),
            heartbeat: Heartbeat::new(self.workers),
            sources: Sources::default(),
        };
        let with_policies = self.cluster.watched && self.required_companions;
        let admin = watched.open_port(self.admin_listen, with_policies, Arc::clone(&metrics)).await?;
        let admin_address = admin.address();
        tokio::spawn(admin.serve(Duration::MAX));
        tokio::spawn(Arc::clone(&watched.heartbeat).watch());
        let control = Control::start().context("cannot start the control thread")?;
        let preparing = control.spawn(Arc::clone(&self).prepare(watched.clone(), Arc::clone(&metrics)));
        let Prepared { snapshot, background } = tokio::select! {
            prepared = preparing => prepared.context("the control thread failed")??,
            () = ends.next() => {
                tracing::info!("told to end before there was anything to answer with");
                return Ok(ExitCode::SUCCESS);
            }
        };
        let answering = self.answer(snapshot, &watched, metrics, control.runtime().clone()).await?;
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            admission = %format_args!("https://{}", answering.address),
            admin = %format_args!("http://{admin_address}"),
            "listening"
        );
        watched.open.store(true, Ordering::Relaxed);
        self.run_until_drained(answering, &watched.drain, background, ends).await
    }

    /// Reads and follows companions and certificate, until there is all that reviews are answered with.
    async fn prepare(self: Arc<Self>, watched: ProbedParts, metrics: Arc<Metrics>) -> anyhow::Result<Prepared> {
        let client = if self.cluster.watched { Some(self.cluster.client().await?) } else { None };
        let mut background = Background::new(&metrics, Handle::current());
        let (policies, required) = (&self.policies, self.required_companions);
        let policies = client
            .as_ref()
            .and_then(|client| policies.keep(client, &self.cluster, required, &metrics, &mut background));
        let policies_check = policies.as_ref().map(PolicyReconciler::check);
        let (paths, interval, settings) =
            (&self.companions, self.poll_interval, (self.settings(), self.bounds.companions()));
        let companions =
            CompanionSources::follow(paths, interval, client, policies, settings, &metrics, &mut background)?;
        watched.sources.found(companions.waiting(), policies_check, companions.health());
        self.certificate.follow(&watched.serving, &self.cluster, interval, &metrics, &mut background).await?;
        Ok(Prepared { snapshot: companions.snapshot(&mut background).await, background })
    }

    /// Starts to answer reviews.
    async fn answer(
        &self,
        snapshot: Arc<ArcSwap<Snapshot>>,
        watched: &ProbedParts,
        metrics: Arc<Metrics>,
        control: Handle,
    ) -> anyhow::Result<Answering> {
        let limits = self.bounds.limits();
        let observer = answering::observer(Arc::clone(&metrics));
        let client_ca = self.clients.follow(self.poll_interval)?;
        let tls = server_config_for(Arc::clone(&watched.serving), client_ca).context("cannot set up TLS")?;
        let heartbeat = Arc::clone(&watched.heartbeat);
        let reviewer = answering::reviewer(snapshot, metrics, Arc::clone(&heartbeat), control);
        let router = admission_router(reviewer, &limits, observer.clone());
        let (address, drain) = (self.listen, watched.drain.clone());
        let bind = async move {
            let port = Listener::bind(address, Transport::Tls(Arc::new(tls)), router, limits, drain, observer);
            port.await.context("cannot answer reviews; see --listen")
        };
        Answering::start(self.workers, self.drain_timeout, heartbeat, bind).await
    }

    /// Waits for the end, and drains.
    async fn run_until_drained(
        &self,
        answering: Answering,
        drain: &Drain,
        mut background: Background,
        mut ends: ShutdownSignals,
    ) -> anyhow::Result<ExitCode> {
        let mut ended = answering.ended;
        tokio::select! {
            () = ends.next() => {}
            // Nobody would notice a process that lives and does not answer; another one starts in its place.
            cut = &mut ended => anyhow::bail!("the admission port has ended by itself: {cut:?}"),
        }
        tracing::info!(delay = ?self.drain_delay, timeout = ?self.drain_timeout, "draining");
        let drained = async {
            drain.announce();
            sleep(self.drain_delay).await;
            drain.close();
            ended.await
        };
        // A control thread that is busy with companions does not keep this replica from draining.
        let stopped = timeout(STOPPING, background.stop_writing());
        let cut = tokio::select! {
            (cut, _) = async { tokio::join!(drained, stopped) } => cut.context("the admission port failed")?,
            () = ends.next() => {
                tracing::warn!("told to end a second time, ending without draining");
                return Ok(ExitCode::FAILURE);
            }
        };
        tracing::info!(connections_cut = cut, "ended");
        Ok(ExitCode::SUCCESS)
    }

    fn settings(&self) -> Settings {
        let own_namespace = self.cluster.namespace.as_deref().map(Box::from);
        Settings { own_namespace, required: self.required_companions }
    }
}
