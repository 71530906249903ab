//! How much memory a server has resident: `podgraft serve` with one companion from files, in MiB. The pages of the binary that
//! were used are most of it.

#[path = "support/mod.rs"]
mod bench;
#[path = "../tests/support/mod.rs"]
mod support;

use std::thread::sleep;
use std::time::Duration;

use bench::client::{Connection, request};
use bench::figures;
use bench::product::Files;
use bench::server::Server;
use support::sized;

/// Reviews that each of the connections sends, one after the other.
const REVIEWS: usize = 8;

fn main() {
    let files = Files::new(&[sized::companion("sync", 1)]);
    let server = files.serve();
    // Companions and certificate were polled in between, so that all threads have done their work once.
    sleep(Duration::from_millis(2_500));
    figures::print("P8  resident memory idle, companions from files, MiB", server.mebibytes("VmRSS"), 12.0, 8.0);
    figures::print("P8  at most with 25 connections at 12 kB, MiB", with_connections(&server), 20.0, 14.0);
    figures::print("P8  at most with 16 reviews of 1 MB in flight, MiB", with_large_reviews(&server), 64.0, 32.0);
}

fn with_connections(server: &Server) -> f64 {
    let request = request(&sized::review("sync", 12_000));
    let mut connections: Vec<Connection> = (0..25).map(|_| server.client.connect()).collect();
    for _ in 0..REVIEWS {
        for connection in &mut connections {
            connection.send(&request);
        }
        connections.iter_mut().for_each(Connection::receive);
    }
    server.mebibytes("VmHWM")
}

/// Nothing is answered before the server has all bodies but for their last byte.
fn with_large_reviews(server: &Server) -> f64 {
    let request = request(&sized::review("sync", 1_000_000));
    let (most, last) = request.split_at(request.len() - 1);
    let mut connections: Vec<Connection> = (0..16).map(|_| server.client.connect()).collect();
    for part in [most, last] {
        for connection in &mut connections {
            connection.send(part);
        }
    }
    connections.iter_mut().for_each(Connection::receive);
    server.mebibytes("VmHWM")
}
