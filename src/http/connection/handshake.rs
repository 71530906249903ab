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
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(fault(&error)),
        Err(_) => Err(HandshakeFault::Timeout),
    }
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
