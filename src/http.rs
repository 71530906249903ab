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
//! | seats | more connections than there is memory for | [`Limits::connections`], `crowd` |
//! | phases | peers that stall: in a handshake, a request's head, between requests | `seat`, `connection` |
//! | intake | bodies that are slow, too large, or too many at once | `body` |
//! | retirement | an API server that sticks to one replica for ever | `seat` |
//! | drain | a lost request when the process ends | [`Drain`] |
//!
//! A review is synchronous and takes microseconds, so together the seats and the bytes in flight bound how long an
//! answer can take: whatever does not fit is shed at once, with 429.

mod admin;
mod body;
mod connection;
mod crowd;
mod drain;
mod event;
mod handshake;
mod limits;
mod port;
mod refusal;
mod router;
mod seat;

pub use admin::{Check, admin_router};
pub use drain::Drain;
pub use event::{Event, HandshakeFault, Observer};
pub use limits::Limits;
pub use port::{BindError, Port, Transport};
pub use refusal::Refusal;
pub use router::{Question, Reviewer, admission_router};
