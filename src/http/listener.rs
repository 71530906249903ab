//! A port: accepts connections until it is drained.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::connection;
use super::connection::ConnectionContext;
use super::connections::{Connections, SlotGuard};
use super::handshake::handshake;
use super::{ConnectionEvent, Drain, HttpLimits, Observer};

/// How long no connection is accepted after one could not be, for want of file descriptors or memory as a rule.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
/// How many connections the kernel accepts before they are accepted here.
const BACKLOG: u32 = 1024;

/// A port that is bound, and not served yet.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
    door: Acceptor,
}

/// Where connections come in.
#[derive(Debug)]
struct Acceptor {
    transport: Transport,
    connections: Arc<Connections>,
    manners: ConnectionContext,
}

/// What is under HTTP.
#[derive(Clone)]
pub enum Transport {
    /// TLS; the configuration says which certificate.
    Tls(Arc<ServerConfig>),
    /// Nothing.
    Plain,
}

/// A port cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}; is something else listening there, or the port below 1024?")]
pub struct BindError {
    address: SocketAddr,
    #[source]
    source: io::Error,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transport::Tls(_) => "Tls",
            Transport::Plain => "Plain",
        })
    }
}

impl Listener {
    /// Binds a port. Connections wait from now on, and are accepted when it is served. Every address (`[::]`) is every one of
    /// IPv4 where there is no IPv6.
    ///
    /// # Errors
    /// Names the address that cannot be bound.
    #[allow(clippy::unused_async)] // polled, it is inside the runtime that has to know the listener
    pub async fn bind(
        address: SocketAddr,
        transport: Transport,
        router: Router,
        limits: HttpLimits,
        drain: Drain,
        observer: Observer,
    ) -> Result<Self, BindError> {
        let mut bound = listen(address, &limits);
        if address.ip() == Ipv6Addr::UNSPECIFIED
            && bound.as_ref().is_err_and(|error| error.kind() != ErrorKind::AddrInUse)
        {
            bound = listen((Ipv4Addr::UNSPECIFIED, address.port()).into(), &limits);
        }
        let bound = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.map_err(|source| BindError { address, source })?;
        let limits = Arc::new(limits);
        let connections = Connections::new(Arc::clone(&limits), observer.clone());
        let manners = ConnectionContext { router, limits, drain, observer };
        Ok(Listener { listener, address, door: Acceptor { transport, connections, manners } })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the drain is closed and all connections have ended, or `patience` is over. How many connections
    /// were cut off.
    pub async fn serve(self, patience: Duration) -> usize {
        let Listener { listener, address, door } = self;
        tokio::select! {
            biased;
            () = door.manners.drain.closed() => {}
            () = door.accept(&listener, address) => {}
        }
        door.drain_backlog(listener).await;
        let _ = timeout(patience, door.connections.wait_until_empty()).await;
        door.connections.len()
    }
}

impl Acceptor {
    async fn accept(&self, listener: &TcpListener, address: SocketAddr) {
        let mut failing = false;
        loop {
            match listener.accept().await {
                Ok((tcp, peer)) => {
                    failing = false;
                    self.spawn_connection(tcp, peer.ip()).await;
                }
                Err(error) if is_of_the_peer(&error) => {}
                Err(error) => {
                    self.manners.observer.notify(ConnectionEvent::AcceptFailed);
                    // One line for a stretch of failures, not one for each.
                    if !failing {
                        tracing::warn!(%address, %error, "cannot accept connections, trying on; is the limit of open files (ulimit -n) above --max-connections?");
                    }
                    failing = true;
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }

    /// Accepts what the kernel has queued, and closes the listener: the other way round would reset it. The queue itself
    /// is asked, for the runtime may not have heard of the newest yet.
    async fn drain_backlog(&self, listener: TcpListener) {
        let Ok(listener) = listener.into_std() else { return };
        while let Ok((tcp, peer)) = listener.accept() {
            let tcp = tcp.set_nonblocking(true).and_then(|()| TcpStream::from_std(tcp));
            if let Ok(tcp) = tcp {
                self.spawn_connection(tcp, peer.ip()).await;
            }
        }
    }

    /// Finds a seat for a connection and serves it; without one it is closed at once, so that the API server need not
    /// wait to learn that nobody comes.
    async fn spawn_connection(&self, tcp: TcpStream, peer: IpAddr) {
        let Some(taken) = self.connections.admit(peer).await else { return };
        // Answers are written whole, so there is nothing to wait for. It fails only where the peer is gone.
        let _ = tcp.set_nodelay(true);
        tokio::spawn(serve(tcp, taken, self.transport.clone(), self.manners.clone()));
    }
}

async fn serve(tcp: TcpStream, taken: SlotGuard, transport: Transport, manners: ConnectionContext) {
    match transport {
        Transport::Plain => connection::serve(tcp, taken, manners).await,
        Transport::Tls(config) => match handshake(&TlsAcceptor::from(config), tcp, &taken, &manners.limits).await {
            Ok(tls) => connection::serve(tls, taken, manners).await,
            Err(fault) => manners.observer.notify(ConnectionEvent::HandshakeFailed(fault)),
        },
    }
}

/// Listens at an address. Connections inherit the sizes of the kernel's buffers, which would otherwise grow with what a
/// client does not read, up to some MiB each, on the account of this process's container.
fn listen(address: SocketAddr, limits: &HttpLimits) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(limits.kernel_buffer)?;
    socket.set_recv_buffer_size(limits.kernel_buffer)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Whether it is the connection that failed, and not the port.
fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_address_is_those_of_both_families() {
        let port = |address: &str| {
            let (limits, drain) = (HttpLimits::default(), Drain::default());
            Listener::bind(address.parse().unwrap(), Transport::Plain, Router::new(), limits, drain, Observer::none())
        };
        let both = port("[::]:0").await.unwrap();
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, both.address().port())).await.is_ok());
        if both.address().is_ipv6() {
            assert!(TcpStream::connect((Ipv6Addr::LOCALHOST, both.address().port())).await.is_ok());
        }
        let taken = port(&format!("[::]:{}", both.address().port())).await.unwrap_err();
        assert!(taken.to_string().contains("[::]"), "{taken}");
    }
}
