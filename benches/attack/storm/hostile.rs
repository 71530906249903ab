//! The hostile clients. Each is bounded in number and pace, and ends on time.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::bodies;
use super::wire::{Target, get, post};

/// What a hostile client did, and how often it got what.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<String, u64>);

/// What a hostile client works with.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) target: Target,
    pub(crate) from: IpAddr,
    pub(crate) until: Instant,
    /// A short run has fewer connections, in percent.
    pub(crate) strength: usize,
    pub(crate) companions: PathBuf,
    tally: Arc<Mutex<Tally>>,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a hostile client does, and how.
type Client = (&'static str, fn(Run) -> Work);

/// All kinds of hostile clients, by what they do.
pub(crate) const ALL: [Client; 15] = [
    ("pattern bombs in the preview", |r| {
        Box::pin(poster(r, "/preview", bodies::preview_of(&bodies::costly_companion()), 1, 300))
    }),
    ("companions of shells in the preview", |r| {
        Box::pin(poster(r, "/preview", bodies::preview_of(&bodies::companion_of_shells()), 1, 500))
    }),
    ("a costly companion in a file", |r| Box::pin(costly_file(r))),
    ("wide patches", |r| Box::pin(poster(r, "/inject/requested", bodies::requesting("settings", 1_500), 2, 300))),
    ("misplaced annotations", |r| Box::pin(poster(r, "/preview", bodies::misplaced(), 2, 200))),
    ("costly reviews", |r| Box::pin(costly_reviews(r))),
    ("readers of nothing, large answers", |r| Box::pin(slow_readers(r, 250, 12))),
    ("readers of nothing, small answers", |r| Box::pin(slow_readers(r, 20, 40))),
    ("half bodies", |r| Box::pin(half_bodies(r))),
    ("silent connections", |r| Box::pin(silent(r, 200))),
    ("connections without an end", |r| Box::pin(connecting(r))),
    ("refused paths", |r| Box::pin(connections(r, post("/none", b""), 64))),
    ("refused bodies", |r| Box::pin(connections(r, post("/inject/requested", b"[]"), 64))),
    ("valid reviews", |r| Box::pin(connections(r, post("/inject/requested", &bodies::pod("", 1)), 128))),
    ("probes", |r| Box::pin(probing(r, 66))),
];

impl Run {
    pub(crate) fn new(target: Target, from: IpAddr, until: Instant, strength: usize, companions: PathBuf) -> Self {
        Run { target, from, until, strength, companions, tally: Arc::default() }
    }

    /// What came of it so far.
    pub(crate) fn told(&self) -> String {
        let tally = self.tally.lock().expect("no thread panics with the lock");
        let parts: Vec<String> = tally.0.iter().map(|(what, count)| format!("{count} x {what}")).collect();
        if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
    }

    fn count(&self, what: impl Into<String>) {
        *self.tally.lock().expect("no thread panics with the lock").0.entry(what.into()).or_default() += 1;
    }

    fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }

    /// So many at full strength.
    fn scaled(&self, many: usize) -> usize {
        (many * self.strength / 100).max(1)
    }

    async fn pause(&self, milliseconds: u64) {
        sleep_until(self.until.min(Instant::now() + Duration::from_millis(milliseconds))).await;
    }
}

/// Runs several of one kind, each for itself.
async fn several<F: Future<Output = ()> + Send + 'static>(count: usize, one: impl Fn() -> F) {
    let all: Vec<_> = (0..count).map(|_| tokio::spawn(one())).collect();
    for each in all {
        let _ = each.await;
    }
}

/// Posts one body again and again, over a new connection each time.
async fn poster(run: Run, path: &'static str, body: Vec<u8>, clients: usize, pause: u64) {
    let request: Arc<[u8]> = post(path, &body).into();
    several(clients, || one_poster(run.clone(), Arc::clone(&request), pause)).await;
}

async fn one_poster(run: Run, request: Arc<[u8]>, pause: u64) {
    while run.goes_on() {
        run.count(post_once(&run, &request).await);
        run.pause(pause).await;
    }
}

async fn post_once(run: &Run, request: &[u8]) -> String {
    let asked = async { run.target.tls(run.from).await?.ask(request, Duration::from_secs(10)).await };
    match timeout_at(run.until, asked).await {
        Ok(Ok(reply)) => reply.status.to_string(),
        Ok(Err(error)) => error.kind().to_string(),
        Err(_) => "the end".to_owned(),
    }
}

async fn costly_reviews(run: Run) {
    let requests: Vec<Vec<u8>> = bodies::costly_work().iter().map(|body| post("/inject/requested", body)).collect();
    let mut turn = requests.iter().cycle();
    while let (true, Some(request)) = (run.goes_on(), turn.next()) {
        run.count(post_once(&run, request).await);
        run.pause(200).await;
    }
}

/// A user who may write companions writes a costly one, and deletes it again.
async fn costly_file(run: Run) {
    let file = run.companions.join("costly.json");
    while run.goes_on() {
        let written = std::fs::write(&file, bodies::costly_companion());
        run.count(if written.is_ok() { "written" } else { "not written" });
        run.pause(5_000).await;
        let _ = std::fs::remove_file(&file);
        run.pause(2_000).await;
    }
}

/// Connections that post and do not read.
async fn slow_readers(run: Run, containers: usize, clients: usize) {
    let request: Arc<[u8]> = post("/inject/requested", &bodies::requesting("settings", containers)).into();
    let clients = run.scaled(clients);
    several(clients, || one_slow_reader(run.clone(), Arc::clone(&request))).await;
}

async fn one_slow_reader(run: Run, request: Arc<[u8]>) {
    while run.goes_on() {
        let held = async {
            let mut client = run.target.tls_over(run.target.tcp(run.from, Some(4_096)).await?).await?;
            client.send(&request).await.map(|()| client)
        };
        match held.await {
            Ok(client) => {
                run.count("held");
                run.pause(8_000).await;
                drop(client);
            }
            Err(error) => run.count(error.kind().to_string()),
        }
        run.pause(300).await;
    }
}

/// Bodies that are announced and do not come.
async fn half_bodies(run: Run) {
    let whole = post("/inject/requested", &vec![b' '; 7 << 20]);
    let half: Arc<[u8]> = whole[..2 << 20].into();
    several(run.scaled(16), || one_half_body(run.clone(), Arc::clone(&half))).await;
}

async fn one_half_body(run: Run, half: Arc<[u8]>) {
    while run.goes_on() {
        let outcome = async {
            let mut client = run.target.tls(run.from).await?;
            client.ask(&half, Duration::from_secs(12)).await
        };
        run.count(match timeout_at(run.until, outcome).await {
            Ok(Ok(reply)) => reply.status.to_string(),
            Ok(Err(error)) => error.kind().to_string(),
            Err(_) => "the end".to_owned(),
        });
        run.pause(500).await;
    }
}

/// Connections that say nothing at all.
async fn silent(run: Run, most: usize) {
    let mut held = std::collections::VecDeque::new();
    let most = run.scaled(most);
    while run.goes_on() {
        match run.target.tcp(run.from, None).await {
            Ok(tcp) => {
                run.count("opened");
                held.push_back(tcp);
            }
            Err(error) => run.count(error.kind().to_string()),
        }
        if held.len() > most {
            held.pop_front();
        }
        run.pause(20).await;
    }
}

/// Handshakes, begun and broken off in turns.
async fn connecting(run: Run) {
    while run.goes_on() {
        match run.target.tls(run.from).await {
            Ok(_) => run.count("handshakes"),
            Err(error) => run.count(error.kind().to_string()),
        }
        if let Ok(mut tcp) = run.target.tcp(run.from, None).await {
            let _ = tcp.write_all(&[0x16, 3, 1, 0, 200, 1]).await;
            run.count("begun");
        }
        run.pause(50).await;
    }
}

/// Kept connections that ask the same about three times a second.
async fn connections(run: Run, request: Vec<u8>, clients: usize) {
    let request: Arc<[u8]> = request.into();
    several(run.scaled(clients), || one_of_a_crowd(run.clone(), Arc::clone(&request))).await;
}

async fn one_of_a_crowd(run: Run, request: Arc<[u8]>) {
    while run.goes_on() {
        let Ok(mut client) = run.target.tls(run.from).await else {
            run.count("not connected");
            run.pause(300).await;
            continue;
        };
        while run.goes_on() {
            match client.ask(&request, Duration::from_secs(3)).await {
                Ok(reply) => run.count(reply.status.to_string()),
                Err(error) => {
                    run.count(error.kind().to_string());
                    break;
                }
            }
            run.pause(350).await;
        }
    }
}

/// Kept connections to the admin port.
async fn probing(run: Run, clients: usize) {
    // All of them even in a short run: fewer than there are seats would show nothing.
    several(clients, || one_probing(run.clone())).await;
}

async fn one_probing(run: Run) {
    while run.goes_on() {
        if let Ok(mut client) = run.target.plain(run.from).await {
            while run.goes_on() {
                match client.ask(&get("/readyz"), Duration::from_secs(3)).await {
                    Ok(reply) => {
                        run.count(reply.status.to_string());
                        if reply.closes {
                            break;
                        }
                    }
                    Err(error) => {
                        run.count(error.kind().to_string());
                        break;
                    }
                }
                run.pause(350).await;
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
}
