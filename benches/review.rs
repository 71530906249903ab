//! What a review costs, as a ratio to a webhook of the same binary that reads the body and answers a constant.
//!
//! Each server runs in a process of its own, on its main thread, with TLS, metrics and logs as in production; the CPU
//! time of that thread is read from the kernel. Rounds alternate between the servers, so that a machine whose speed
//! drifts does not favor one of them, and medians over the rounds are printed. Ratios carry over to other machines;
//! microseconds do not.

#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use podgraft::internals::admission;
use podgraft::internals::admission::Answer;
use podgraft::internals::http::{Drain, HttpLimits, Listener, Reviewer, Transport, admission_router};
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use podgraft::internals::metrics::Metrics;
use podgraft::internals::telemetry;
use podgraft::internals::telemetry::{Log, LogFormat};
use podgraft::internals::tls::development::issue;
use podgraft::internals::tls::{Pair, Serving, server_config};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use support::{sized, snapshot};

const CONNECTIONS: usize = 16;
const ROUNDS: usize = 21;

/// The variable that says which case a process is to serve.
const SERVE: &str = "PODGRAFT_BENCH_SERVE";

/// One server: what it knows, and what it is asked.
struct Case {
    name: &'static str,
    /// How many companions there are, and how many containers the one has that is asked for; none is the null webhook.
    snapshot: Option<(usize, usize)>,
}

const CASES: [Case; 4] = [
    Case { name: "null", snapshot: None },
    Case { name: "review", snapshot: Some((1, 1)) },
    Case { name: "10000 companions", snapshot: Some((10_000, 1)) },
    Case { name: "16 containers", snapshot: Some((1, 16)) },
];

fn main() {
    match std::env::var(SERVE) {
        Ok(name) => serve(&name),
        Err(_) => measure(),
    }
}

// ---- the servers ----

/// Serves one case on the main thread, as `podgraft serve` does.
fn serve(name: &str) {
    let _log = Log::open(LogFormat::Json, "info").expect("a log");
    let case = CASES.iter().find(|case| case.name == name).expect("a case");
    let issued = issue(["localhost"]).expect("a certificate");
    let pair = Pair::parse(issued.certificate.as_bytes(), issued.key.as_bytes()).expect("a pair");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let reviewer =
        case.snapshot.map_or_else(null, |(companions, containers)| product(&world_of(companions, containers)));
    let limits = HttpLimits { requests_per_connection: u32::MAX, ..HttpLimits::default() };
    // Ends with the process that started it.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    runtime.block_on(async {
        let router = admission_router(reviewer, &limits, Arc::default());
        let tls = server_config(Serving::new(pair)).expect("a TLS configuration");
        let port = Listener::bind(
            SocketAddr::from(([127, 0, 0, 1], 0)),
            Transport::Tls(Arc::new(tls)),
            router,
            limits,
            Drain::default(),
            Arc::default(),
        );
        let port = port.await.expect("a port");
        println!("{} {}", port.address(), issued.authority.replace('\n', "|"));
        port.serve(std::time::Duration::ZERO).await;
    });
}

fn world_of(companions: usize, containers: usize) -> Arc<Snapshot> {
    // A companion has at most 8 containers: the others come with a second one, by themselves.
    let mut manifests = vec![sized::companion("sync", containers.min(8))];
    if containers > 8 {
        let mut second = sized::companion("second", containers - 8);
        second["spec"]["activation"] = "ClusterWide".into();
        manifests.push(second);
    }
    manifests.extend((1..companions).map(|i| sized::companion(&format!("other-{i}"), 1)));
    Arc::new(snapshot(&manifests))
}

fn null() -> Reviewer {
    Reviewer::new(|_, body| {
        Answer {
        status: 200,
        body: format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{{"uid":"{}","allowed":true}}}}"#,
            body.len()
        )
        .into_bytes(),
    }
    })
}

/// As `podgraft serve` does it: metrics and log included.
fn product(snapshot: &Arc<Snapshot>) -> Reviewer {
    let (snapshot, metrics) = (Arc::clone(snapshot), Metrics::default());
    Reviewer::new(move |_, body| {
        let started = Instant::now();
        admission::review(body, Webhook::Requested, &snapshot, |record| {
            let took = started.elapsed();
            metrics.review(record, took);
            telemetry::review(record, took);
        })
    })
}

// ---- the measurement ----

struct Server {
    process: Child,
    connections: Vec<StreamOwned<ClientConnection, TcpStream>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn measure() {
    let mut servers = start();
    let sizes = [("4 kB", 4_000, 400), ("12 kB", 12_000, 400), ("63 kB", 63_000, 160), ("1 MB", 1_000_000, 16)];
    let mut cost: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for (size, bytes, answers) in sizes {
        let request = request(&sized::review("sync", bytes));
        let asked: &[&str] = if size == "12 kB" {
            &["null", "review", "10000 companions", "16 containers"]
        } else {
            &["null", "review"]
        };
        let mut samples: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for round in 0..=ROUNDS {
            for name in asked {
                let spent = servers.get_mut(name).expect("a server").spend(&request, answers);
                if round > 0 {
                    samples.entry(name).or_default().push(spent);
                }
            }
        }
        for (name, mut samples) in samples {
            samples.sort_by(f64::total_cmp);
            cost.insert((size, name), samples[samples.len() / 2]);
        }
    }
    print(&cost);
}

fn print(cost: &BTreeMap<(&str, &str), f64>) {
    println!(
        "CPU time of the server's thread per answer, medians of {ROUNDS} rounds, {CONNECTIONS} connections, TLS 1.3, one core"
    );
    for ((size, name), micros) in cost {
        println!("  {size:>6}  {name:<17} {micros:>9.1} us");
    }
    let ratio = |size, a, b| cost[&(size, a)] / cost[&(size, b)];
    println!("\n{:<62} {:>8} {:>7} {:>8}", "", "measured", "must", "stretch");
    let line = |what: &str, measured: f64, must: f64, stretch: f64| {
        println!("{}", support::figure(what, measured, must, stretch));
    };
    line("P1  a review at 12 kB over the null webhook", ratio("12 kB", "review", "null"), 1.45, 1.30);
    line("P2  a review at 4 kB over the null webhook", ratio("4 kB", "review", "null"), 1.35, 1.20);
    line("P2  a review at 63 kB over the null webhook", ratio("63 kB", "review", "null"), 1.40, 1.25);
    line("P2  a review at 1 MB over the null webhook", ratio("1 MB", "review", "null"), 2.00, 1.60);
    let per_byte = |size, bytes: f64| cost[&(size, "review")] / bytes;
    line("P5  cost per byte at 1 MB over that at 63 kB", per_byte("1 MB", 1e6) / per_byte("63 kB", 63e3), 1.20, 1.05);
    line("P6  10 000 companions over 1", ratio("12 kB", "10000 companions", "review"), 1.05, 1.05);
    line("P7  16 injected containers over 1", ratio("12 kB", "16 containers", "review"), 1.20, 1.10);
}

fn start() -> BTreeMap<&'static str, Server> {
    CASES.iter().map(|case| (case.name, Server::start(case.name))).collect()
}

fn client_config(authority: &str) -> Arc<ClientConfig> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).expect("a CA")).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}

fn connect(address: &str, config: &Arc<ClientConfig>) -> StreamOwned<ClientConnection, TcpStream> {
    let tcp = TcpStream::connect(address).expect("a connection");
    tcp.set_nodelay(true).expect("no delay");
    let name = ServerName::try_from("localhost").expect("a name");
    StreamOwned::new(ClientConnection::new(Arc::clone(config), name).expect("a TLS client"), tcp)
}

fn request(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /inject/requested?timeout=2s HTTP/1.1\r\nhost: localhost\r\nuser-agent: kube-apiserver-admission\r\ncontent-length: {}\r\naccept: application/json, */*\r\ncontent-type: application/json\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

impl Server {
    fn start(name: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("a path"))
            .env(SERVE, name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let mut line = String::new();
        let read = BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line);
        assert!(read.is_ok_and(|bytes| bytes > 0), "the server {name} did not start");
        let (address, authority) = line.trim_end().split_once(' ').expect("an address and a CA");
        let config = client_config(&authority.replace('|', "\n"));
        let connections = (0..CONNECTIONS).map(|_| connect(address, &config)).collect();
        Server { process, connections }
    }

    /// CPU microseconds of the server's thread per answer. All connections ask before any answer is read.
    fn spend(&mut self, request: &[u8], answers: usize) -> f64 {
        let before = self.cpu_nanos();
        for _ in 0..answers / CONNECTIONS {
            for connection in &mut self.connections {
                connection.write_all(request).expect("a request");
            }
            for connection in &mut self.connections {
                read_answer(connection);
            }
        }
        let spent = self.cpu_nanos() - before;
        let asked = answers / CONNECTIONS * CONNECTIONS;
        spent / 1_000.0 / f64::from(u32::try_from(asked).expect("few answers"))
    }

    fn cpu_nanos(&self) -> f64 {
        let id = self.process.id();
        let stat = std::fs::read_to_string(format!("/proc/{id}/task/{id}/schedstat"))
            .expect("the kernel reports what a thread used");
        stat.split(' ').next().expect("a figure").parse().expect("a number")
    }
}

fn read_answer(connection: &mut impl std::io::Read) {
    let mut answer = Vec::with_capacity(8192);
    let mut chunk = [0; 16_384];
    loop {
        let read = connection.read(&mut chunk).expect("an answer");
        assert!(read > 0, "the server closed: {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&chunk[..read]);
        let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).expect("a length");
        if answer.len() >= end + 4 + length.parse::<usize>().expect("a number") {
            return;
        }
    }
}
