//! Pods created without pause while something fails: those that ask for a companion and those that do not, some of which
//! run.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{IDLE, companion, shell};
use crate::cluster::Cluster;
use crate::control_plane::rest;
use crate::workload::{collection, containers, pod, template};

/// The companion that the Pods ask for.
const COMPANION: &str = "always-there";

/// How long a Pod that runs is looked at before it is deleted and the next one is created.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many Pods have to be created for their outcome to mean something.
const ENOUGH: usize = 20;

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
    counts: [Counters; 2],
    ran: AtomicUsize,
    ran_bare: AtomicUsize,
}

impl Seen {
    /// How many Pods were injected, how many that do not ask were created, and how many have run.
    fn progress(&self) -> [usize; 3] {
        [&self.counts[0].injected, &self.counts[1].bare, &self.ran].map(|count| count.load(Ordering::Relaxed))
    }
}

#[derive(Default)]
struct Counters {
    injected: AtomicUsize,
    bare: AtomicUsize,
    failed: AtomicUsize,
}

/// What a Pod of the traffic asks for, as the index of its counters.
#[derive(Clone, Copy)]
enum Kind {
    Asks = 0,
    Silent = 1,
}

/// What became of the Pods, and how long reviews took.
#[derive(Debug)]
pub struct Outcome {
    /// Created with the companion.
    pub injected: usize,
    /// Created without the companion that they ask for.
    pub bare: usize,
    /// Not created, with an error. The client tries again with another Pod.
    pub failed: usize,
    /// Ran with the companion, which had started before.
    pub ran: usize,
    /// An app container ran without the companion beside it.
    pub ran_bare: usize,
    /// Pods that ask for nothing: created, and not created.
    pub silent: usize,
    pub silent_failed: usize,
    /// The longest time for which the API server waited for mutating webhooks, for a Pod that asks for nothing.
    pub longest_wait: Duration,
}

impl Traffic {
    /// Starts to create Pods in a namespace of its own.
    pub async fn start(cluster: &Cluster) -> Self {
        cluster.companion(&companion(COMPANION, IDLE)).await;
        let namespace = cluster.namespace(json!({})).await;
        let seen = Arc::new(Seen::default());
        let hand = |number: usize, kind: Kind| {
            let hand =
                Hand { client: cluster.client.clone(), namespace: namespace.clone(), number, seen: Arc::clone(&seen) };
            tokio::spawn(async move { hand.create(kind).await })
        };
        let mut hands = vec![hand(0, Kind::Asks), hand(1, Kind::Asks), hand(2, Kind::Silent)];
        for number in [3, 4] {
            let hand =
                Hand { client: cluster.client.clone(), namespace: namespace.clone(), number, seen: Arc::clone(&seen) };
            hands.push(tokio::spawn(async move { hand.run().await }));
        }
        Traffic { seen, hands, namespace }
    }

    /// Waits until Pods of each kind have been created, and one has run, after everything works again.
    pub async fn flows(&self, cluster: &Cluster) {
        let before = self.seen.progress();
        cluster
            .eventually("Pods again", async || {
                let now = self.seen.progress();
                let made = |kind: usize| now[kind] >= before[kind] + ENOUGH;
                (made(0) && made(1) && now[2] > before[2]).then_some(())
            })
            .await;
    }

    /// Ends it, prints and returns what became of the Pods.
    pub async fn end(mut self, cluster: &Cluster, what: &str) -> Outcome {
        self.seen.ended.store(true, Ordering::Relaxed);
        for hand in std::mem::take(&mut self.hands) {
            hand.await.expect("a hand that creates Pods");
        }
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        let [asks, silent] = &self.seen.counts;
        let outcome = Outcome {
            injected: count(&asks.injected),
            bare: count(&asks.bare),
            failed: count(&asks.failed),
            ran: count(&self.seen.ran),
            ran_bare: count(&self.seen.ran_bare),
            silent: count(&silent.bare),
            silent_failed: count(&silent.failed),
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

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} Pods injected, {} bare, {} failed; {} ran with the companion, {} without; {} Pods that do not ask, {} \
             failed, the longest wait was {} ms",
            self.injected,
            self.bare,
            self.failed,
            self.ran,
            self.ran_bare,
            self.silent,
            self.silent_failed,
            self.longest_wait.as_millis()
        )
    }
}

impl Outcome {
    /// No Pod that asks exists without its companion, and enough Pods were created for this to mean something.
    #[track_caller]
    pub fn expect_no_bare_pod(&self) {
        assert!(self.bare == 0 && self.ran_bare == 0, "{self}");
        assert!(self.injected >= ENOUGH && self.ran > 0 && self.silent >= ENOUGH, "{self}");
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
    /// Pods that no scheduler cares about: only their creation counts.
    async fn create(&self, kind: Kind) {
        let mut template = match kind {
            Kind::Asks => shell(COMPANION),
            Kind::Silent => template(Value::Null, Value::Null),
        };
        template["spec"]["schedulerName"] = "none".into();
        for count in 0.. {
            if self.seen.ended.load(Ordering::Relaxed) {
                return;
            }
            let name = format!("{}-{}-{count}", if matches!(kind, Kind::Asks) { "asks" } else { SILENT }, self.number);
            if self.post(kind, &pod(&name, &template)).await.is_some() {
                self.delete(&name).await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Pods that ask and run.
    async fn run(&self) {
        let template = shell(COMPANION);
        for count in 0.. {
            if self.seen.ended.load(Ordering::Relaxed) {
                return;
            }
            let name = format!("runs-{}-{count}", self.number);
            if self.post(Kind::Asks, &pod(&name, &template)).await.is_some() {
                self.follow(&name).await;
                self.delete(&name).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn post(&self, kind: Kind, pod: &Value) -> Option<()> {
        let path = collection("Pod", &self.namespace);
        let answer = rest::send(&self.client, Method::POST, &path, Some(("application/json", pod))).await.ok();
        let created = answer.filter(|answer| answer.status.is_success());
        let counters = &self.seen.counts[kind as usize];
        let counter = match &created {
            Some(answer) if containers(&answer.body).contains(&COMPANION) => &counters.injected,
            Some(_) => &counters.bare,
            None => &counters.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        created.map(|_| ())
    }

    /// Looks at a Pod until its app runs.
    async fn follow(&self, name: &str) {
        let path = format!("{}/{name}", collection("Pod", &self.namespace));
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let answer = rest::send(&self.client, Method::GET, &path, None).await;
            let Some(status) = answer.ok().map(|mut answer| answer.body["status"].take()) else { continue };
            if !status["containerStatuses"][0]["state"]["running"].is_null() {
                let companion = &status["initContainerStatuses"][0];
                let is_beside = companion["name"] == COMPANION && companion["started"] == true;
                let counter = if is_beside { &self.seen.ran } else { &self.seen.ran_bare };
                counter.fetch_add(1, Ordering::Relaxed);
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn delete(&self, name: &str) {
        let path = format!("{}/{name}", collection("Pod", &self.namespace));
        let now = json!({"gracePeriodSeconds": 0});
        // Where the API server does not answer, the Pod remains until the end.
        let _ = rest::send(&self.client, Method::DELETE, &path, Some(("application/json", &now))).await;
    }
}

/// The start of the names of Pods that ask for nothing.
const SILENT: &str = "silent";

/// What the API server itself measured and wrote into its audit log, where it was more than half a second.
fn longest_wait(cluster: &Cluster, namespace: &str) -> Duration {
    let log = std::fs::read_to_string(cluster.folder.join("audit.log")).expect("the audit log");
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_silent = |event: &Value| {
        let object = &event["objectRef"];
        object["namespace"] == namespace && object["name"].as_str().is_some_and(|name| name.starts_with(SILENT))
    };
    let waits = events.filter(of_silent).filter_map(|event| {
        let wait = event["annotations"]["apiserver.latency.k8s.io/mutating-webhook"].as_str()?;
        milliseconds(wait)
    });
    waits.max().unwrap_or_default()
}

/// A duration as Go prints it, of less than a minute: `2.001s` or `512.3ms`.
fn milliseconds(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1e-3),
        None => (text.strip_suffix('s')?, 1.0),
    };
    number.parse::<f64>().ok().map(|number| Duration::from_secs_f64(number * unit))
}
