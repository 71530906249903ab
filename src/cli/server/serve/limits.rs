//! The flags of limits and timeouts.

use std::time::Duration;

use clap::Args;

use super::{duration, number};
use crate::http::HttpLimits;
use crate::source::limits::MemoryLimits;

/// Limits of the admission port, and of the memory for companions.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitFlags {
    /// Maximum number of open connections; a further one replaces one without a valid review, or one of the address with the most connections
    #[arg(long, value_name = "COUNT", env = "PODGRAFT_MAX_CONNECTIONS", default_value_t = 512, value_parser = number::above_zero::<u32>)]
    max_connections: u32,
    /// Maximum length of a review; longer ones get status 413
    #[arg(long, value_name = "BYTES", env = "PODGRAFT_MAX_BODY_BYTES", default_value_t = 7 << 20, value_parser = number::above_zero::<usize>)]
    max_body_bytes: usize,
    /// Maximum total size, in bytes, of the reviews and responses in flight; further reviews get status 429
    #[arg(long, value_name = "BYTES", env = "PODGRAFT_MAX_BYTES_IN_FLIGHT", default_value_t = 32 << 20, value_parser = number::above_zero::<usize>)]
    max_bytes_in_flight: usize,
    /// Time limit for a TLS handshake
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_HANDSHAKE_TIMEOUT", default_value = "3s", value_parser = duration::above_zero)]
    handshake_timeout: Duration,
    /// Time limit for a client to send the head of a request
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_HEADER_TIMEOUT", default_value = "5s", value_parser = duration::above_zero)]
    header_timeout: Duration,
    /// Time limit for a client to send the body of a request; slower ones get status 408
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_BODY_TIMEOUT", default_value = "5s", value_parser = duration::above_zero)]
    body_timeout: Duration,
    /// Time limit for a client to read the response
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_ANSWER_TIMEOUT", default_value = "5s", value_parser = duration::above_zero)]
    answer_timeout: Duration,
    /// Time after which an idle connection is closed; API servers close theirs after 90 s, and should close first
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_IDLE_TIMEOUT", default_value = "120s", value_parser = duration::above_zero)]
    idle_timeout: Duration,
    /// Minimum age at which a connection is closed, so that load moves to new replicas; the actual age is between this value and twice this value
    #[arg(long, value_name = "DURATION", env = "PODGRAFT_CONNECTION_AGE", default_value = "60s", value_parser = duration::above_zero)]
    connection_age: Duration,
    /// Maximum memory for the Companions of one namespace; beyond this limit, the newest are invalid
    #[arg(long, value_name = "BYTES", env = "PODGRAFT_MAX_NAMESPACE_COMPANION_BYTES", default_value_t = 4 << 20, value_parser = number::above_zero::<usize>)]
    max_namespace_companion_bytes: usize,
    /// Maximum memory for all companions of the cluster, and again for those of files; ClusterCompanions take precedence
    #[arg(long, value_name = "BYTES", env = "PODGRAFT_MAX_COMPANION_BYTES", default_value_t = 64 << 20, value_parser = number::above_zero::<usize>)]
    max_companion_bytes: usize,
}

impl LimitFlags {
    pub(super) fn memory(&self) -> MemoryLimits {
        MemoryLimits { namespace: self.max_namespace_companion_bytes, total: self.max_companion_bytes }
    }

    pub(super) fn http(&self) -> HttpLimits {
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
