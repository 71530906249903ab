//! Pods created without pause, and what became of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::Method;
use kube::Client;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::cluster::Cluster;
use crate::control_plane::rest;
use crate::workload::{collection, containers, pod, template};

/// How many create Pods at the same time.
const HANDS: usize = 4;

/// How many failures are printed.
const FEW: usize = 5;

/// A load that goes on until it is ended.
pub struct Load {
    seen: Arc<Seen>,
    hands: Vec<JoinHandle<()>>,
}

/// What became of the Pods.
#[derive(Default)]
struct Seen {
    ended: AtomicBool,
    injected: AtomicUsize,
    bare: AtomicUsize,
    failed: AtomicUsize,
}

/// The counts of a load, and what it must come to.
#[derive(Debug)]
pub struct Counts {
    pub injected: usize,
    pub bare: usize,
    pub failed: usize,
}

impl Load {
    /// Creates Pods that ask for a companion, one after the other, in a namespace of its own.
    pub async fn start(cluster: &Cluster, companion: &'static str) -> Self {
        Load::start_with(cluster, companion, Value::Null).await
    }

    /// The same with labels.
    pub async fn start_with(cluster: &Cluster, companion: &'static str, labels: Value) -> Self {
        let town = cluster.namespace(json!({})).await;
        let seen = Arc::new(Seen::default());
        let hand = |number| {
            let (client, town, seen) = (cluster.client.clone(), town.clone(), Arc::clone(&seen));
            let template = template(labels.clone(), json!({"podgraft.dev/companions": companion}));
            tokio::spawn(async move { create(client, town, number, companion, template, seen).await })
        };
        Load { hands: (0..HANDS).map(hand).collect(), seen }
    }

    /// Ends it and says what came of it.
    pub async fn end(mut self, what: &str) -> Counts {
        self.seen.ended.store(true, Ordering::Relaxed);
        for hand in std::mem::take(&mut self.hands) {
            hand.await.expect("a hand that creates Pods");
        }
        let [injected, bare, failed] =
            [&self.seen.injected, &self.seen.bare, &self.seen.failed].map(|count| count.load(Ordering::Relaxed));
        println!("    {what}: {injected} Pods injected, {bare} bare, {failed} failed");
        Counts { injected, bare, failed }
    }
}

/// A test that fails also ends its load, because others follow.
impl Drop for Load {
    fn drop(&mut self) {
        self.seen.ended.store(true, Ordering::Relaxed);
    }
}

impl Seen {
    fn complain(&self, of: &str) {
        if self.failed.load(Ordering::Relaxed) < FEW {
            println!("    {of}");
        }
    }
}

impl Counts {
    /// No failed and no bare Pod, and enough of them to mean something.
    #[track_caller]
    pub fn expect_all_injected(&self) {
        assert!(self.bare == 0 && self.failed == 0 && self.injected > 100, "{self:?}");
    }
}

async fn create(client: Client, town: String, number: usize, companion: &str, template: Value, seen: Arc<Seen>) {
    let path = collection("Pod", &town);
    let mut count = 0_usize;
    while !seen.ended.load(Ordering::Relaxed) {
        let name = format!("pod-{number}-{count}");
        count += 1;
        let body = pod(&name, &template);
        let answer = rest::send(&client, Method::POST, &path, Some(("application/json", &body))).await;
        let count = match answer {
            Ok(answer) if answer.status.is_success() && containers(&answer.body).contains(&companion) => &seen.injected,
            Ok(answer) if answer.status.is_success() => &seen.bare,
            Ok(answer) => {
                seen.complain(&format!("{name}: {} {}", answer.status, answer.body["message"]));
                &seen.failed
            }
            Err(error) => {
                seen.complain(&format!("{name}: {error:#}"));
                &seen.failed
            }
        };
        count.fetch_add(1, Ordering::Relaxed);
        // They would fill the database.
        let now = json!({"gracePeriodSeconds": 0});
        let _ = rest::send(&client, Method::DELETE, &format!("{path}/{name}"), Some(("application/json", &now))).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
