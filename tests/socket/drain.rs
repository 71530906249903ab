//! The end of a replica: every request that was sent is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use podgraft::internals::http::HttpLimits;
use tokio::time::{sleep, timeout};

use crate::client::Tls;
use crate::server::{HANGS, Server};

const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn no_request_is_lost_while_a_replica_ends_under_load() {
    let ending = Server::start(HttpLimits { settle: SHORT, ..HttpLimits::default() }).await;
    let staying = Server::start(HttpLimits::default()).await;
    let authorities = vec![ending.authority.clone(), staying.authority.clone()];
    let announced = Arc::new(AtomicBool::new(false));
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..8)
        .map(|n| {
            let tls = Tls { authorities: authorities.clone(), ..ending.tls() };
            let (first, second) = (ending.address, staying.address);
            let (announced, stop, answered) = (Arc::clone(&announced), Arc::clone(&stop), Arc::clone(&answered));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    // As a load balancer: the replica that ends is left out soon after it said so.
                    let to = if announced.load(Ordering::Relaxed) { second } else { first };
                    let mut client = tls.connect(to).await.unwrap();
                    loop {
                        let body = format!("[{n}]");
                        let reply = client.post(&body).await.expect("a request was lost");
                        assert_eq!((reply.status, &reply.body), (200, &body));
                        answered.fetch_add(1, Ordering::Relaxed);
                        if reply.closes() || stop.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    wait_for(&answered, 200).await;
    ending.drain.announce();
    sleep(SHORT).await;
    announced.store(true, Ordering::Relaxed);
    sleep(SHORT * 2).await;
    ending.drain.close();
    assert_eq!(ending.ended().await, 0);
    wait_for(&answered, answered.load(Ordering::Relaxed) + 200).await;
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        timeout(HANGS, client).await.expect("a client hangs").unwrap();
    }
}

#[tokio::test]
async fn after_the_announcement_each_answer_closes_its_connection() {
    let server = Server::start(HttpLimits::default()).await;
    let mut open = server.connect().await;
    assert!(!open.post("{}").await.unwrap().closes());
    server.drain.announce();
    assert!(open.post("{}").await.unwrap().closes());
    assert_eq!(open.rest().await, "");
    // New connections are taken all the same.
    assert!(server.connect().await.post("{}").await.unwrap().closes());
    server.drain.close();
    assert_eq!(server.ended().await, 0);
}

#[tokio::test]
async fn what_is_under_way_is_finished() {
    let server = Server::start(HttpLimits { settle: SHORT, ..HttpLimits::default() }).await;
    let head = "POST /preview HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 4\r\n";
    let (mut in_head, mut in_body) = (server.connect().await, server.connect().await);
    in_head.send(head).await.unwrap();
    in_body.send(format!("{head}\r\n[")).await.unwrap();
    server.wait_until_open(2).await;
    sleep(SHORT).await;
    let address = server.address;
    server.drain.close();
    sleep(SHORT * 3).await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "still listening");
    in_head.send("\r\n[12]").await.unwrap();
    in_body.send("34]").await.unwrap();
    for (client, body) in [(&mut in_head, "[12]"), (&mut in_body, "[34]")] {
        let reply = client.reply().await.unwrap();
        assert!(reply.body == body && reply.closes(), "{reply:?}");
    }
    assert_eq!(server.ended().await, 0);
}

#[tokio::test]
async fn a_connection_that_has_just_come_to_rest_is_given_a_moment() {
    let server = Server::start(HttpLimits { settle: SHORT * 5, ..HttpLimits::default() }).await;
    let (mut fresh, mut used) = (server.connect().await, server.connect().await);
    used.post("{}").await.unwrap();
    server.drain.close();
    sleep(SHORT).await;
    assert!(fresh.post("{}").await.expect("a request was lost").closes());
    assert!(used.post("{}").await.expect("a request was lost").closes());
    assert_eq!(server.ended().await, 0);
}

#[tokio::test]
async fn connections_that_the_kernel_took_before_the_end_are_served() {
    let server = Server::start(HttpLimits { settle: SHORT * 5, ..HttpLimits::default() }).await;
    // The port has no turn between this and the end, because both are on one thread.
    let queued: Vec<_> = (0..10).map(|_| std::net::TcpStream::connect(server.address).unwrap()).collect();
    server.drain.close();
    let tls = server.tls();
    for tcp in queued {
        tcp.set_nonblocking(true).unwrap();
        let mut client = tls.over(tokio::net::TcpStream::from_std(tcp).unwrap()).await.expect("a connection was lost");
        assert!(client.post("{}").await.expect("a request was lost").closes());
    }
    assert_eq!(server.ended().await, 0);
}

#[tokio::test]
async fn connections_that_rest_are_closed() {
    let server = Server::start(HttpLimits { settle: SHORT, ..HttpLimits::default() }).await;
    let (mut fresh, mut used) = (server.connect().await, server.connect().await);
    used.post("{}").await.unwrap();
    server.drain.close();
    assert_eq!(timeout(HANGS, fresh.rest()).await.expect("not closed"), "");
    assert_eq!(timeout(HANGS, used.rest()).await.expect("not closed"), "");
    assert_eq!(server.ended().await, 0);
}

async fn wait_for(answered: &AtomicUsize, count: usize) {
    let enough = timeout(HANGS, async {
        while answered.load(Ordering::Relaxed) < count {
            sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(enough.await.is_ok(), "only {} of {count} answers", answered.load(Ordering::Relaxed));
}
