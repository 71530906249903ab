//! What happens on a port besides reviews, told to whoever counts it.

use std::fmt;
use std::sync::Arc;

/// Something that happened on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A connection took a seat.
    Opened,
    /// A connection left its seat.
    Closed,
    /// A connection was closed at once, for all seats were taken.
    TurnedAway,
    /// A stalled connection was closed to make room.
    Unseated,
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
            HandshakeFault::Other => "other",
        }
    }
}

/// Whoever wants to know of events. Called on the way of requests, so it must not block.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(Event) + Send + Sync>);

impl Observer {
    /// Wraps what is to be called.
    pub fn new(tell: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Observer(Arc::new(tell))
    }

    /// Nobody.
    #[must_use]
    pub fn nobody() -> Self {
        Observer::new(|_| ())
    }

    pub(super) fn tell(&self, event: Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
