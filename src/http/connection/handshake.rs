//! TLS handshakes: their deadline, and why they fail.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use rustls::{AlertDescription, Error as TlsError, PeerIncompatible};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::http::connections::SlotGuard;
use crate::http::limits::HttpLimits;
use crate::http::metrics::HandshakeFault;

/// How many bytes TLS may buffer of a connection in each direction: one record, which is the most that it sends at once.
const BUFFER: usize = 16 << 10;

/// Performs the handshake. It fails if it takes too long or if the slot is needed.
pub(in crate::http) async fn handshake(
    acceptor: &TlsAcceptor,
    tcp: TcpStream,
    guard: &SlotGuard,
    limits: &HttpLimits,
) -> Result<TlsStream<TcpStream>, HandshakeFault> {
    let handshake = async {
        let _permit = acquire_permit(guard, limits).await;
        acceptor.accept_with(tcp, |connection| connection.set_buffer_limit(Some(BUFFER))).await
    };
    let result = tokio::select! {
        biased;
        result = timeout(limits.handshake, handshake) => result,
        () = guard.slot.evicted() => return Err(HandshakeFault::Timeout),
    };
    match result {
        Ok(Ok(stream)) => {
            acknowledge(stream.get_ref().0);
            Ok(stream)
        }
        Ok(Err(error)) => Err(fault(&error)),
        Err(_) => Err(HandshakeFault::Timeout),
    }
}

/// Acknowledges the end of the handshake at once. Nothing is sent after it, because there are no session tickets, so the kernel
/// would delay the acknowledgement by 40 ms, and a client with Nagle's algorithm would delay its first request as long.
fn acknowledge(tcp: &TcpStream) {
    #[cfg(target_os = "linux")]
    // It fails only if the client has closed the connection.
    let _ = tcp.set_quickack(true);
    #[cfg(not(target_os = "linux"))]
    let _ = tcp;
}

/// Waits for one of the handshake permits of the peer. While it waits, handshakes of the same peer that take too long are
/// evicted, which frees their permits.
async fn acquire_permit(guard: &SlotGuard, limits: &HttpLimits) -> Option<OwnedSemaphorePermit> {
    let mut permit = pin!(Arc::clone(&guard.handshakes).acquire_owned());
    loop {
        match timeout(limits.settle, permit.as_mut()).await {
            Ok(permit) => return permit.ok(),
            Err(_) => guard.evict_stuck_handshake(),
        }
    }
}

fn fault(error: &io::Error) -> HandshakeFault {
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) else {
        return HandshakeFault::Closed;
    };
    match tls {
        TlsError::NoApplicationProtocol => HandshakeFault::Protocol,
        TlsError::InvalidMessage(_) | TlsError::InappropriateMessage { .. } => HandshakeFault::NotTls,
        TlsError::PeerIncompatible(reason) => incompatible(reason),
        TlsError::AlertReceived(alert) => alerted(*alert),
        TlsError::NoCertificatesPresented | TlsError::InvalidCertificate(_) => HandshakeFault::ClientCertificate,
        _ => HandshakeFault::Other,
    }
}

fn incompatible(reason: &PeerIncompatible) -> HandshakeFault {
    match reason {
        PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::NoCipherSuitesInCommon
        | PeerIncompatible::NoKxGroupsInCommon => HandshakeFault::Version,
        _ => HandshakeFault::Other,
    }
}

fn alerted(alert: AlertDescription) -> HandshakeFault {
    match alert {
        AlertDescription::ProtocolVersion => HandshakeFault::Version,
        AlertDescription::CloseNotify | AlertDescription::UserCanceled => HandshakeFault::Closed,
        _ => HandshakeFault::Alert,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustls::pki_types::{PrivateKeyDer, ServerName};
    use rustls::{ClientConfig, RootCertStore, ServerConfig};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsConnector;

    use super::*;
    use crate::http::connections::Connections;

    fn both_sides() -> (TlsAcceptor, TlsConnector) {
        let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::try_from(issued.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let server = server.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        let mut server = server.with_single_cert(vec![issued.cert.der().clone()], key).expect("a pair");
        server.send_tls13_tickets = 0;
        let mut roots = RootCertStore::empty();
        roots.add(issued.cert.der().clone()).expect("a root");
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let client = client.expect("versions").with_root_certificates(roots).with_no_client_auth();
        (TlsAcceptor::from(Arc::new(server)), TlsConnector::from(Arc::new(client)))
    }

    #[tokio::test]
    async fn the_end_of_a_handshake_is_acknowledged_at_once() {
        let (acceptor, connector) = both_sides();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = tokio::spawn(async move {
            let tcp = TcpStream::connect(address).await.unwrap();
            connector.connect(ServerName::try_from("localhost").unwrap(), tcp).await
        });
        let (tcp, peer) = listener.accept().await.unwrap();
        let limits = Arc::new(HttpLimits::default());
        let guard = Connections::new(Arc::clone(&limits), Arc::default()).admit(peer.ip()).await.unwrap();
        let tls = handshake(&acceptor, tcp, &guard, &limits).await.unwrap();
        assert!(tls.get_ref().0.quickack().unwrap());
        assert!(client.await.unwrap().is_ok());
    }
}
