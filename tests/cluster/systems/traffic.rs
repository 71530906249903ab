//! Pods created without pause while something fails: those that request a companion, of which some run, those that request
//! a companion of the examples, and those that request nothing.

mod outcome;
mod requests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

pub use outcome::Outcome;
use outcome::{Counts, ENOUGH, SILENT, longest_wait};
use requests::{Request, SMALL, SYSTEMS};

use super::{IDLE, companion};
use crate::cluster::{Cluster, TIMEOUT};
use crate::control_plane::rest;
use crate::workload::{collection, containers, pod, template};

/// Traffic that goes on until it is ended.
pub struct Traffic {
    seen: Arc<Seen>,
    hands: Vec<JoinHandle<()>>,
    namespace: String,
}

/// What became of the Pods so far.
#[derive(Default)]
struct Seen {
    ended: AtomicBool,
    asks: Counters,
    silent: Counters,
    systems: [Counters; SYSTEMS.len()],
    ran: AtomicUsize,
    ran_bare: AtomicUsize,
}

impl Seen {
    /// Whether enough Pods of each kind were created since an earlier look, and one has run.
    fn has_moved_on(&self, since: &Progress) -> bool {
        let (now, enough) = (self.progress(), ENOUGH);
        let systems = now.systems.iter().zip(since.systems);
        now.asks >= since.asks + enough
            && now.silent >= since.silent + enough
            && now.ran > since.ran
            && systems.into_iter().all(|(now, before)| *now > before)
    }

    fn progress(&self) -> Progress {
        Progress {
            asks: self.asks.counts().injected,
            silent: self.silent.counts().bare,
            ran: self.ran.load(Ordering::Relaxed),
            systems: self.systems.each_ref().map(|counters| counters.counts().injected),
        }
    }
}

/// How many Pods were created as they should be.
struct Progress {
    asks: usize,
    silent: usize,
    ran: usize,
    systems: [usize; SYSTEMS.len()],
}

#[derive(Default)]
struct Counters {
    injected: AtomicUsize,
    bare: AtomicUsize,
    failed: AtomicUsize,
}

impl Counters {
    fn counts(&self) -> Counts {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        Counts { injected: count(&self.injected), bare: count(&self.bare), failed: count(&self.failed) }
    }
}

impl Traffic {
    /// Starts to create Pods in a namespace of its own.
    pub async fn start(cluster: &Cluster) -> Self {
        cluster.apply_companions_of_examples();
        cluster.companion(&companion(SMALL.companion, IDLE)).await;
        let namespace = cluster.namespace(json!({})).await;
        let seen = Arc::new(Seen::default());
        let hand = |number: usize| Hand {
            client: cluster.client.clone(),
            namespace: namespace.clone(),
            number,
            seen: Arc::clone(&seen),
        };
        let hands = [0, 1].map(|number| tokio::spawn(hand(number).create_asking())).into_iter();
        let running = [2, 3].map(|number| tokio::spawn(hand(number).run()));
        let others = [tokio::spawn(hand(4).create_silent()), tokio::spawn(hand(5).create_systems())];
        let hands = hands.chain(running).chain(others).collect();
        Traffic { seen, hands, namespace }
    }

    /// Waits until Pods of each kind have been created, and one has run, after everything works again.
    pub async fn flows(&self, cluster: &Cluster) {
        let before = self.seen.progress();
        cluster.eventually("Pods again", async || self.seen.has_moved_on(&before).then_some(())).await;
    }

    /// Ends it, prints and returns what became of the Pods.
    pub async fn end(mut self, cluster: &Cluster, what: &str) -> Outcome {
        self.seen.ended.store(true, Ordering::Relaxed);
        for hand in std::mem::take(&mut self.hands) {
            hand.await.expect("a hand that creates Pods");
        }
        let seen = &self.seen;
        let outcome = Outcome {
            asks: seen.asks.counts(),
            systems: seen.systems.iter().map(Counters::counts).collect(),
            ran: seen.ran.load(Ordering::Relaxed),
            ran_bare: seen.ran_bare.load(Ordering::Relaxed),
            silent: seen.silent.counts(),
            longest_wait: longest_wait(cluster, &self.namespace),
        };
        println!("    {what}: {outcome}");
        cluster.delete_now(&collection("Pod", &self.namespace)).await;
        outcome
    }
}

/// A test that fails also ends its traffic, because others follow.
impl Drop for Traffic {
    fn drop(&mut self) {
        self.seen.ended.store(true, Ordering::Relaxed);
    }
}

/// One client that creates Pods one after the other.
struct Hand {
    client: kube::Client,
    namespace: String,
    number: usize,
    seen: Arc<Seen>,
}

impl Hand {
    async fn create_asking(self) {
        let template = unscheduled(SMALL.template());
        for count in 0.. {
            let name = format!("asks-{}-{count}", self.number);
            if self.create(&self.seen.asks, &SMALL, &pod(&name, &template)).await.is_none() {
                return;
            }
        }
    }

    async fn create_silent(self) {
        let template = unscheduled(template(Value::Null, Value::Null));
        for count in 0.. {
            let name = format!("{SILENT}-{}-{count}", self.number);
            if self.create(&self.seen.silent, &SMALL, &pod(&name, &template)).await.is_none() {
                return;
            }
        }
    }

    /// Pods that request the companions of the examples, one after the other.
    async fn create_systems(self) {
        let templates = SYSTEMS.map(|request| unscheduled(request.template()));
        for count in 0.. {
            let kind = count % SYSTEMS.len();
            let pod = pod(&format!("system-{}-{count}", self.number), &templates[kind]);
            if self.create(&self.seen.systems[kind], &SYSTEMS[kind], &pod).await.is_none() {
                return;
            }
        }
    }

    /// Creates and deletes a Pod of which only the creation counts; nothing where the traffic has ended.
    async fn create(&self, counters: &Counters, request: &Request, pod: &Value) -> Option<()> {
        if self.seen.ended.load(Ordering::Relaxed) {
            return None;
        }
        if self.post(counters, request, pod).await.is_some() {
            self.delete(pod["metadata"]["name"].as_str()?).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some(())
    }

    /// Pods that request a companion and run.
    async fn run(self) {
        let template = SMALL.template();
        for count in 0.. {
            if self.seen.ended.load(Ordering::Relaxed) {
                return;
            }
            let name = format!("runs-{}-{count}", self.number);
            if self.post(&self.seen.asks, &SMALL, &pod(&name, &template)).await.is_some() {
                self.follow(&name).await;
                self.delete(&name).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn post(&self, counters: &Counters, request: &Request, pod: &Value) -> Option<()> {
        let path = collection("Pod", &self.namespace);
        let answer = rest::send(&self.client, Method::POST, &path, Some(("application/json", pod))).await.ok();
        let created = answer.filter(|answer| answer.status.is_success());
        let counter = match &created {
            Some(answer) if containers(&answer.body).contains(&request.companion) => &counters.injected,
            Some(_) => &counters.bare,
            None => &counters.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        created.map(|_| ())
    }

    /// Looks at a Pod until its app runs, at most for as long as tests wait for that.
    async fn follow(&self, name: &str) {
        let path = format!("{}/{name}", collection("Pod", &self.namespace));
        let started = Instant::now();
        while started.elapsed() < TIMEOUT {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let answer = rest::send(&self.client, Method::GET, &path, None).await;
            let Some(status) = answer.ok().map(|mut answer| answer.body["status"].take()) else { continue };
            if !status["containerStatuses"][0]["state"]["running"].is_null() {
                let companion = &status["initContainerStatuses"][0];
                let is_beside = companion["name"] == SMALL.companion && companion["started"] == true;
                let counter = if is_beside { &self.seen.ran } else { &self.seen.ran_bare };
                counter.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
    }

    async fn delete(&self, name: &str) {
        let path = format!("{}/{name}", collection("Pod", &self.namespace));
        let now = json!({"gracePeriodSeconds": 0});
        // Where the API server does not answer, the Pod remains until the end.
        let _ = rest::send(&self.client, Method::DELETE, &path, Some(("application/json", &now))).await;
    }
}

/// A Pod that no scheduler cares about.
fn unscheduled(mut template: Value) -> Value {
    template["spec"]["schedulerName"] = "none".into();
    template
}
