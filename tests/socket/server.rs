//! A port on the loopback interface, with what happened on it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use podgraft::admission::Answer;
use podgraft::http::{ConnectionEvent, Drain, HttpLimits, Listener, Observer, Reviewer, Transport, admission_router};
use podgraft::tls::development;
use podgraft::tls::development::DevelopmentCa;
use podgraft::tls::{Pair, Serving, server_config};
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
    events: Arc<Mutex<Vec<ConnectionEvent>>>,
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
        let events = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&events);
        let observer = Observer::new(move |event| told.lock().unwrap().push(event));
        let router = admission_router(reviewer, &limits, observer.clone());
        let transport = Transport::Tls(Arc::new(tls));
        let drain = Drain::default();
        let address = "127.0.0.1:0".parse().unwrap();
        let port = Listener::bind(address, transport, router, limits, drain.clone(), observer).await.unwrap();
        let address = port.address();
        let serving = tokio::spawn(port.serve(Duration::from_secs(5)));
        Server { address, drain, authority, events, serving }
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

    /// How often something has happened.
    pub(crate) fn count(&self, event: ConnectionEvent) -> usize {
        self.events.lock().unwrap().iter().filter(|happened| **happened == event).count()
    }

    /// Waits until something has happened so many times.
    pub(crate) async fn wait_for(&self, event: ConnectionEvent, times: usize) {
        let happened = timeout(HANGS, async {
            while self.count(event) < times {
                sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(happened.await.is_ok(), "{event:?} only {} of {times} times", self.count(event));
    }

    /// Waits until every connection has ended: nothing leaks.
    pub(crate) async fn wait_until_empty(&self) {
        self.wait_for(ConnectionEvent::Closed, self.count(ConnectionEvent::Opened)).await;
    }

    /// Waits for the end after the drain was closed. How many connections were cut off.
    pub(crate) async fn ended(self) -> usize {
        timeout(HANGS, self.serving).await.expect("the port hangs").unwrap()
    }
}
