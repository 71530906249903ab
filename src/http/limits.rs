//! Every limit of a port, in one place.

use std::time::Duration;

/// The limits of a port. The defaults are chosen for an admission webhook with three replicas, so that a container of 320 MiB
/// survives an attack:
///
/// | memory | MiB |
/// |---|---|
/// | the idle process, with some hundred companions | 16 |
/// | 512 connections: 8 KiB for response heads, up to 32 KiB of received bytes, 16 KiB of TLS in each direction | 36 |
/// | bodies and answers in flight that are charged | 32 |
/// | the first 16 KiB of each connection's body or answer, which are not charged | 8 |
/// | memory of large bodies that is kept for others | 16 |
/// | the review in progress, besides its body and answer | 32 |
/// | companions at their limits, and compiled patterns | 96 |
/// | kernel buffers: 512 connections, 64 KiB in each direction | 64 |
/// | total | 300 |
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
    /// How long a connection may be idle between requests. It is longer than the 90 s of Go's client, so that an API server
    /// closes first: a server that closes while a request arrives loses it.
    pub idle: Duration,
    /// How long a connection must have been idle before this side may close it, for the same reason.
    pub settle: Duration,
    /// How many connections may be open at once.
    pub connections: usize,
    /// How many connections of one address are never closed to make room for others, once they have sent a valid review.
    /// All API servers may share one address. Where fewer than 512 connections may be open, the limit is an eighth of them.
    pub kept_per_address: usize,
    /// How many TLS handshakes of one address may be in progress at once; others wait.
    pub handshakes_per_address: usize,
    /// After how many requests a connection is retired.
    pub requests_per_connection: u32,
    /// After how long a connection is retired. The actual age is spread between this and twice as long.
    pub connection_age: Duration,
    /// How long a body may be, in bytes.
    pub body_bytes: usize,
    /// The total length of all bodies and answers in flight, in bytes, not counting the first 16 KiB of each.
    pub bytes_in_flight: usize,
    /// How long a body waits for its share of the bytes in flight before it is shed.
    pub patience: Duration,
    /// The size of the kernel's buffer of a connection in each direction, in bytes. Linux allocates twice as much.
    pub kernel_buffer: u32,
}

impl HttpLimits {
    /// How many connections of one address are protected from eviction.
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
