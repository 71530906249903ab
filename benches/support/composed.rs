//! Servers that a benchmark composes of the product's rooms: the null webhook, and reviews with a wanted number of companions,
//! containers and namespaces. Each runs as a process of its own, which is the benchmark's binary started again.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use podgraft::internals::admission;
use podgraft::internals::admission::Answer;
use podgraft::internals::http::{Drain, HttpLimits, Listener, Reviewer, Transport, admission_router};
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use podgraft::internals::metrics::Metrics;
use podgraft::internals::telemetry;
use podgraft::internals::telemetry::{Log, LogFormat};
use podgraft::internals::tls::development::issue;
use podgraft::internals::tls::{Pair, Serving, server_config};
use serde_json::{Value, json};

use super::client::Client;
use super::server::{REVIEW_THREADS, Server};
use crate::support::{sized, snapshot};

/// The variable that makes a process of the benchmark a server.
const SERVE: &str = "PODGRAFT_BENCH_SERVE";

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Composition {
    /// Reads the body, and answers a constant of at least so many bytes: the least that a webhook can do whose answer is that long.
    Constant(usize),
    /// Reviews, with metrics and log.
    Reviews(Population),
}

/// What a server that reviews has to consider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Population {
    pub companions: usize,
    /// How many containers are injected, at most 16.
    pub containers: usize,
    pub namespaces: usize,
}

impl Population {
    pub const SMALLEST: Population = Population { companions: 1, containers: 1, namespaces: 1 };
}

/// Serves, if this process was started by [`start`]; never returns then. A benchmark calls it first.
pub fn serve_if_asked() {
    if let Ok(text) = std::env::var(SERVE) {
        serve(Composition::parse(&text));
        std::process::exit(0);
    }
}

/// Starts a server in a process of its own.
pub fn start(composition: Composition) -> Server {
    let mut process = Command::new(std::env::current_exe().expect("a path"))
        .env(SERVE, composition.to_text())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let mut line = String::new();
    let read = BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line);
    assert!(read.is_ok_and(|bytes| bytes > 0), "the server {composition:?} did not start");
    let (address, ca) = line.trim_end().split_once(' ').expect("an address and a CA");
    let client = Client::new(address.parse().expect("an address"), &ca.replace('|', "\n"));
    Server::new(process, client, None)
}

impl Composition {
    /// The null webhook: the shortest answer.
    pub const NULL: Composition = Composition::Constant(0);

    fn to_text(self) -> String {
        match self {
            Composition::Constant(bytes) => format!("constant {bytes}"),
            Composition::Reviews(population) => {
                format!("{} {} {}", population.companions, population.containers, population.namespaces)
            }
        }
    }

    fn parse(text: &str) -> Self {
        let mut counts = text.split(' ').map(|count| count.parse().expect("a count"));
        let mut next = || counts.next().expect("three counts");
        if let Some(bytes) = text.strip_prefix("constant ") {
            return Composition::Constant(bytes.parse().expect("a count"));
        }
        Composition::Reviews(Population { companions: next(), containers: next(), namespaces: next() })
    }

    fn reviewer(self) -> Reviewer {
        match self {
            Composition::Constant(bytes) => constant(bytes),
            Composition::Reviews(population) => reviews(Arc::new(snapshot(&population.manifests()))),
        }
    }
}

impl Population {
    /// How long the answer to a review is, in bytes.
    pub fn answer_to(self, review: &[u8]) -> usize {
        admission::review(review, Webhook::Requested, &snapshot(&self.manifests()), |_| {}).body.len()
    }

    /// The companions and Namespaces.
    pub fn manifests(self) -> Vec<Value> {
        let mut manifests = sized::companions(self.companions, self.containers);
        let namespace = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": "a"}}});
        manifests.push(namespace("team"));
        manifests.extend((1..self.namespaces).map(|i| namespace(&format!("other-{i}"))));
        manifests
    }
}

/// Answers are filled up with spaces to at least this length.
fn constant(length: usize) -> Reviewer {
    let spaces = " ".repeat(length);
    Reviewer::new(move |_, body| {
        let mut answer = String::with_capacity(length);
        let written = write!(
            answer,
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{{"uid":"{}","allowed":true}}}}"#,
            body.len()
        );
        written.expect("a string");
        answer.push_str(spaces.get(answer.len()..).unwrap_or_default());
        Answer { status: 200, body: answer.into_bytes() }
    })
}

/// Reviews as `podgraft serve` does them: metrics and log included.
fn reviews(snapshot: Arc<Snapshot>) -> Reviewer {
    let metrics = Metrics::default();
    Reviewer::new(move |_, body| {
        let started = Instant::now();
        admission::review(body, Webhook::Requested, &snapshot, |record| {
            let took = started.elapsed();
            metrics.review(record, took);
            telemetry::review(record, took);
        })
    })
}

/// Serves until the process that started this one ends.
fn serve(composition: Composition) {
    let _log = Log::open(LogFormat::Json, "info").expect("a log");
    let reviewer = composition.reviewer();
    let server = thread::Builder::new().name(REVIEW_THREADS.into()).spawn(move || listen(reviewer));
    drop(server.expect("a thread"));
    let _ = std::io::stdin().read(&mut [0]);
}

fn listen(reviewer: Reviewer) {
    let issued = issue(["localhost"]).expect("a certificate");
    let pair = Pair::parse(issued.certificate.as_bytes(), issued.key.as_bytes()).expect("a pair");
    let tls = server_config(Serving::new(pair)).expect("a TLS configuration");
    let day = Duration::from_secs(86_400);
    let limits = HttpLimits { connections: 1024, connection_age: day, ..HttpLimits::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let router = admission_router(reviewer, &limits, Arc::default());
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let transport = Transport::Tls(Arc::new(tls));
        let port = Listener::bind(address, transport, router, limits, Drain::default(), Arc::default());
        let port = port.await.expect("a port");
        println!("{} {}", port.address(), issued.authority.replace('\n', "|"));
        port.serve(Duration::ZERO).await;
    });
}
