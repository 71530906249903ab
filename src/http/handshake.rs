//! TLS handshakes, with a deadline, and why they fail.

use std::io;
use std::sync::Arc;

use rustls::{AlertDescription, Error as TlsError, PeerIncompatible};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::seat::Seat;
use super::{HandshakeFault, Limits};

/// Shakes hands, unless it takes too long or the seat is needed.
pub(super) async fn shake(
    acceptor: &TlsAcceptor,
    tcp: TcpStream,
    seat: &Arc<Seat>,
    limits: &Limits,
) -> Result<TlsStream<TcpStream>, HandshakeFault> {
    let shaken = tokio::select! {
        biased;
        shaken = timeout(limits.handshake, acceptor.accept(tcp)) => shaken,
        () = seat.gives_way(limits.settle) => return Err(HandshakeFault::Timeout),
    };
    match shaken {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(fault(&error)),
        Err(_) => Err(HandshakeFault::Timeout),
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
