//! The admin port: what its probes check, and its limits.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;

use super::metrics::ServerMetrics;
use crate::http::{Drain, HealthCheck, Heartbeat, HttpLimits, Listener, Transport, admin_router};
use crate::source::cluster::WatchHealth;
use crate::tls::Serving;

/// After how many seconds without progress of the review threads this replica is not ready.
const UNREADY_AFTER: u32 = 5;
/// After how many seconds without progress of the review threads the kubelet should restart the container.
const DEAD_AFTER: u32 = 30;

/// The parts of a server that probes check. Clones share them.
#[derive(Clone)]
pub(super) struct ProbedParts {
    pub(super) serving: Arc<Serving>,
    /// Whether the admission port accepts connections.
    pub(super) accepting: Arc<AtomicBool>,
    pub(super) drain: Drain,
    pub(super) heartbeat: Arc<Heartbeat>,
    pub(super) sources: ProbedSources,
}

/// The sources of companions. The admin port opens before they exist.
#[derive(Clone, Default)]
pub(super) struct ProbedSources {
    companions: Arc<OnceLock<CompanionsProbe>>,
    policies: Arc<OnceLock<HealthCheck>>,
    health: Arc<OnceLock<Arc<WatchHealth>>>,
}

type CompanionsProbe = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

impl ProbedSources {
    /// Sets the sources, which happens once.
    pub(super) fn found(
        &self,
        companions: impl Fn() -> Result<(), String> + Send + Sync + 'static,
        policies: Option<HealthCheck>,
        health: Option<Arc<WatchHealth>>,
    ) {
        let _ = self.companions.set(Box::new(companions));
        if let Some(policies) = policies {
            let _ = self.policies.set(policies);
        }
        if let Some(health) = health {
            let _ = self.health.set(health);
        }
    }

    fn companions_check(&self) -> HealthCheck {
        let companions = Arc::clone(&self.companions);
        let message = "companions are being read";
        HealthCheck::new("companions", move || companions.get().map_or_else(|| Err(message.into()), |probe| probe()))
    }

    fn policies_check(&self) -> HealthCheck {
        let policies = Arc::clone(&self.policies);
        HealthCheck::new("policies", move || policies.get().map_or(Ok(()), HealthCheck::outcome))
    }
}

impl ProbedParts {
    /// The parts of a server with this many review threads, before anything has started.
    pub(super) fn new(workers: u16) -> Self {
        ProbedParts {
            serving: Arc::default(),
            accepting: Arc::default(),
            drain: Drain::default(),
            heartbeat: Heartbeat::new(workers),
            sources: ProbedSources::default(),
        }
    }

    /// Opens the port. It stays open until the process exits, so that probes always show what the replica waits for.
    ///
    /// # Errors
    /// The port cannot be bound.
    pub(super) async fn open_port(
        &self,
        address: SocketAddr,
        with_policies: bool,
        metrics: Arc<ServerMetrics>,
    ) -> anyhow::Result<Listener> {
        let ready = self.ready_checks(with_policies);
        let (all, health) = (ready.clone(), Arc::clone(&self.sources.health));
        let router = admin_router(vec![self.heartbeat.check(DEAD_AFTER)], ready, move || {
            metrics.process.ready(all.iter().all(HealthCheck::passes));
            if let Some(health) = health.get() {
                metrics.source.record_watches(health);
            }
            metrics.process.scrape()
        });
        let port = Listener::bind(address, Transport::Plain, router, limits(), Drain::default(), Arc::default());
        port.await.context("cannot serve the admin port; see --admin-listen")
    }

    /// The checks of /readyz.
    fn ready_checks(&self, with_policies: bool) -> Vec<HealthCheck> {
        let mut checks = vec![
            certificate_check(&self.serving),
            self.sources.companions_check(),
            port_check(&self.accepting),
            shutdown_check(&self.drain),
            self.heartbeat.check(UNREADY_AFTER),
        ];
        checks.extend(with_policies.then(|| self.sources.policies_check()));
        checks
    }
}

/// Probes and scrapes take milliseconds, and each uses a connection of its own. A settle time of zero lets a new connection
/// evict one that takes longer at once, so there is always room for the kubelet, whatever other clients do.
fn limits() -> HttpLimits {
    HttpLimits {
        connections: 128,
        requests_per_connection: 1,
        settle: Duration::ZERO,
        head: Duration::from_secs(1),
        body: Duration::from_secs(1),
        answer: Duration::from_secs(2),
        idle: Duration::from_secs(2),
        ..HttpLimits::default()
    }
}

fn certificate_check(serving: &Arc<Serving>) -> HealthCheck {
    let serving = Arc::clone(serving);
    HealthCheck::new("certificate", move || serving.check(SystemTime::now()))
}

fn port_check(accepting: &Arc<AtomicBool>) -> HealthCheck {
    let accepting = Arc::clone(accepting);
    let message = "the admission port is not open yet";
    HealthCheck::new("port", move || if accepting.load(Ordering::Relaxed) { Ok(()) } else { Err(message.into()) })
}

fn shutdown_check(drain: &Drain) -> HealthCheck {
    let drain = drain.clone();
    let message = "this replica is shutting down";
    HealthCheck::new("shutdown", move || if drain.is_announced() { Err(message.into()) } else { Ok(()) })
}
