//! How much, how many and how long: every bound of a port, in one place.

use std::time::Duration;

/// The bounds of a port. The defaults suit an admission webhook of three replicas.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long the head of a request may take, from its first byte.
    pub head: Duration,
    /// How long the body of a request may take.
    pub body: Duration,
    /// How long a connection may rest between requests. Longer than the 90 s of Go's client, so that an API server
    /// closes first: a server that closes just when a request comes loses it.
    pub idle: Duration,
    /// How long a connection must have rested before it may be closed from this side, for the same reason.
    pub settle: Duration,
    /// How many connections may be open at once.
    pub connections: usize,
    /// After how many requests a connection is retired.
    pub requests_per_connection: u32,
    /// After how long a connection is retired; spread over up to twice as long.
    pub connection_age: Duration,
    /// How long a body may be, in bytes.
    pub body_bytes: usize,
    /// How long all bodies in flight may be together, in bytes, not counting the first 16 KiB of each.
    pub bytes_in_flight: usize,
    /// How long a body waits for its share of those before it is shed.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            handshake: Duration::from_secs(3),
            head: Duration::from_secs(5),
            body: Duration::from_secs(5),
            idle: Duration::from_secs(120),
            settle: Duration::from_secs(1),
            connections: 1024,
            requests_per_connection: 1000,
            connection_age: Duration::from_secs(60),
            body_bytes: 7 << 20,
            bytes_in_flight: 64 << 20,
            patience: Duration::from_millis(250),
        }
    }
}
