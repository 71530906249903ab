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
const CREATORS: usize = 4;

/// How many failures are printed.
const FEW: usize = 5;

/// A load that goes on until it is ended.
pub struct Load {
    state: Arc<LoadState>,
    creators: Vec<JoinHandle<()>>,
}

/// What became of the Pods.
#[derive(Default)]
struct LoadState {
    ended: AtomicBool,
    injected: AtomicUsize,
    not_injected: AtomicUsize,
    failed: AtomicUsize,
}

/// The counts of a load, and what it must come to.
#[derive(Debug)]
pub struct Counts {
    pub injected: usize,
    pub not_injected: usize,
    pub failed: usize,
}

impl Load {
    /// Creates Pods that ask for a companion, one after the other, in a namespace of its own.
    pub async fn start(cluster: &Cluster, companion: &'static str) -> Self {
        Load::start_with(cluster, companion, Value::Null).await
    }

    /// The same with labels.
    pub async fn start_with(cluster: &Cluster, companion: &'static str, labels: Value) -> Self {
        let namespace = cluster.namespace(json!({})).await;
        let state = Arc::new(LoadState::default());
        let creator = |number| {
            let (client, namespace, state) = (cluster.client.clone(), namespace.clone(), Arc::clone(&state));
            let template = template(labels.clone(), json!({"podgraft.dev/companions": companion}));
            tokio::spawn(async move { create(client, namespace, number, companion, template, state).await })
        };
        Load { creators: (0..CREATORS).map(creator).collect(), state }
    }

    /// Ends it and says what came of it.
    pub async fn end(mut self, what: &str) -> Counts {
        self.state.ended.store(true, Ordering::Relaxed);
        for creator in std::mem::take(&mut self.creators) {
            creator.await.expect("a creator of Pods");
        }
        let [injected, not_injected, failed] = [&self.state.injected, &self.state.not_injected, &self.state.failed]
            .map(|count| count.load(Ordering::Relaxed));
        println!("    {what}: {injected} Pods injected, {not_injected} not injected, {failed} failed");
        Counts { injected, not_injected, failed }
    }
}

/// A test that fails also ends its load, because others follow.
impl Drop for Load {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::Relaxed);
    }
}

impl LoadState {
    fn complain(&self, of: &str) {
        if self.failed.load(Ordering::Relaxed) < FEW {
            println!("    {of}");
        }
    }
}

impl Counts {
    /// No failed Pod and none without the companion, and enough of them to mean something.
    #[track_caller]
    pub fn expect_all_injected(&self) {
        assert!(self.not_injected == 0 && self.failed == 0 && self.injected > 100, "{self:?}");
    }
}

async fn create(
    client: Client,
    namespace: String,
    number: usize,
    companion: &str,
    template: Value,
    state: Arc<LoadState>,
) {
    let path = collection("Pod", &namespace);
    let mut count = 0_usize;
    while !state.ended.load(Ordering::Relaxed) {
        let name = format!("pod-{number}-{count}");
        count += 1;
        let body = pod(&name, &template);
        let answer = rest::send(&client, Method::POST, &path, Some(("application/json", &body))).await;
        let count = match answer {
            Ok(answer) if answer.status.is_success() && containers(&answer.body).contains(&companion) => {
                &state.injected
            }
            Ok(answer) if answer.status.is_success() => &state.not_injected,
            Ok(answer) => {
                state.complain(&format!("{name}: {} {}", answer.status, answer.body["message"]));
                &state.failed
            }
            Err(error) => {
                state.complain(&format!("{name}: {error:#}"));
                &state.failed
            }
        };
        count.fetch_add(1, Ordering::Relaxed);
        // They would fill the database.
        let now = json!({"gracePeriodSeconds": 0});
        let _ = rest::send(&client, Method::DELETE, &format!("{path}/{name}"), Some(("application/json", &now))).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
