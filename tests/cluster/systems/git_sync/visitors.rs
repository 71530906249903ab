//! Clients of a web server that never stop asking.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::repository::number;
use crate::cluster::Cluster;
use crate::control_plane::rest;

/// A client that has waited for so long has lost its request.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two requests of a client: the machine has other work.
const PAUSE: Duration = Duration::from_millis(10);

/// Some clients of one address. Each request has a connection of its own, so that all endpoints of a Service get some.
pub struct Visitors {
    seen: Arc<Seen>,
    clients: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    ended: AtomicBool,
    visits: Mutex<Visits>,
}

/// What became of the requests.
#[derive(Default)]
pub struct Visits {
    /// How many times each page was seen.
    pub pages: BTreeMap<usize, usize>,
    /// Why requests failed, and when: seconds since the first request of the client.
    pub failures: Vec<String>,
}

impl Visitors {
    /// Clients of a Service. Its address works a moment after its Pods are Ready; until then a client may wait for long.
    pub async fn of_service(cluster: &Cluster, namespace: &str, name: &str, clients: usize) -> Self {
        let service = cluster.get(&format!("/api/v1/namespaces/{namespace}/services/{name}")).await.expect("a Service");
        let address = service["spec"]["clusterIP"].as_str().expect("an address");
        cluster
            .eventually("a Service that works", async || {
                tokio::time::timeout(Duration::from_secs(1), rest::plain(address, 80, "/")).await.ok()?
            })
            .await;
        Visitors::start(address, clients)
    }

    fn start(address: &str, clients: usize) -> Self {
        let seen = Arc::new(Seen::default());
        let client = |_| tokio::spawn(visit_until_ended(address.to_owned(), Arc::clone(&seen)));
        Visitors { clients: (0..clients).map(client).collect(), seen }
    }

    /// Waits for the last responses.
    pub async fn end(mut self) -> Visits {
        self.seen.ended.store(true, Ordering::Relaxed);
        for client in std::mem::take(&mut self.clients) {
            client.await.expect("a client does not panic");
        }
        std::mem::take(&mut *self.seen.visits())
    }
}

impl Drop for Visitors {
    fn drop(&mut self) {
        self.seen.ended.store(true, Ordering::Relaxed);
    }
}

impl Seen {
    fn visits(&self) -> std::sync::MutexGuard<'_, Visits> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visits {
    /// No request failed, and each of the pages from 1 to the last one was seen.
    #[track_caller]
    pub fn expect_all(&self, last: usize) {
        assert!(self.failures.is_empty(), "{self}: {:#?}", self.failures);
        assert_eq!(self.pages.keys().copied().collect::<Vec<_>>(), (1..=last).collect::<Vec<_>>(), "{self}");
    }
}

impl fmt::Display for Visits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests = self.pages.values().sum::<usize>() + self.failures.len();
        write!(f, "{requests} requests, {} failed, {} pages seen", self.failures.len(), self.pages.len())
    }
}

async fn visit_until_ended(address: String, seen: Arc<Seen>) {
    let started = Instant::now();
    loop {
        // The last request is one that begins after the end: it sees the last page.
        let is_last = seen.ended.load(Ordering::Relaxed);
        let visit = tokio::time::timeout(PATIENCE, visit(&address)).await;
        let page = visit.context("no response").flatten();
        match page {
            Ok(page) => *seen.visits().pages.entry(page).or_default() += 1,
            Err(why) => seen.visits().failures.push(format!("{:.1} s: {why:#}", started.elapsed().as_secs_f32())),
        }
        if is_last {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The number of the page that is served.
async fn visit(address: &str) -> anyhow::Result<usize> {
    let mut stream = TcpStream::connect((address, 80)).await.context("cannot connect")?;
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.context("cannot send")?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await.context("cannot read")?;
    let (head, page) = response.split_once("\r\n\r\n").with_context(|| format!("half a response: {response:?}"))?;
    ensure!(head.starts_with("HTTP/1.1 200"), "{head}");
    number(page).with_context(|| format!("not a whole page: {} bytes", page.len()))
}
