//! Clients that do not read their answers: what that costs is bounded.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use podgraft::internals::http::{Eviction, HttpLimits};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::client::{Client, post};
use crate::server::{HANGS, Server};

const MIB: usize = 1 << 20;
const SHORT: Duration = Duration::from_millis(100);

/// A client whose kernel takes next to nothing of an answer, and its address.
async fn slow_reader(server: &Server) -> (Client, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let tcp: TcpStream = socket.connect(server.address).await.unwrap();
    let address = tcp.local_addr().unwrap();
    (server.tls().over(tcp).await.unwrap(), address)
}

/// What the kernel holds for a connection of the server, in bytes: sent, and not taken by the client.
fn unsent(server: SocketAddr, client: SocketAddr) -> Option<u64> {
    let ours = |field: &str, address: SocketAddr| field.ends_with(&format!(":{:04X}", address.port()));
    fs::read_to_string("/proc/net/tcp").unwrap().lines().find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let this = ours(fields[1], server) && ours(fields[2], client);
        this.then(|| u64::from_str_radix(fields[4].split(':').next().unwrap(), 16).unwrap())
    })
}

#[tokio::test]
async fn m5_answers_that_nobody_reads_count_until_they_are_gone() {
    let limits = HttpLimits { bytes_in_flight: 2 * MIB, patience: SHORT, settle: HANGS, ..HttpLimits::default() };
    let server = Server::start(limits).await;
    let large = post("/preview", &"x".repeat(MIB));
    let mut readers = Vec::new();
    for _ in 0..2 {
        let (mut reader, _) = slow_reader(&server).await;
        reader.send(&large).await.unwrap();
        readers.push(reader);
    }
    let mut other = server.connect().await;
    let shed = timeout(HANGS, async {
        loop {
            other.send(&large).await.unwrap();
            let reply = other.reply().await.unwrap();
            if reply.status == 429 {
                return reply;
            }
        }
    });
    assert!(!shed.await.expect("the answers do not count").closes());
    // Small ones are answered all the same, and large ones when the others are gone.
    assert_eq!(server.connect().await.post("{}").await.unwrap().status, 200);
    drop(readers);
    let mut other = server.connect().await;
    let answered = timeout(HANGS, async {
        loop {
            other.send(&large).await.unwrap();
            if other.reply().await.unwrap().status == 200 {
                return;
            }
        }
    });
    answered.await.expect("the bytes of connections that have gone are not given back");
}

#[tokio::test]
async fn m5_whoever_does_not_read_is_closed_when_others_need_the_memory() {
    let limits = HttpLimits { bytes_in_flight: 2 * MIB, settle: SHORT, answer: HANGS, ..HttpLimits::default() };
    let server = Server::start(limits).await;
    let large = post("/preview", &"x".repeat(MIB));
    let (mut first, _) = slow_reader(&server).await;
    let (mut second, _) = slow_reader(&server).await;
    first.send(&large).await.unwrap();
    second.send(&large).await.unwrap();
    sleep(SHORT * 3).await;
    let mut other = server.connect().await;
    let answered = timeout(HANGS, async {
        loop {
            other.send(&large).await.unwrap();
            if other.reply().await.unwrap().status == 200 {
                return;
            }
        }
    });
    answered.await.expect("the slow ones keep others out");
    assert!(server.metrics.evicted(Eviction::Slow) > 0);
}

#[tokio::test]
async fn m5_an_answer_that_is_not_read_in_time_ends_its_connection() {
    let server = Server::start(HttpLimits { answer: SHORT, ..HttpLimits::default() }).await;
    let (mut reader, _) = slow_reader(&server).await;
    reader.send(post("/preview", &"x".repeat(MIB))).await.unwrap();
    server.wait_until_empty().await;
}

#[tokio::test]
async fn m6_the_kernel_holds_little_of_an_answer_that_nobody_reads() {
    let limits = HttpLimits::default();
    let most = u64::from(limits.kernel_buffer) * 2;
    let server = Server::start(HttpLimits { answer: HANGS, ..limits }).await;
    let (mut reader, address) = slow_reader(&server).await;
    reader.send(post("/preview", &"x".repeat(MIB))).await.unwrap();
    let held = timeout(HANGS, async {
        loop {
            // When the same is held for a while, the kernel takes no more.
            let before = unsent(server.address, address);
            sleep(SHORT * 3).await;
            if let Some(held) = before.filter(|held| *held > 0 && before == unsent(server.address, address)) {
                return held;
            }
        }
    });
    let held = held.await.expect("it never settles");
    assert!(held <= most, "{held} bytes");
}
