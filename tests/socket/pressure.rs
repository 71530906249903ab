//! More clients than there is room for: those that are no API servers do not keep one out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use podgraft::internals::http::{Eviction, HandshakeFault, HttpLimits};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::client::{Client, post};
use crate::server::{HANGS, Server};

const ROOM: usize = 24;
const HONEST: u8 = 1;

/// Clients that keep a connection, and send the same all the time, until this is dropped.
struct Flood {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<()>>,
}

impl Flood {
    /// So many clients from each of these addresses.
    fn start(server: &Arc<Server>, addresses: &[u8], each: usize, request: &str) -> Self {
        let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let client = |n: u8| {
            let (server, stop, asked) = (Arc::clone(server), Arc::clone(&stop), Arc::clone(&asked));
            let request = request.to_owned();
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let Ok(mut client) = server.connect_from(n).await else { continue };
                    while !stop.load(Ordering::Relaxed) && client.send(&request).await.is_ok() {
                        if client.reply().await.is_ok() {
                            asked.fetch_add(1, Ordering::Relaxed);
                        } else {
                            break;
                        }
                        sleep(Duration::from_millis(50)).await;
                    }
                }
            })
        };
        let clients = addresses.iter().flat_map(|n| (0..each).map(|_| client(*n))).collect();
        Flood { stop, asked, clients }
    }

    async fn at_work(&self) {
        let at_work = timeout(HANGS, async {
            while self.asked.load(Ordering::Relaxed) < 2 * ROOM {
                sleep(Duration::from_millis(5)).await;
            }
        });
        at_work.await.expect("nobody asks anything");
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.iter().for_each(JoinHandle::abort);
    }
}

async fn crowded() -> Arc<Server> {
    Arc::new(Server::start(HttpLimits { connections: ROOM, ..HttpLimits::default() }).await)
}

/// An API server's calls are answered, by a connection that rests for a while and by new ones.
async fn is_answered_under(server: &Arc<Server>, resting: &mut Client) {
    for n in 0..20 {
        let mut client = server.connect_from(HONEST).await.unwrap_or_else(|error| panic!("{n}: kept out: {error}"));
        let reply = client.post("{}").await.unwrap_or_else(|error| panic!("{n}: not answered: {error}"));
        assert_eq!(reply.status, 200);
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(resting.post("{}").await.expect("a resting connection was closed").status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2_clients_that_are_refused_do_not_keep_an_api_server_out() {
    let get = "GET /preview HTTP/1.1\r\nhost: x\r\n\r\n".to_owned();
    for request in [post("/none", ""), get, post("/inject/requested", "unreadable"), post("/preview", "unavailable")] {
        let server = crowded().await;
        let mut resting = server.connect_from(HONEST).await.unwrap();
        assert_eq!(resting.post("{}").await.unwrap().status, 200);
        let flood = Flood::start(&server, &[2, 3], ROOM, &request);
        flood.at_work().await;
        is_answered_under(&server, &mut resting).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_clients_of_one_address_that_send_valid_reviews_do_not_keep_an_api_server_out() {
    let server = crowded().await;
    let mut resting = server.connect_from(HONEST).await.unwrap();
    assert_eq!(resting.post("{}").await.unwrap().status, 200);
    let flood = Flood::start(&server, &[2], 2 * ROOM, &post("/inject/requested", "{}"));
    flood.at_work().await;
    is_answered_under(&server, &mut resting).await;
    assert!(server.metrics.evicted(Eviction::Address) > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_clients_of_many_addresses_do_not_keep_an_api_server_out() {
    let server = crowded().await;
    let mut resting = server.connect_from(HONEST).await.unwrap();
    assert_eq!(resting.post("{}").await.unwrap().status, 200);
    let mut silent = Vec::new();
    for n in 0..200 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 2 + n % 5], 0).into()).unwrap();
        silent.push(socket.connect(server.address).await.unwrap());
    }
    // As long as a few of each address may be about to send something.
    sleep(HttpLimits::default().settle).await;
    is_answered_under(&server, &mut resting).await;
}

#[tokio::test]
async fn each_refusal_closes_its_connection_and_shedding_does_not() {
    let limits =
        HttpLimits { bytes_in_flight: 0, patience: Duration::ZERO, body_bytes: 64 << 10, ..HttpLimits::default() };
    let server = Server::start(limits).await;
    let json = "content-type: application/json\r\n";
    let get = "GET /preview HTTP/1.1\r\nhost: x\r\n\r\n".to_owned();
    let yaml = post("/preview", "{}").replace("application/json", "application/yaml");
    let packed = post("/preview", "{}").replace(json, &format!("{json}content-encoding: gzip\r\n"));
    for (request, status, closes) in [
        (post("/none", "{}"), 404, true),
        (get, 405, true),
        (yaml, 415, true),
        (packed, 415, true),
        (post("/preview", &"x".repeat(65 << 10)), 413, true),
        (post("/preview", "unreadable"), 400, true),
        (post("/preview", "panic"), 500, true),
        (post("/preview", "unavailable"), 503, false),
        (post("/preview", &"x".repeat(17 << 10)), 429, false),
        (post("/preview", "{}"), 200, false),
    ] {
        let mut client = server.connect().await;
        client.send(request).await.unwrap();
        let reply = client.reply().await.unwrap();
        assert_eq!((reply.status, reply.closes()), (status, closes), "{reply:?}");
        if closes {
            assert_eq!(timeout(HANGS, client.rest()).await.expect("not closed"), "");
        } else {
            assert_eq!(client.post("{}").await.unwrap().status, 200);
        }
    }
}

#[tokio::test]
async fn handshakes_of_one_address_are_a_few_at_a_time_and_those_that_hang_give_up_their_turn() {
    let settle = Duration::from_millis(200);
    let limits = HttpLimits { handshakes_per_address: 2, settle, handshake: HANGS, ..HttpLimits::default() };
    let server = Server::start(limits).await;
    let _silent =
        [TcpStream::connect(server.address).await.unwrap(), TcpStream::connect(server.address).await.unwrap()];
    server.wait_until_open(2).await;
    // Another address has turns of its own.
    assert_eq!(server.connect_from(2).await.unwrap().post("{}").await.unwrap().status, 200);
    assert_eq!(server.metrics.handshake_failures(HandshakeFault::Timeout), 0);
    assert_eq!(server.connect().await.post("{}").await.unwrap().status, 200);
    assert_eq!(server.metrics.handshake_failures(HandshakeFault::Timeout), 1);
}
