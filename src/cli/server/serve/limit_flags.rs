//! The flags for how much, how many and how long.

use std::time::Duration;

use clap::Args;

use crate::http::HttpLimits;
use crate::source;

use super::duration;

/// What a peer may ask of the admission port.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitFlags {
    /// Connections that may be open at once; beyond, one without a valid review makes room, or one of the address with the most
    #[arg(long, value_name = "COUNT", env = "PODGRAFT_MAX_CONNECTIONS", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,
    /// The longest review, in bytes (413)
    #[arg(long, value_name = "BYTES", env = "PODGRAFT_MAX_BODY_BYTES", default_value_t = 7 << 20)]
    max_body_bytes: usize,
    /// What all reviews and answers in flight may have together, in bytes (429)
    #[arg(long, value_name = "BYTES", env = "PODGRAFT_MAX_BYTES_IN_FLIGHT", default_value_t = 32 << 20)]
    max_bytes_in_flight: usize,
    /// How long a TLS handshake may take
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_HANDSHAKE_TIMEOUT", default_value = "3s", value_parser = duration::above_zero)]
    handshake_timeout: Duration,
    /// How long the head of a request may take
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_HEADER_TIMEOUT", default_value = "5s", value_parser = duration::above_zero)]
    header_timeout: Duration,
    /// How long the body of a request may take (408)
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_BODY_TIMEOUT", default_value = "5s", value_parser = duration::above_zero)]
    body_timeout: Duration,
    /// How long a client may take to read the response
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_ANSWER_TIMEOUT", default_value = "5s", value_parser = duration::above_zero)]
    answer_timeout: Duration,
    /// How long a connection may rest; API servers close theirs after 90 s
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_IDLE_TIMEOUT", default_value = "120s", value_parser = duration::above_zero)]
    idle_timeout: Duration,
    /// When a connection is retired at the earliest, so that load moves to new replicas
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_CONNECTION_AGE", default_value = "60s", value_parser = duration::above_zero)]
    connection_age: Duration,
    /// How much is kept of the Companions of one namespace, in bytes; the youngest beyond are invalid
    #[arg(long, value_name = "BYTES", env = "PODGRAFT_MAX_NAMESPACE_COMPANION_BYTES", default_value_t = 4 << 20)]
    max_namespace_companion_bytes: usize,
    /// How much is kept of all companions of the cluster, and again of those in files, in bytes; ClusterCompanions count first
    #[arg(long, value_name = "BYTES", env = "PODGRAFT_MAX_COMPANION_BYTES", default_value_t = 64 << 20)]
    max_companion_bytes: usize,
}

impl LimitFlags {
    pub(super) fn companions(&self) -> source::limits::MemoryLimits {
        source::limits::MemoryLimits { namespace: self.max_namespace_companion_bytes, total: self.max_companion_bytes }
    }

    pub(super) fn limits(&self) -> HttpLimits {
        HttpLimits {
            connections: usize::try_from(self.max_connections).unwrap_or(usize::MAX),
            body_bytes: self.max_body_bytes,
            bytes_in_flight: self.max_bytes_in_flight,
            handshake: self.handshake_timeout,
            head: self.header_timeout,
            body: self.body_timeout,
            answer: self.answer_timeout,
            idle: self.idle_timeout,
            connection_age: self.connection_age,
            ..HttpLimits::default()
        }
    }
}
