//! HTTP/1.1 servers: the admission port, which API servers call over TLS, and the admin port, which probes and monitoring
//! read over plain HTTP.
//!
//! ```text
//! Listener (accept, slots) -> handshake -> connection (phases, retirement) -> router -> body -> Reviewer -> Answer
//! ```
//!
//! Each guard that protects the process is in a file of its own:
//!
//! | guard | protects against | where |
//! |---|---|---|
//! | slots | more connections than there is memory for; clients that keep others out | [`HttpLimits::connections`], `connections` |
//! | phases | peers that stall: in a handshake, a request's head, a response, between requests | `connections/phase`, `connection` |
//! | body reader | bodies that are slow or too large | `body` |
//! | byte budget | too many bytes of bodies and answers at once, or answers that a client does not read | `body/budget` |
//! | offload | reviews that take too long for the threads that answer | [`Offload`] |
//! | heartbeat | a thread that hangs | [`Heartbeat`] |
//! | retirement | an API server that keeps its connections to one replica | `connections/slot` |
//! | drain | a request that is lost when the process ends | [`Drain`] |
//!
//! A review is synchronous and takes microseconds, so the number of connections and the bytes in flight together bound how
//! long an answer can take. A request that does not fit is shed at once, with 429.

mod admin;
mod body;
mod connection;
mod connections;
mod drain;
mod health;
mod heartbeat;
mod limits;
mod listener;
mod metrics;
mod offload;
mod refusal;
mod reviewer;
mod route;
mod router;

pub use admin::admin_router;
pub use drain::Drain;
pub use health::HealthCheck;
pub use heartbeat::Heartbeat;
pub use limits::HttpLimits;
pub use listener::{Listener, Transport};
pub use metrics::{Eviction, HandshakeFault, HttpMetrics};
pub use offload::Offload;
pub use reviewer::Reviewer;
pub use route::Route;
pub use router::admission_router;
