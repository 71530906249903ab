//! A port on the loopback interface, and its metrics.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use podgraft::internals::admission::Answer;
use podgraft::internals::http::{Drain, HttpLimits, HttpMetrics, Listener, Reviewer, Transport, admission_router};
use podgraft::internals::tls::development;
use podgraft::internals::tls::development::DevelopmentCa;
use podgraft::internals::tls::{Pair, Serving, server_config};
use rustls::ServerConfig;
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::client::{Client, Tls};

/// Nothing here takes that long unless it hangs.
pub(crate) const HANGS: Duration = Duration::from_secs(30);

/// A port that is being served.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) drain: Drain,
    pub(crate) authority: String,
    pub(crate) metrics: Arc<HttpMetrics>,
    serving: JoinHandle<usize>,
}

/// Answers with the body that it was asked with.
pub(crate) fn echo() -> Reviewer {
    Reviewer::new(|_, body| match body {
        b"panic" => panic!("as it was told to"),
        b"unreadable" => Answer { status: 400, body: b"not a review\n".to_vec() },
        b"unavailable" => Answer { status: 503, body: b"not known yet\n".to_vec() },
        body => Answer { status: 200, body: body.to_vec() },
    })
}

pub(crate) fn issue() -> DevelopmentCa {
    development::issue(development::NAMES).unwrap()
}

impl Server {
    pub(crate) async fn start(limits: HttpLimits) -> Self {
        let issued = issue();
        let pair = Pair::parse(issued.certificate.as_bytes(), issued.key.as_bytes()).unwrap();
        Server::with(limits, echo(), issued.authority, Serving::new(pair)).await
    }

    pub(crate) async fn with(limits: HttpLimits, reviewer: Reviewer, authority: String, pair: Arc<Serving>) -> Self {
        Server::with_tls(limits, reviewer, authority, server_config(pair).unwrap()).await
    }

    pub(crate) async fn with_tls(limits: HttpLimits, reviewer: Reviewer, authority: String, tls: ServerConfig) -> Self {
        let metrics = Arc::new(HttpMetrics::default());
        let router = admission_router(reviewer, &limits, Arc::clone(&metrics));
        let transport = Transport::Tls(Arc::new(tls));
        let drain = Drain::default();
        let address = "127.0.0.1:0".parse().unwrap();
        let port =
            Listener::bind(address, transport, router, limits, drain.clone(), Arc::clone(&metrics)).await.unwrap();
        let address = port.address();
        let serving = tokio::spawn(port.serve(Duration::from_secs(5)));
        Server { address, drain, authority, metrics, serving }
    }

    pub(crate) fn tls(&self) -> Tls {
        Tls::trusting(&self.authority)
    }

    pub(crate) async fn connect(&self) -> Client {
        self.tls().connect(self.address).await.unwrap()
    }

    /// Connects from one of the addresses of the loopback interface: 127.0.0.N is another client than 127.0.0.1.
    pub(crate) async fn connect_from(&self, n: u8) -> io::Result<Client> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::new(127, 0, 0, n), 0).into())?;
        self.tls().over(socket.connect(self.address).await?).await
    }

    /// Waits until a counter has reached a value.
    pub(crate) async fn wait_for(&self, counter: impl Fn(&HttpMetrics) -> u64, value: u64) {
        let reached = timeout(HANGS, async {
            while counter(&self.metrics) < value {
                sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(reached.await.is_ok(), "the counter is {} instead of {value}", counter(&self.metrics));
    }

    /// Waits until this many connections are open.
    pub(crate) async fn wait_until_open(&self, connections: i64) {
        let open = timeout(HANGS, async {
            while self.metrics.open() != connections {
                sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(open.await.is_ok(), "{} connections are open instead of {connections}", self.metrics.open());
    }

    /// Waits until every connection has ended: nothing leaks.
    pub(crate) async fn wait_until_empty(&self) {
        self.wait_until_open(0).await;
    }

    /// Waits for the end after the drain was closed. Returns how many connections were cut off.
    pub(crate) async fn ended(self) -> usize {
        timeout(HANGS, self.serving).await.expect("the port hangs").unwrap()
    }
}
