//! How much, how many and how long: every bound of a port, in one place.

use std::time::Duration;

/// The bounds of a port. The defaults suit an admission webhook of three replicas, and a container of 320 MiB under attack:
///
/// | what | MiB |
/// |---|---|
/// | the process at rest, with some hundred companions | 16 |
/// | 512 connections: 8 KiB for the head of answers, up to 32 KiB of what was read, 16 KiB each of TLS in both directions | 36 |
/// | bodies and answers in flight, which are charged | 32 |
/// | and the first 16 KiB of each connection's, which are free | 8 |
/// | the review that is under way, besides its body and answer | 32 |
/// | companions at their limits, and compiled patterns | 96 |
/// | kernel buffers: 512 connections, 64 KiB in each direction | 64 |
/// | together | 284 |
#[derive(Debug, Clone)]
pub struct HttpLimits {
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long the head of a request may take, from its first byte.
    pub head: Duration,
    /// How long the body of a request may take.
    pub body: Duration,
    /// How long a client may take to read the response.
    pub answer: Duration,
    /// How long a connection may rest between requests. Longer than the 90 s of Go's client, so that an API server
    /// closes first: a server that closes just when a request comes loses it.
    pub idle: Duration,
    /// How long a connection must have rested before it may be closed from this side, for the same reason.
    pub settle: Duration,
    /// How many connections may be open at once.
    pub connections: usize,
    /// How many connections of one address are never closed to make room for others, once they have sent a valid review:
    /// API servers behind one address are one client. Where fewer than 512 connections may be open it is an eighth.
    pub kept_per_address: usize,
    /// How many TLS handshakes of one address may be under way at once; others wait.
    pub handshakes_per_address: usize,
    /// After how many requests a connection is retired.
    pub requests_per_connection: u32,
    /// After how long a connection is retired; spread over up to twice as long.
    pub connection_age: Duration,
    /// How long a body may be, in bytes.
    pub body_bytes: usize,
    /// How long all bodies and answers in flight may be together, in bytes, not counting the first 16 KiB of each.
    pub bytes_in_flight: usize,
    /// How long a body waits for its share of those before it is shed.
    pub patience: Duration,
    /// What the kernel is asked to buffer of a connection in each direction, in bytes. Linux takes twice as much.
    pub kernel_buffer: u32,
}

impl HttpLimits {
    /// How many connections of one address are kept, whatever others want.
    pub(super) fn kept_per_address(&self) -> usize {
        self.kept_per_address.min((self.connections / 8).max(1))
    }
}

impl Default for HttpLimits {
    fn default() -> Self {
        HttpLimits {
            handshake: Duration::from_secs(3),
            head: Duration::from_secs(5),
            body: Duration::from_secs(5),
            answer: Duration::from_secs(5),
            idle: Duration::from_secs(120),
            settle: Duration::from_secs(1),
            connections: 512,
            kept_per_address: 64,
            handshakes_per_address: 16,
            requests_per_connection: 1000,
            connection_age: Duration::from_secs(60),
            body_bytes: 7 << 20,
            bytes_in_flight: 32 << 20,
            patience: Duration::from_millis(250),
            kernel_buffer: 32 << 10,
        }
    }
}
