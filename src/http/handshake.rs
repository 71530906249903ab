//! TLS handshakes, with a deadline, and why they fail.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use rustls::{AlertDescription, Error as TlsError, PeerIncompatible};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connections::SlotGuard;
use super::{HandshakeFault, HttpLimits};

/// What TLS may buffer of a connection in each direction, in bytes: a record, which is the most that it sends at once.
const BUFFER: usize = 16 << 10;

/// Shakes hands, unless it takes too long or the seat is needed.
pub(super) async fn handshake(
    acceptor: &TlsAcceptor,
    tcp: TcpStream,
    taken: &SlotGuard,
    limits: &HttpLimits,
) -> Result<TlsStream<TcpStream>, HandshakeFault> {
    let shaken = async {
        let _turn = turn(taken, limits).await;
        acceptor.accept_with(tcp, |connection| connection.set_buffer_limit(Some(BUFFER))).await
    };
    let shaken = tokio::select! {
        biased;
        shaken = timeout(limits.handshake, shaken) => shaken,
        () = taken.seat.evicted() => return Err(HandshakeFault::Timeout),
    };
    match shaken {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(fault(&error)),
        Err(_) => Err(HandshakeFault::Timeout),
    }
}

/// Waits for a turn: only so many handshakes of one address are under way at once. Those that take too long give theirs to
/// the ones that wait.
async fn turn(taken: &SlotGuard, limits: &HttpLimits) -> Option<OwnedSemaphorePermit> {
    let mut turn = pin!(Arc::clone(&taken.handshakes).acquire_owned());
    loop {
        match timeout(limits.settle, turn.as_mut()).await {
            Ok(turn) => return turn.ok(),
            Err(_) => taken.evict_stuck_handshake(),
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
