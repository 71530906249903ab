//! A thousand reviews a second at an even pace, as from a busy API server: what share of a core they take, and how long the
//! slowest of a hundred answers takes, beside the null webhook.

use std::thread;
use std::time::{Duration, Instant};

use crate::bench::client::{Connection, request};
use crate::bench::composed::{Composition, Population, start};
use crate::bench::figures;
use crate::bench::figures::median;
use crate::bench::product;
use crate::bench::server::Server;
use crate::support::sized;

const CONNECTIONS: u32 = 25;
/// The time between two reviews, on whichever connections.
const PACE: Duration = Duration::from_millis(1);
/// How many reviews each connection sends in a round, which lasts two seconds.
const REVIEWS: u32 = 80;

/// What one round shows.
struct Round {
    /// Shares of one core, in percent.
    review: f64,
    process: f64,
    p99: Duration,
}

pub(crate) fn measure(rounds: usize) {
    let request = request(&sized::review("sync", 12_000));
    let servers = [start(Composition::NULL), product::start(&Population::SMALLEST.manifests())];
    let mut samples = [Vec::new(), Vec::new()];
    let rounds = rounds.div_ceil(3);
    for round in 0..=rounds {
        for (server, samples) in servers.iter().zip(&mut samples) {
            let measured = pace(server, &request);
            if round > 0 {
                samples.push(measured);
            }
        }
    }
    let [null, product] = samples.map(|samples| {
        let of = |part: fn(&Round) -> f64| median(samples.iter().map(part).collect());
        (of(|round| round.process), of(|round| round.review), of(|round| round.p99.as_secs_f64()))
    });
    println!("1000 paced reviews of 12 kB a second over {CONNECTIONS} connections, medians of {rounds} rounds");
    for (name, (process, review, p99)) in [("null webhook", null), ("podgraft serve", product)] {
        println!(
            "  {name:<16} {process:>5.2} % of a core, {review:>5.2} % in the review thread; p99 {:>7.0} us",
            p99 * 1e6
        );
    }
    figures::print("P11 1000 paced reviews a second, percent of one core", product.0, 8.0, 6.0);
    figures::print("P11 p99 of paced reviews over the null webhook's", product.2 / null.2, 3.0, 2.0);
    println!();
}

/// One round: all connections send in turn, each from a thread of its own, so that a slow answer delays no other connection.
fn pace(server: &Server, request: &[u8]) -> Round {
    let mut connections: Vec<Connection> = (0..CONNECTIONS).map(|_| server.client.connect()).collect();
    for connection in &mut connections {
        connection.ask(request);
    }
    let (review, process) = (server.review_cpu(), server.process_cpu());
    let start = Instant::now() + Duration::from_millis(20);
    let mut times: Vec<Duration> = thread::scope(|scope| {
        let threads: Vec<_> = connections
            .iter_mut()
            .zip(0..)
            .map(|(connection, place)| scope.spawn(move || ask_on_time(connection, request, start + PACE * place)))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a client")).collect()
    });
    let percent = |before: f64, after: f64| (after - before) / 1e9 / start.elapsed().as_secs_f64() * 100.0;
    let (review, process) = (percent(review, server.review_cpu()), percent(process, server.process_cpu()));
    times.sort();
    Round { review, process, p99: times[times.len() * 99 / 100] }
}

/// How long each answer takes, from the moment when its request was due: an answer that delays the next request counts twice. A
/// timer that wakes this thread late does not count.
fn ask_on_time(connection: &mut Connection, request: &[u8], first: Instant) -> Vec<Duration> {
    let mut times = Vec::new();
    for i in 0..REVIEWS {
        let due = first + PACE * CONNECTIONS * i;
        let late = Instant::now() > due;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let from = if late { due } else { Instant::now() };
        connection.ask(request);
        times.push(from.elapsed());
    }
    times
}
