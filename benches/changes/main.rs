//! What a change of one companion among many costs, and what reviews notice of it.
//!
//! `podgraft serve` runs as a process, as in a cluster. It watches a small API server of this bench, which sends a new
//! version of one companion a hundred times a second, while reviews are sent at a steady pace. Seconds with and without
//! changes alternate, so that a machine whose speed drifts favors neither. CPU times of threads are read from the kernel.

mod api_server;
#[path = "../support/mod.rs"]
mod bench;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use api_server::ApiServer;
use bench::client::{ReviewClient, request};
use bench::figures;
use bench::figures::{median, quantile};
use bench::product::start_with_cluster;
use bench::server::Server;
use support::sized;

/// The numbers of companions for which the cost of one change is printed.
const SIZES: [usize; 3] = [100, 1_000, 10_000];
/// How often each kind of second is measured.
const ROUNDS: usize = 12;
const SECOND: Duration = Duration::from_secs(1);
/// The time between two changes, and between two reviews.
const CHANGE: Duration = Duration::from_millis(10);
const REVIEW: Duration = Duration::from_millis(2);
/// How often a burst of reviews is sent to each of two servers, and how many reviews it has.
const BURSTS: usize = 41;
const BURST: usize = 300;

/// What was measured in all seconds of one kind.
#[derive(Default)]
struct Seconds {
    /// The latency of each review, in seconds.
    latencies: Vec<f64>,
    /// CPU seconds of the thread that answers, and of all others.
    answering: f64,
    others: f64,
    /// How many versions of the companion were sent.
    changes: f64,
}

fn main() {
    let body = request(&sized::review("sync", 12_000));
    figures::print_heads();
    let mut costs = Vec::new();
    for size in SIZES {
        let [quiet, changing] = measure(size, &body);
        let cost = (changing.others - quiet.others) / changing.changes * 1e6;
        println!("    one changed companion among {size:>6}: {cost:>8.0} us of CPU, on no thread that answers");
        costs.push(cost);
        if size == SIZES[2] {
            let p99 = |seconds: &Seconds| quantile(seconds.latencies.clone(), 99, 100);
            println!(
                "    p99 of reviews: {:.0} us without changes, {:.0} us with",
                p99(&quiet) * 1e6,
                p99(&changing) * 1e6
            );
            figures::print(
                "P6  p99 with 100 changes a second over without, 10 000",
                p99(&changing) / p99(&quiet),
                1.5,
                1.2,
            );
            let answering = |seconds: &Seconds| seconds.answering / count(seconds.latencies.len());
            figures::print(
                "P6  CPU of a review with changes over without, 10 000",
                answering(&changing) / answering(&quiet),
                1.5,
                1.05,
            );
        }
    }
    figures::print("P6  CPU of a change among 10 000 companions over among 100", costs[2] / costs[0], 2.0, 1.2);
    figures::print("P6  CPU of a review with 10 000 Namespaces over 1", namespaces(&body), 1.05, 1.02);
}

/// Seconds without and with changes.
fn measure(companions: usize, body: &[u8]) -> [Seconds; 2] {
    let api = ApiServer::start(companions, 1);
    let server = start_with_cluster(api.address);
    let mut client = ReviewClient::new(&server.client);
    // The first seconds are not measured: the server settles after its start.
    second(&api, &server, &mut client, body, true, &mut Seconds::default());
    let mut all = [Seconds::default(), Seconds::default()];
    for _ in 0..ROUNDS {
        for (seconds, changing) in all.iter_mut().zip([false, true]) {
            second(&api, &server, &mut client, body, changing, seconds);
        }
    }
    all
}

fn second(
    api: &ApiServer,
    server: &Server,
    client: &mut ReviewClient,
    body: &[u8],
    changing: bool,
    seconds: &mut Seconds,
) {
    let (began, ended) = (Instant::now(), AtomicBool::new(!changing));
    let before = (server.review_cpu(), server.process_cpu());
    thread::scope(|scope| {
        let changes = scope.spawn(|| {
            let mut changes = 0;
            while !ended.load(Ordering::Relaxed) {
                api.change();
                changes += 1;
                thread::sleep((began + CHANGE * changes).saturating_duration_since(Instant::now()));
            }
            f64::from(changes)
        });
        let mut due = began;
        while began.elapsed() < SECOND {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            seconds.latencies.push(client.review(body).as_secs_f64());
            // A machine that is too slow for this pace gets a slower one, and no burst of late reviews.
            due = (due + REVIEW).max(Instant::now());
        }
        ended.store(true, Ordering::Relaxed);
        seconds.changes += changes.join().expect("the changes were sent");
    });
    // What was collected until now is published within the pause of the server.
    thread::sleep(Duration::from_millis(100));
    let answering = server.review_cpu() - before.0;
    seconds.answering += answering / 1e9;
    seconds.others += (server.process_cpu() - before.1 - answering) / 1e9;
}

/// The CPU of a review where 10 000 Namespaces are known, over that with one.
fn namespaces(body: &[u8]) -> f64 {
    let apis = [1, 10_000].map(|namespaces| ApiServer::start(1, namespaces));
    let mut servers = apis.each_ref().map(|api| {
        let server = start_with_cluster(api.address);
        let client = ReviewClient::new(&server.client);
        (server, client)
    });
    let mut costs = [Vec::new(), Vec::new()];
    for _ in 0..BURSTS {
        for ((server, client), costs) in servers.iter_mut().zip(&mut costs) {
            let before = server.review_cpu();
            (0..BURST).for_each(|_| _ = client.review(body));
            costs.push(server.review_cpu() - before);
        }
    }
    let [one, many] = costs.map(median);
    many / one
}

fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("few"))
}
