//! What happens on a port besides reviews, told to whoever counts it.

use std::fmt;
use std::sync::Arc;

/// Something that happened on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionEvent {
    /// A connection took a seat.
    Opened,
    /// A connection left its seat.
    Closed,
    /// A connection was closed at once, for all seats were taken.
    Rejected,
    /// A connection was closed although its client had not ended it, to make room or to free memory.
    Evicted(Eviction),
    /// A connection could not be accepted.
    AcceptFailed,
    /// A TLS handshake failed.
    HandshakeFailed(HandshakeFault),
    /// A request was refused with this status before it became a review.
    Refused(u16),
    /// A review panicked; it was answered with 500, which counts as refused, too.
    Panicked,
}

/// Why a handshake failed: a closed set, for it labels metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeFault {
    /// It took too long.
    Timeout,
    /// The peer went away.
    Closed,
    /// It was not TLS.
    NotTls,
    /// The peer speaks no protocol that is spoken here: HTTP/2 only, say.
    Protocol,
    /// The peer speaks no TLS version or cipher suite that is spoken here.
    Version,
    /// The peer refused: as a rule it does not trust the certificate.
    Alert,
    /// The client has no certificate of the CA that is asked for, or one for another name.
    ClientCertificate,
    /// Anything else.
    Other,
}

impl HandshakeFault {
    /// Its stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            HandshakeFault::Timeout => "timeout",
            HandshakeFault::Closed => "closed",
            HandshakeFault::NotTls => "not-tls",
            HandshakeFault::Protocol => "protocol",
            HandshakeFault::Version => "version",
            HandshakeFault::Alert => "alert",
            HandshakeFault::ClientCertificate => "client-certificate",
            HandshakeFault::Other => "other",
        }
    }
}

/// Why a connection was evicted: a closed set, for it labels a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    /// It had not sent a valid review yet.
    Unproven,
    /// Its address had more connections than any other, and more than every address may keep.
    Address,
    /// It had sent nothing for a while.
    Resting,
    /// It did not send its body, or did not read its answer, while others waited for the memory.
    Slow,
}

impl Eviction {
    /// All of them.
    pub const ALL: [Eviction; 4] = [Eviction::Unproven, Eviction::Address, Eviction::Resting, Eviction::Slow];

    /// Its stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Eviction::Unproven => "unproven",
            Eviction::Address => "address",
            Eviction::Resting => "resting",
            Eviction::Slow => "slow",
        }
    }
}

/// Whoever wants to know of events. Called on the way of requests, so it must not block.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(ConnectionEvent) + Send + Sync>);

impl Observer {
    /// Wraps what is to be called.
    pub fn new(tell: impl Fn(ConnectionEvent) + Send + Sync + 'static) -> Self {
        Observer(Arc::new(tell))
    }

    /// Nobody.
    #[must_use]
    pub fn none() -> Self {
        Observer::new(|_| ())
    }

    pub(super) fn notify(&self, event: ConnectionEvent) {
        (self.0)(event);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
