//! Those that must be served: an API server with its kept connections, and a kubelet with its probes.

use std::net::IpAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_rustls::client::TlsStream;

use super::wire::{Client, Target, get, post};
use super::{Plan, bodies};

/// From where they come.
const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// How many connections the honest client keeps.
const CONNECTIONS: u32 = 4;

/// How an honest client fared.
#[derive(Default, Clone)]
pub(crate) struct Served {
    pub(crate) asked: u32,
    pub(crate) answered: u32,
    /// How long the answers took.
    latencies: Vec<Duration>,
    /// The first thing that went wrong.
    pub(crate) complaint: Option<String>,
}

impl Served {
    /// The share of what was answered, in percent.
    pub(crate) fn percent(&self) -> f64 {
        if self.asked == 0 { 0.0 } else { 100.0 * f64::from(self.answered) / f64::from(self.asked) }
    }

    /// The latency that 99 of 100 answers do not exceed.
    pub(crate) fn p99(&self) -> Duration {
        let mut all = self.latencies.clone();
        all.sort();
        all.get(all.len() * 99 / 100).or(all.last()).copied().unwrap_or(Duration::MAX)
    }

    fn note(&mut self, took: Duration, outcome: std::io::Result<u16>) {
        self.asked += 1;
        match outcome {
            Ok(200) => {
                self.answered += 1;
                self.latencies.push(took);
            }
            Ok(status) => drop(self.complaint.get_or_insert(format!("status {status}"))),
            Err(error) => drop(self.complaint.get_or_insert(error.to_string())),
        }
    }

    fn add(&mut self, other: Served) {
        self.asked += other.asked;
        self.answered += other.answered;
        self.latencies.extend(other.latencies);
        self.complaint = self.complaint.take().or(other.complaint);
    }
}

/// Posts reviews at a steady rate over a few kept connections, until the end.
pub(crate) async fn reviews(target: Target, plan: Plan, until: Instant) -> Served {
    let each: Vec<_> = (0..CONNECTIONS).map(|_| tokio::spawn(connection(target.clone(), plan, until))).collect();
    let mut all = Served::default();
    for one in each {
        all.add(one.await.expect("a client"));
    }
    all
}

async fn connection(target: Target, plan: Plan, until: Instant) -> Served {
    let request = post("/inject/requested", &bodies::requesting("sync", 1));
    let mut ticks = interval(Duration::from_secs(1) * CONNECTIONS / plan.reviews_per_second);
    // A client that is late posts less: what it could not ask is not counted against the server twice.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut served = Served::default();
    let mut kept = None;
    while Instant::now() < until {
        ticks.tick().await;
        let began = Instant::now();
        let outcome = timeout(plan.review_timeout, ask(&target, &mut kept, &request, plan)).await;
        served.note(began.elapsed(), outcome.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into())));
    }
    served
}

type Kept = Option<Client<TlsStream<TcpStream>>>;

/// Asks over the kept connection, or a new one. As Go's client does, it tries once more where a kept connection was
/// closed before anything was answered.
async fn ask(target: &Target, kept: &mut Kept, request: &[u8], plan: Plan) -> std::io::Result<u16> {
    let reused = kept.is_some();
    let outcome = ask_once(target, kept, request, plan).await;
    match &outcome {
        Err(error) if reused && error.kind() != std::io::ErrorKind::TimedOut => {
            ask_once(target, kept, request, plan).await
        }
        _ => outcome,
    }
}

async fn ask_once(target: &Target, kept: &mut Kept, request: &[u8], plan: Plan) -> std::io::Result<u16> {
    let mut client = match kept.take() {
        Some(client) => client,
        None => target.tls(FROM).await?,
    };
    let reply = client.ask(request, plan.review_timeout).await?;
    if !reply.closes {
        *kept = Some(client);
    }
    Ok(reply.status)
}

/// Probes as a kubelet does: each second, over a new connection each.
pub(crate) async fn probes(target: Target, plan: Plan, until: Instant) -> Served {
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut served = Served::default();
    while Instant::now() < until {
        ticks.tick().await;
        for path in ["/livez", "/readyz"] {
            let began = Instant::now();
            let probe = async {
                let mut client = target.plain(FROM).await?;
                Ok(client.ask(&get(path), plan.probe_timeout).await?.status)
            };
            let outcome = timeout(plan.probe_timeout, probe).await;
            served.note(began.elapsed(), outcome.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into())));
        }
    }
    served
}
