//! `podgraft serve`: the composition root, where the rooms are introduced to one another.

mod background;
mod bounds;
mod certificate;
mod cluster;
mod companions;
mod duration;
mod policies;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use clap::Args;
use clap::builder::PossibleValuesParser;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use crate::admission::{self, Record};
use crate::http::{
    Check, Drain, Event, Limits, Observer, Port, Question, Reviewer, Transport, admin_router, admission_router,
};
use crate::inject::world::{Settings, World};
use crate::metrics::Metrics;
use crate::source::cluster::Pulse;
use crate::telemetry::{self, Log, LogFormat};
use crate::tls::{Serving, server_config};

use background::Background;
use bounds::Bounds;
use certificate::Certificate;
use cluster::Cluster;
use companions::Companions;
use policies::{Kept, Policies};

/// How many connections the admin port takes: probes, a scraper or two, and people.
const ADMIN_CONNECTIONS: usize = 64;

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
    cluster: Cluster,
    #[command(flatten)]
    certificate: Certificate,
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
    policies: Policies,
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
    bounds: Bounds,
}

/// A closed list: any other word would be a filter for a target of that name, which matches nothing.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

impl Serve {
    /// Serves until SIGTERM or SIGINT, and drains.
    ///
    /// # Errors
    /// Where certificate or companions cannot be used at the start, or a port cannot be bound.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let log = Log::open(self.log_format, &self.log_level)?;
        let runtime = runtime(self.workers).context("cannot start the runtime; see --workers")?;
        let ended = runtime.block_on(self.serve(&log));
        // What still waits on a file system that hangs does not keep the process.
        runtime.shutdown_background();
        ended
    }

    async fn serve(self, log: &Log) -> anyhow::Result<ExitCode> {
        let mut ends = Ends::new().context("cannot listen to signals")?;
        let mut metrics = Metrics::default();
        metrics.register_counter("log_lines_dropped", "Log lines that nobody took", log.dropped());
        let metrics = Arc::new(metrics);
        let client = if self.cluster.watched { Some(self.cluster.client().await?) } else { None };
        let mut background = Background::new(&metrics);
        let (policies, required) = (&self.policies, self.required_companions);
        let policies = client
            .as_ref()
            .and_then(|client| policies.keep(client, &self.cluster, required, &metrics, &mut background));
        let policies_check = policies.as_ref().map(Kept::check);
        let (paths, interval, settings) = (&self.companions, self.poll_interval, self.settings());
        let companions = Companions::follow(paths, interval, client, policies, settings, &metrics, &mut background)?;
        let (drain, serving, open) = (Drain::default(), Arc::new(Serving::default()), Arc::new(AtomicBool::new(false)));
        let companions_check = Check::new("companions", companions.waiting());
        let mut checks = vec![certificate_check(&serving), companions_check, port_check(&open), shutdown_check(&drain)];
        checks.extend(policies_check);
        let admin = self.admin_port(checks, companions.pulse(), Arc::clone(&metrics)).await?;
        let admin_address = admin.address();
        tokio::spawn(admin.serve(Duration::MAX));
        let first = async {
            let (cluster, interval) = (&self.cluster, self.poll_interval);
            self.certificate.follow(&serving, cluster, interval, &metrics, &mut background).await?;
            anyhow::Ok(companions.world(&mut background).await)
        };
        let world = tokio::select! {
            first = first => first?,
            () = ends.next() => {
                tracing::info!("told to end before there was anything to answer with");
                return Ok(ExitCode::SUCCESS);
            }
        };
        let admission = self.admission_port(world, serving, &metrics, &drain).await?;
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            admission = %format_args!("https://{}", admission.address()),
            admin = %format_args!("http://{admin_address}"),
            "listening"
        );
        let mut answering = tokio::spawn(admission.serve(self.drain_timeout));
        open.store(true, Ordering::Relaxed);
        tokio::select! {
            () = ends.next() => {}
            // Nobody would notice a process that lives and does not answer; another one starts in its place.
            ended = &mut answering => anyhow::bail!("the admission port has ended by itself: {ended:?}"),
        }
        tracing::info!(delay = ?self.drain_delay, timeout = ?self.drain_timeout, "draining");
        background.stop_writing().await;
        let drained = async {
            drain.announce();
            sleep(self.drain_delay).await;
            drain.close();
            answering.await
        };
        let cut = tokio::select! {
            cut = drained => cut.context("the admission port failed")?,
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

    async fn admission_port(
        &self,
        world: Arc<ArcSwap<World>>,
        serving: Arc<Serving>,
        metrics: &Arc<Metrics>,
        drain: &Drain,
    ) -> anyhow::Result<Port> {
        let limits = self.bounds.limits();
        let observer = observer(Arc::clone(metrics));
        let tls = server_config(serving).context("cannot set up TLS")?;
        let router = admission_router(reviewer(world, Arc::clone(metrics)), &limits, observer.clone());
        let transport = Transport::Tls(Arc::new(tls));
        let port = Port::bind(self.listen, transport, router, limits, drain.clone(), observer);
        port.await.context("cannot answer reviews; see --listen")
    }

    /// It is open from the beginning to the very end, so that everybody can see what is waited for.
    async fn admin_port(
        &self,
        checks: Vec<Check>,
        pulse: Option<Arc<Pulse>>,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Port> {
        let limits = Limits { connections: ADMIN_CONNECTIONS, ..Limits::default() };
        let all = checks.clone();
        let router = admin_router(checks, move || {
            metrics.ready(all.iter().all(Check::passes));
            if let Some(pulse) = &pulse {
                companions::tell_of_watches(pulse, &metrics);
            }
            metrics.scrape()
        });
        let (drain, observer) = (Drain::default(), Observer::nobody());
        let port = Port::bind(self.admin_listen, Transport::Plain, router, limits, drain, observer);
        port.await.context("cannot answer probes; see --admin-listen")
    }
}

/// One thread unless more are asked for: on one or two CPUs that costs less for each review.
fn runtime(workers: u16) -> std::io::Result<Runtime> {
    let mut builder = if workers > 1 { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.worker_threads(usize::from(workers)).max_blocking_threads(2).enable_all().build()
}

/// Reviews against the newest snapshot, and what is told of them.
fn reviewer(world: Arc<ArcSwap<World>>, metrics: Arc<Metrics>) -> Reviewer {
    Reviewer::new(move |question, body| {
        let started = Instant::now();
        let world = world.load();
        let observe = |record: &Record<'_>| {
            let took = started.elapsed();
            metrics.review(record, took);
            telemetry::review(record, took);
        };
        match question {
            Question::Inject(entry) => admission::review(body, entry, &world, observe),
            Question::Preview => admission::preview(body, &world, companions::advise, observe),
        }
    })
}

fn observer(metrics: Arc<Metrics>) -> Observer {
    let count = move |event| match event {
        Event::Opened => {
            metrics.connections.inc();
        }
        Event::Closed => {
            metrics.connections.dec();
        }
        Event::TurnedAway => {
            metrics.connections_turned_away.inc();
        }
        Event::Unseated => {
            metrics.connections_unseated.inc();
        }
        Event::AcceptFailed => {
            metrics.accept_failures.inc();
        }
        Event::Panicked => {
            metrics.panics.inc();
        }
        Event::HandshakeFailed(fault) => metrics.handshake_failed(fault.as_str()),
        Event::Refused(status) => metrics.refused(status),
    };
    Observer::new(count)
}

fn certificate_check(serving: &Arc<Serving>) -> Check {
    let serving = Arc::clone(serving);
    Check::new("certificate", move || serving.check(SystemTime::now()))
}

fn port_check(open: &Arc<AtomicBool>) -> Check {
    let open = Arc::clone(open);
    let message = "reviews are not answered yet";
    Check::new("port", move || if open.load(Ordering::Relaxed) { Ok(()) } else { Err(message.into()) })
}

fn shutdown_check(drain: &Drain) -> Check {
    let drain = drain.clone();
    let message = "this replica is ending";
    Check::new("shutdown", move || if drain.announced() { Err(message.into()) } else { Ok(()) })
}

/// The signals that end a process.
struct Ends(Signal, Signal);

impl Ends {
    fn new() -> std::io::Result<Self> {
        Ok(Ends(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}
