//! The admin port of a real process: probes are answered, whatever other clients do.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;

use crate::process::Served;
use crate::server::HANGS;

/// Asks on a connection of its own, as the kubelet does.
fn probe(admin: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut tcp = TcpStream::connect_timeout(&admin, HANGS)?;
    tcp.set_read_timeout(Some(HANGS))?;
    write!(tcp, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")?;
    let mut answer = String::new();
    tcp.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A connection from another address of the loopback interface.
fn connect_from(n: u8, to: SocketAddr) -> std::io::Result<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, n], 0).into())?;
        let tcp = socket.connect(to).await?.into_std()?;
        tcp.set_nonblocking(false)?;
        tcp.set_read_timeout(Some(HANGS))?;
        Ok(tcp)
    })
}

#[test]
fn c1_probes_are_answered_while_more_clients_ask_than_there_are_connections() {
    let served = Served::start(1024);
    let admin = served.admin;
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..160_u8)
        .map(|n| {
            let (stop, asked) = (Arc::clone(&stop), Arc::clone(&asked));
            // Some have the kubelet's address; some never ask, and some never finish their question.
            let (address, question) =
                (1 + n % 4, ["GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n", "GET /rea", ""][usize::from(n % 3)]);
            let ask = move || {
                while !stop.load(Ordering::Relaxed) {
                    let Ok(mut tcp) = connect_from(address, admin) else { continue };
                    let _ = tcp.write_all(question.as_bytes());
                    if question.ends_with("\r\n\r\n") {
                        let _ = tcp.read_to_end(&mut Vec::new());
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                    thread::sleep(Duration::from_millis(350));
                }
            };
            thread::Builder::new().stack_size(256 << 10).spawn(ask).unwrap()
        })
        .collect();
    let began = Instant::now();
    while asked.load(Ordering::Relaxed) < 160 {
        assert!(began.elapsed() < HANGS, "nobody asks anything");
        thread::sleep(Duration::from_millis(5));
    }
    for n in 0..30 {
        for path in ["/livez", "/readyz"] {
            let answer = probe(admin, path).unwrap_or_else(|error| panic!("{n}: {path} was not answered: {error}"));
            assert!(answer.starts_with("HTTP/1.1 200"), "{n}: {path}: {answer:?}");
        }
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().unwrap();
    }
}

#[test]
fn connections_of_the_admin_port_are_not_kept_and_its_heads_are_bounded() {
    let served = Served::start(1024);
    let answer = probe(served.admin, "/livez").unwrap();
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    let long = probe(served.admin, &format!("/{}", "x".repeat(60 << 10)));
    assert!(
        long.is_err() || long.as_ref().is_ok_and(|answer| answer.is_empty() || answer.contains(" 431 ")),
        "{long:?}"
    );
    // A question that never ends is not waited for.
    let mut half = TcpStream::connect(served.admin).unwrap();
    half.set_read_timeout(Some(HANGS)).unwrap();
    half.write_all(b"GET /livez HTTP/1.1\r\nhost:").unwrap();
    assert_eq!(half.read(&mut [0; 64]).unwrap_or(0), 0);
}

#[test]
fn readiness_says_whether_the_threads_that_answer_are_alive() {
    let served = Served::start(1024);
    assert!(probe(served.admin, "/readyz?verbose").unwrap().contains("[+]reviews ok"));
    assert!(probe(served.admin, "/livez?verbose").unwrap().contains("[+]reviews ok"));
}
