//! Starts a server: first the admin port, so that probes show what it waits for, then companions and certificate, and the
//! admission port last.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use kube::Client;
use tokio::runtime::Handle;

use super::admin::ProbedParts;
use super::background::Background;
use super::certificate::CertificateFollower;
use super::companions::CompanionSources;
use super::config::{Config, PreviewConfig};
use super::control::Control;
use super::events::ReportedParts;
use super::metrics::ServerMetrics;
use super::policies::PolicyReconciler;
use super::review_threads::ReviewThreads;
use super::reviewer::{Observer, PreviewLookups, PreviewThreads, reviewer};
use super::running::Running;
use super::signals::ShutdownSignals;
use super::{certificate, cluster, events};
use crate::events::EventQueue;
use crate::http::{Listener, Transport, admission_router};
use crate::inject::snapshot::Snapshot;
use crate::lookup::{Callers, NamespaceLookup, Survey};
use crate::telemetry::Log;
use crate::tls::{ClientCa, ClientCaFile, server_config_for};

/// What answering reviews requires.
struct Prepared {
    snapshot: Arc<ArcSwap<Snapshot>>,
    events: Option<EventQueue>,
    lookups: PreviewLookups,
    background: Background,
}

/// Starts a server. Returns `None` if a signal arrives before it is ready.
///
/// # Errors
/// A port cannot be bound, or the certificate or the companions cannot be used.
pub(super) async fn start(config: Config, log: &Log, signals: &mut ShutdownSignals) -> anyhow::Result<Option<Running>> {
    let config = Arc::new(config);
    let metrics = ServerMetrics::new(log);
    let probed = ProbedParts::new(config.workers);
    let admin_address = serve_admin_port(&config, &probed, &metrics).await?;
    let control = Control::start().context("cannot start the control thread")?;
    let preparing = control.spawn(prepare(Arc::clone(&config), probed.clone(), Arc::clone(&metrics)));
    let prepared = tokio::select! {
        prepared = preparing => prepared.context("the control thread failed")??,
        signal = signals.next() => {
            tracing::info!("received {signal} before startup finished");
            return Ok(None);
        }
    };
    let threads = PreviewThreads { runtime: control.runtime().clone(), lookups: prepared.lookups };
    let observer = Observer { metrics, events: prepared.events };
    let reviews = start_reviews(&config, prepared.snapshot, &probed, observer, threads).await?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        admission = %format_args!("https://{}", reviews.address),
        admin = %format_args!("http://{admin_address}"),
        "listening"
    );
    probed.accepting.store(true, Ordering::Relaxed);
    Ok(Some(Running::new(&config, reviews, probed.drain, prepared.background, control)))
}

async fn serve_admin_port(
    config: &Config,
    probed: &ProbedParts,
    metrics: &Arc<ServerMetrics>,
) -> anyhow::Result<SocketAddr> {
    let with_policies = config.cluster.watched && config.required_companions;
    let port = probed.open_port(config.admin_listen, with_policies, Arc::clone(metrics)).await?;
    let address = port.address();
    tokio::spawn(port.serve(Duration::MAX));
    tokio::spawn(Arc::clone(&probed.heartbeat).watch());
    Ok(address)
}

/// Reads companions and certificate, and follows them. Returns when there is all that reviews require.
async fn prepare(config: Arc<Config>, probed: ProbedParts, metrics: Arc<ServerMetrics>) -> anyhow::Result<Prepared> {
    let client = if config.cluster.watched { Some(cluster::client().await?) } else { None };
    let mut background = Background::new(metrics.process.panics.clone(), Handle::current());
    let policies =
        client.as_ref().and_then(|client| PolicyReconciler::start(&config, client, &metrics, &mut background));
    let policies_check = policies.as_ref().map(PolicyReconciler::check);
    let companions = CompanionSources::follow(&config, client.clone(), policies, &metrics, &mut background)?;
    probed.sources.found(companions.waiting(), policies_check, companions.health());
    let events = client.as_ref().and_then(|client| {
        let parts = ReportedParts { serving: Arc::clone(&probed.serving), companions: &companions, metrics: &metrics };
        events::start(&config, client, &parts, &mut background)
    });
    let lookups = client.as_ref().map(|client| lookups(&config, client)).unwrap_or_default();
    let registrations = companions.registrations();
    let (serving, metrics) = (&probed.serving, &metrics);
    let follower = CertificateFollower { config: &config, client, serving, metrics, registrations };
    certificate::follow(follower, &mut background).await?;
    Ok(Prepared { snapshot: companions.snapshot(&mut background).await, events, lookups, background })
}

/// What previews look up.
fn lookups(config: &Config, client: &Client) -> PreviewLookups {
    let callers = if config.client_ca.is_some() { Callers::Authenticated } else { Callers::Unauthenticated };
    let PreviewConfig { workloads, namespaces } = config.preview;
    PreviewLookups {
        survey: workloads.then(|| Survey::new(client.clone(), callers)),
        namespace: namespaces.then(|| NamespaceLookup::new(client.clone(), callers)),
    }
}

async fn start_reviews(
    config: &Config,
    snapshot: Arc<ArcSwap<Snapshot>>,
    probed: &ProbedParts,
    observer: Observer,
    previews: PreviewThreads,
) -> anyhow::Result<ReviewThreads> {
    let client_ca = follow_client_ca(config)?;
    let tls = server_config_for(Arc::clone(&probed.serving), client_ca).context("cannot set up TLS")?;
    let (heartbeat, http_metrics) = (Arc::clone(&probed.heartbeat), Arc::clone(&observer.metrics.http));
    let reviewer = reviewer(snapshot, observer, Arc::clone(&heartbeat), previews);
    let router = admission_router(reviewer, &config.http, Arc::clone(&http_metrics));
    let (address, limits, drain) = (config.listen, config.http.clone(), probed.drain.clone());
    let bind = async move {
        let port = Listener::bind(address, Transport::Tls(Arc::new(tls)), router, limits, drain, http_metrics);
        port.await.context("cannot serve the admission port; see --listen")
    };
    ReviewThreads::start(config.workers, config.drain_timeout, heartbeat, bind).await
}

/// The CA that client certificates must be signed by; `None` where no client certificate is required.
fn follow_client_ca(config: &Config) -> anyhow::Result<Option<Arc<ClientCa>>> {
    let Some(client_ca) = &config.client_ca else { return Ok(None) };
    let file = ClientCaFile::open(client_ca.file.clone(), client_ca.names.clone())?;
    file.follow(config.poll_interval).context("cannot start the thread that follows --client-ca").map(Some)
}
