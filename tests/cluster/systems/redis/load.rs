//! Clients of the example's app, which ask without pause and count.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::cluster::Cluster;
use crate::control_plane::rest;
use crate::systems::example;

/// How many visits show that the app continues.
const SOME: usize = 20;

/// One client for each Pod.
pub struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<Outcome>>,
}

#[derive(Default)]
struct Shared {
    ended: AtomicBool,
    visits: AtomicUsize,
}

/// What the clients have seen.
#[derive(Default)]
pub struct Outcome {
    pub requests: usize,
    /// Requests that were not answered with a visit.
    pub failed: usize,
    /// Visits that were not counted higher than an earlier one: Redis has lost some.
    pub lost: usize,
    /// The longest time between two visits of one client.
    pub gap: Duration,
}

impl Load {
    /// Starts to ask the app in these Pods.
    pub fn start(pods: &[Value]) -> Self {
        let shared = Arc::new(Shared::default());
        let client = |pod| tokio::spawn(ask(example::address(pod).to_owned(), Arc::clone(&shared)));
        let clients = pods.iter().map(client).collect();
        Load { shared, clients }
    }

    /// Waits until more visits have been counted.
    pub async fn continues(&self, cluster: &Cluster) {
        let before = self.shared.visits.load(Ordering::Relaxed);
        cluster
            .eventually("more visits", async || {
                (self.shared.visits.load(Ordering::Relaxed) >= before + SOME).then_some(())
            })
            .await;
    }

    /// Ends it, and prints and returns what all clients have seen.
    pub async fn end(mut self, what: &str) -> Outcome {
        self.shared.ended.store(true, Ordering::Relaxed);
        let mut all = Outcome::default();
        for client in std::mem::take(&mut self.clients) {
            let one = client.await.expect("a client");
            all.requests += one.requests;
            all.failed += one.failed;
            all.lost += one.lost;
            all.gap = all.gap.max(one.gap);
        }
        println!("    {what}: {all}");
        all
    }
}

/// A test that fails also ends its clients.
impl Drop for Load {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gap = self.gap.as_millis();
        write!(
            f,
            "{} requests, {} failed, {} counts lost, the longest gap {gap} ms",
            self.requests, self.failed, self.lost
        )
    }
}

async fn ask(address: String, shared: Arc<Shared>) -> Outcome {
    let (mut seen, mut last, mut last_visit) = (Outcome::default(), Instant::now(), 0);
    while !shared.ended.load(Ordering::Relaxed) {
        seen.requests += 1;
        match visit(&address).await {
            Some(visit) => {
                seen.gap = seen.gap.max(last.elapsed());
                seen.lost += usize::from(visit <= last_visit);
                (last, last_visit) = (Instant::now(), visit);
                shared.visits.fetch_add(1, Ordering::Relaxed);
            }
            None => seen.failed += 1,
        }
        // It must not take the processor from what it looks at.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    seen
}

/// The number of a visit, as the app counts it in Redis.
pub async fn visit(address: &str) -> Option<u64> {
    rest::plain(address, 8080, "/").await?.trim().strip_prefix("visit ")?.parse().ok()
}
