//! The port for probes and metrics, on a thread that does nothing but this and wait for signals.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;

use crate::http::{Drain, HealthCheck, Heartbeat, HttpLimits, Listener, Observer, Transport, admin_router};
use crate::metrics::Metrics;
use crate::source::cluster::WatchHealth;
use crate::tls::Serving;

/// After how many seconds without a sign of life from the threads that answer no more reviews are sent here, and after how
/// many this process is to be ended.
const SILENT: [u32; 2] = [5, 30];

/// What probes look at.
#[derive(Clone)]
pub(crate) struct ProbedParts {
    pub(crate) serving: Arc<Serving>,
    /// Whether reviews are answered.
    pub(crate) open: Arc<AtomicBool>,
    pub(crate) drain: Drain,
    pub(crate) heartbeat: Arc<Heartbeat>,
    pub(crate) sources: Sources,
}

/// Where companions come from, once that is known: files are read before.
#[derive(Clone, Default)]
pub(crate) struct Sources {
    companions: Arc<OnceLock<Waiting>>,
    policies: Arc<OnceLock<HealthCheck>>,
    health: Arc<OnceLock<Arc<WatchHealth>>>,
}

type Waiting = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

impl Sources {
    /// Notes what can be looked at from now on.
    pub(crate) fn found(
        &self,
        companions: impl Fn() -> Result<(), String> + Send + Sync + 'static,
        policies: Option<HealthCheck>,
        health: Option<Arc<WatchHealth>>,
    ) {
        // They are found once.
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
        HealthCheck::new("companions", move || {
            companions.get().map_or_else(|| Err(message.into()), |waiting| waiting())
        })
    }

    fn policies_check(&self) -> HealthCheck {
        let policies = Arc::clone(&self.policies);
        HealthCheck::new("policies", move || policies.get().map_or(Ok(()), HealthCheck::outcome))
    }
}

impl ProbedParts {
    /// The checks of /readyz. The policies' is among them where there are some.
    fn checks(&self, with_policies: bool) -> Vec<HealthCheck> {
        let mut checks = vec![
            certificate_check(&self.serving),
            self.sources.companions_check(),
            port_check(&self.open),
            shutdown_check(&self.drain),
            self.heartbeat.check(SILENT[0]),
        ];
        checks.extend(with_policies.then(|| self.sources.policies_check()));
        checks
    }

    /// Opens the port. It stays open from the beginning to the very end, so that everybody can see what is waited for.
    ///
    /// # Errors
    /// The port cannot be bound.
    pub(crate) async fn open_port(
        &self,
        address: SocketAddr,
        with_policies: bool,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Listener> {
        let checks = self.checks(with_policies);
        let (all, health) = (checks.clone(), Arc::clone(&self.sources.health));
        let router = admin_router(vec![self.heartbeat.check(SILENT[1])], checks, move || {
            metrics.ready(all.iter().all(HealthCheck::passes));
            if let Some(health) = health.get() {
                metrics.source.record_watches(health);
            }
            metrics.scrape()
        });
        let (drain, observer) = (Drain::default(), Observer::none());
        let port = Listener::bind(address, Transport::Plain, router, limits(), drain, observer);
        port.await.context("cannot answer probes; see --admin-listen")
    }
}

/// Probes and scrapes take milliseconds, and come by a connection of their own each. Whoever takes longer may be closed at
/// once when another one comes: then there is always room for the kubelet, whatever other clients do.
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

fn port_check(open: &Arc<AtomicBool>) -> HealthCheck {
    let open = Arc::clone(open);
    let message = "reviews are not answered yet";
    HealthCheck::new("port", move || if open.load(Ordering::Relaxed) { Ok(()) } else { Err(message.into()) })
}

fn shutdown_check(drain: &Drain) -> HealthCheck {
    let drain = drain.clone();
    let message = "this replica is ending";
    HealthCheck::new("shutdown", move || if drain.announced() { Err(message.into()) } else { Ok(()) })
}
