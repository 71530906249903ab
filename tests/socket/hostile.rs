//! Clients that stall, lie, flood or fail: each loses its own connection, and no other client is affected.

use std::time::Duration;

use podgraft::internals::http::{Eviction, HandshakeFault, HttpLimits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::post;
use crate::server::{HANGS, Server};

const SHORT: Duration = Duration::from_millis(100);
const HEAD: &str = "POST /preview HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

#[tokio::test]
async fn a_handshake_that_never_ends_is_closed() {
    let server = Server::start(HttpLimits { handshake: SHORT, ..HttpLimits::default() }).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut began = TcpStream::connect(server.address).await.unwrap();
    began.write_all(&[0x16, 3, 1, 0, 200, 1]).await.unwrap();
    for tcp in [&mut silent, &mut began] {
        let _ = timeout(HANGS, tcp.read(&mut [0; 64])).await.expect("not closed");
    }
    server.wait_for(|metrics| metrics.handshake_failures(HandshakeFault::Timeout), 2).await;
    server.wait_until_empty().await;
}

#[tokio::test]
async fn a_slow_head_is_closed_and_a_resting_connection_is_not() {
    let server = Server::start(HttpLimits { head: SHORT, ..HttpLimits::default() }).await;
    let mut slow = server.connect().await;
    let mut fresh = server.connect().await;
    let mut used = server.connect().await;
    assert_eq!(used.post("{}").await.unwrap().status, 200);
    slow.send("POST /preview HTTP/1.1\r\nhost:").await.unwrap();
    assert_eq!(timeout(HANGS, slow.rest()).await.expect("not closed"), "");
    sleep(SHORT * 3).await;
    assert_eq!(used.post("{}").await.unwrap().status, 200);
    assert_eq!(fresh.post("{}").await.unwrap().status, 200);
    // A second head on a connection that was good is no better.
    used.send("P").await.unwrap();
    assert_eq!(timeout(HANGS, used.rest()).await.expect("not closed"), "");
}

#[tokio::test]
async fn a_connection_that_rests_for_too_long_is_closed() {
    let server = Server::start(HttpLimits { idle: SHORT, ..HttpLimits::default() }).await;
    let mut client = server.connect().await;
    assert_eq!(client.post("{}").await.unwrap().status, 200);
    assert_eq!(timeout(HANGS, client.rest()).await.expect("not closed"), "");
    server.wait_until_empty().await;
}

#[tokio::test]
async fn a_slow_body_is_answered_with_408() {
    let server = Server::start(HttpLimits { body: SHORT, ..HttpLimits::default() }).await;
    let mut client = server.connect().await;
    client.send(format!("{HEAD}content-length: 100\r\n\r\n{{")).await.unwrap();
    assert_eq!(client.reply().await.unwrap().status, 408);
    assert_eq!(timeout(HANGS, client.rest()).await.expect("not closed"), "");
}

#[tokio::test]
async fn whoever_sends_too_much_gets_to_the_answer() {
    let server = Server::start(HttpLimits { body_bytes: 1 << 20, ..HttpLimits::default() }).await;
    let mut client = server.connect().await;
    assert_eq!(client.post(&"x".repeat(4 << 20)).await.unwrap().status, 413);
    let mut asks_first = server.connect().await;
    asks_first.send(format!("{HEAD}expect: 100-continue\r\ncontent-length: 4194304\r\n\r\n")).await.unwrap();
    assert_eq!(asks_first.reply().await.unwrap().status, 413);
    let mut endless = server.connect().await;
    endless.send(format!("{HEAD}transfer-encoding: chunked\r\n\r\n")).await.unwrap();
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(1 << 20));
    while endless.send(&chunk).await.is_ok() {}
    server.wait_for(|metrics| metrics.refused(413), 3).await;
    drop((client, asks_first, endless));
    server.wait_until_empty().await;
}

#[tokio::test]
async fn where_all_seats_are_taken_the_longest_stalled_makes_room() {
    let server = Server::start(HttpLimits { connections: 8, settle: SHORT, ..HttpLimits::default() }).await;
    let mut resting = server.connect().await;
    let mut others = Vec::new();
    for _ in 0..7 {
        sleep(Duration::from_millis(2)).await;
        others.push(server.connect().await);
    }
    sleep(SHORT * 2).await;
    for other in &mut others {
        assert_eq!(other.post("{}").await.unwrap().status, 200);
    }
    let mut late = server.connect().await;
    assert_eq!(late.post("{}").await.unwrap().status, 200);
    assert_eq!(timeout(HANGS, resting.rest()).await.expect("not closed"), "");
    let evicted = Eviction::ALL.map(|why| server.metrics.evicted(why));
    assert_eq!(evicted.iter().sum::<u64>(), 1);
    for other in &mut others {
        assert_eq!(other.post("{}").await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn where_nobody_stalls_the_newest_is_turned_away() {
    let server = Server::start(HttpLimits { connections: 2, settle: HANGS, ..HttpLimits::default() }).await;
    let mut first = server.connect().await;
    let _second = server.connect().await;
    assert!(server.tls().connect(server.address).await.is_err());
    assert_eq!(server.metrics.rejected(), 1);
    assert_eq!(first.post("{}").await.unwrap().status, 200);
}

#[tokio::test]
async fn hundreds_of_silent_connections_do_not_keep_an_honest_one_out() {
    let server = Server::start(HttpLimits { connections: 32, settle: SHORT, ..HttpLimits::default() }).await;
    let mut honest = server.connect().await;
    let mut silent = Vec::new();
    for n in 0..300 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
        if n % 10 == 0 {
            // It is never the longest stalled, because it does something.
            assert_eq!(honest.post("{}").await.unwrap().status, 200, "after {n}");
        }
    }
    sleep(SHORT * 2).await;
    assert_eq!(server.connect().await.post("{}").await.unwrap().status, 200);
    assert!(server.metrics.open() <= 32);
}

#[tokio::test]
async fn heads_have_a_limit() {
    let server = Server::start(HttpLimits::default()).await;
    let long = format!("{HEAD}x: {}\r\n\r\n", "x".repeat(100 << 10));
    let many = format!("{HEAD}{}\r\n", "x: y\r\n".repeat(1000));
    for (n, head) in (1..).zip([long, many]) {
        let mut client = server.connect().await;
        // It may be closed before all of it is written.
        let _ = client.send(head).await;
        assert_eq!(client.reply().await.unwrap().status, 431);
        server.wait_for(|metrics| metrics.refused(431), n).await;
    }
    server.wait_until_empty().await;
}

#[tokio::test]
async fn nothing_is_smuggled_behind_two_lengths() {
    let server = Server::start(HttpLimits::default()).await;
    let smuggled = post("/preview", "[smuggled]");
    for lengths in
        ["content-length: 5\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 5"]
    {
        let mut client = server.connect().await;
        client.send(format!("{HEAD}{lengths}\r\n\r\n0\r\n\r\n{smuggled}")).await.unwrap();
        let answers = timeout(HANGS, client.rest()).await.expect("not closed");
        assert!(answers.matches("HTTP/1.1").count() <= 1 && !answers.contains("smuggled"), "{answers}");
    }
    for lengths in ["content-length: 2\r\ncontent-length: 5", "content-length: +2", "transfer-encoding: gzip"] {
        let mut client = server.connect().await;
        client.send(format!("{HEAD}{lengths}\r\n\r\n{{}}{smuggled}")).await.unwrap();
        let answers = timeout(HANGS, client.rest()).await.expect("not closed");
        assert!(answers.starts_with("HTTP/1.1 400") && !answers.contains("smuggled"), "{lengths}: {answers}");
    }
}

#[tokio::test]
async fn a_length_that_is_too_short_ends_the_connection() {
    let server = Server::start(HttpLimits::default()).await;
    let mut client = server.connect().await;
    client.send(format!("{HEAD}content-length: 2\r\n\r\n{{}}trailing")).await.unwrap();
    assert_eq!(client.reply().await.unwrap().body, "{}");
    client.send("\r\n\r\n").await.unwrap();
    assert!(timeout(HANGS, client.rest()).await.expect("not closed").starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn resets_leave_nothing_behind() {
    let server = Server::start(HttpLimits::default()).await;
    let large = post("/preview", &"x".repeat(6 << 20));
    for _ in 0..5 {
        let mut client = server.connect().await;
        client.send(&large[..large.len() / 2]).await.unwrap();
        client.reset();
        let mut client = server.connect().await;
        client.send(&large).await.unwrap();
        client.reset();
    }
    server.wait_until_empty().await;
    assert_eq!(server.connect().await.post("{}").await.unwrap().status, 200);
}

#[tokio::test]
async fn whoever_never_reads_is_not_waited_for() {
    let server = Server::start(HttpLimits { answer: SHORT, ..HttpLimits::default() }).await;
    let mut client = server.connect().await;
    let request = post("/preview", &"x".repeat(1 << 20));
    // Until neither side takes more.
    while let Ok(Ok(())) = timeout(SHORT * 2, client.send(&request)).await {}
    server.wait_until_empty().await;
}

#[tokio::test]
async fn a_panic_costs_one_review() {
    let server = Server::start(HttpLimits::default()).await;
    let mut client = server.connect().await;
    let reply = client.post("panic").await.unwrap();
    assert!(reply.status == 500 && reply.closes(), "{reply:?}");
    assert_eq!(server.connect().await.post("{}").await.unwrap().status, 200);
    assert_eq!(server.metrics.panics(), 1);
}
