//! HTTP/1.1 in both directions of trust: the port that API servers ask, and the port that people and probes look at.
//!
//! ```text
//! Port (accept, seats) -> handshake -> connection (phases, retirement) -> router -> body -> Reviewer -> Answer
//! ```
//!
//! What protects the process stands on that way, each guard in a file of its own:
//!
//! | guard | against | where |
//! |---|---|---|
//! | seats | more connections than there is memory for; clients that keep others out | [`Limits::connections`], `connections` |
//! | phases | peers that stall: in a handshake, a request's head, an answer, between requests | `seat`, `connection` |
//! | intake | bodies that are slow or too large | `body` |
//! | budget | bodies and answers that are too many at once, or that nobody reads | `budget` |
//! | aside | reviews that take too long for the thread that answers | [`Aside`] |
//! | heartbeat | a thread that hangs | [`Heartbeat`] |
//! | retirement | an API server that sticks to one replica for ever | `seat` |
//! | drain | a lost request when the process ends | [`Drain`] |
//!
//! A review is synchronous and takes microseconds, so together the seats and the bytes in flight bound how long an
//! answer can take: whatever does not fit is shed at once, with 429.

mod admin;
mod aside;
mod body;
mod budget;
mod connection;
mod connections;
mod drain;
mod event;
mod handshake;
mod heartbeat;
mod limits;
mod listener;
mod peer_group;
mod refusal;
mod router;
mod slot;

pub use admin::{HealthCheck, admin_router};
pub use aside::Aside;
pub use drain::Drain;
pub use event::{ConnectionEvent, Eviction, HandshakeFault, Observer};
pub use heartbeat::Heartbeat;
pub use limits::HttpLimits;
pub use listener::{BindError, Listener, Transport};
pub use refusal::Refusal;
pub use router::{Reviewer, Route, admission_router};
