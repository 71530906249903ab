//! A listening port: it accepts connections until it is drained.
//!
//! axum-server and hyper-util's graceful shutdown do not limit connections by peer, evict connections, or drain in two
//! stages, so the accept loop is written here.

use std::fmt;
use std::io;
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
use super::connection::handshake::handshake;
use super::connections::{Connections, SlotGuard};
use super::drain::Drain;
use super::limits::HttpLimits;
use super::metrics::HttpMetrics;

/// The pause after a failed accept, which usually means that file descriptors or memory are exhausted.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
/// How many connections the kernel queues before they are accepted here.
const BACKLOG: u32 = 1024;

/// A port that is bound, and not served yet.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
    acceptor: Acceptor,
}

/// Turns accepted sockets into connections.
#[derive(Debug)]
struct Acceptor {
    transport: Transport,
    connections: Arc<Connections>,
    context: ConnectionContext,
}

/// The layer below HTTP.
#[derive(Clone)]
pub enum Transport {
    /// TLS; the configuration resolves the certificate of each handshake.
    Tls(Arc<ServerConfig>),
    /// Plain TCP.
    Plain,
}

/// A port cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}; is the address in use, or the port below 1024?")]
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
    /// Binds a port. The kernel queues connections from now on; they are accepted once the port is served. The unspecified
    /// address `[::]` falls back to `0.0.0.0` on hosts without IPv6.
    ///
    /// # Errors
    /// The address cannot be bound.
    #[allow(clippy::unused_async)] // tokio registers the socket with the runtime that polls this future
    pub async fn bind(
        address: SocketAddr,
        transport: Transport,
        router: Router,
        limits: HttpLimits,
        drain: Drain,
        metrics: Arc<HttpMetrics>,
    ) -> Result<Self, BindError> {
        let mut bound = listen(address, &limits);
        if address.ip() == Ipv6Addr::UNSPECIFIED
            && bound.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::AddrInUse)
        {
            bound = listen((Ipv4Addr::UNSPECIFIED, address.port()).into(), &limits);
        }
        let bound = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.map_err(|source| BindError { address, source })?;
        let limits = Arc::new(limits);
        let connections = Connections::new(Arc::clone(&limits), Arc::clone(&metrics));
        let context = ConnectionContext { router, limits, drain, metrics };
        Ok(Listener { listener, address, acceptor: Acceptor { transport, connections, context } })
    }

    /// The address that is bound, with the port that the kernel chose where port 0 was requested.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the drain is closed and all connections have ended, or until `patience` has passed after that. Returns
    /// how many connections were cut off.
    pub async fn serve(self, patience: Duration) -> usize {
        let Listener { listener, address, acceptor } = self;
        tokio::select! {
            biased;
            () = acceptor.context.drain.closed() => {}
            () = acceptor.accept(&listener, address) => {}
        }
        acceptor.drain_backlog(listener).await;
        let _ = timeout(patience, acceptor.connections.wait_until_empty()).await;
        acceptor.connections.len()
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
                    self.context.metrics.record_accept_failure();
                    // A series of failures is logged once.
                    if !failing {
                        tracing::warn!(%address, %error, "accept failed, retrying; is the limit of open files (ulimit -n) above --max-connections?");
                    }
                    failing = true;
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }

    /// Accepts the connections that the kernel has queued, and closes the listener; closing it first would reset them. This
    /// polls the socket itself, because the runtime may not have noticed the latest connections yet.
    async fn drain_backlog(&self, listener: TcpListener) {
        let Ok(listener) = listener.into_std() else { return };
        while let Ok((tcp, peer)) = listener.accept() {
            let tcp = tcp.set_nonblocking(true).and_then(|()| TcpStream::from_std(tcp));
            if let Ok(tcp) = tcp {
                self.spawn_connection(tcp, peer.ip()).await;
            }
        }
    }

    /// Takes a slot for a connection and serves it. Without a slot the connection is closed at once, so that the API server
    /// can try another replica instead of waiting.
    async fn spawn_connection(&self, tcp: TcpStream, peer: IpAddr) {
        let Some(guard) = self.connections.admit(peer).await else { return };
        // Responses are written as a whole, so Nagle's algorithm would only delay them. The call fails only if the peer has
        // closed the connection.
        let _ = tcp.set_nodelay(true);
        tokio::spawn(serve(tcp, guard, self.transport.clone(), self.context.clone()));
    }
}

async fn serve(tcp: TcpStream, guard: SlotGuard, transport: Transport, context: ConnectionContext) {
    match transport {
        Transport::Plain => connection::serve(tcp, guard, context).await,
        Transport::Tls(config) => match handshake(&TlsAcceptor::from(config), tcp, &guard, &context.limits).await {
            Ok(tls) => connection::serve(tls, guard, context).await,
            Err(fault) => context.metrics.record_handshake_failure(fault),
        },
    }
}

/// Opens a listening socket. Connections inherit the sizes of its kernel buffers. Without fixed sizes the kernel would let
/// the buffers of a client that does not read grow to some MiB each, which count against the memory of the container.
fn listen(address: SocketAddr, limits: &HttpLimits) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(limits.kernel_buffer)?;
    socket.set_recv_buffer_size(limits.kernel_buffer)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Whether the connection failed, and not the listening socket.
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
    async fn the_unspecified_address_accepts_both_families() {
        let bind = |address: &str| {
            let (limits, drain) = (HttpLimits::default(), Drain::default());
            Listener::bind(address.parse().unwrap(), Transport::Plain, Router::new(), limits, drain, Arc::default())
        };
        let both = bind("[::]:0").await.unwrap();
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, both.address().port())).await.is_ok());
        if both.address().is_ipv6() {
            assert!(TcpStream::connect((Ipv6Addr::LOCALHOST, both.address().port())).await.is_ok());
        }
        let in_use = bind(&format!("[::]:{}", both.address().port())).await.unwrap_err();
        assert!(in_use.to_string().contains("[::]"), "{in_use}");
    }
}
