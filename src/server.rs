//! The composition of `podgraft serve`: configuration, start, running, drain.
//!
//! Three kinds of threads do the work, and none of them waits for another. The admin thread answers probes and waits for
//! signals, the control thread follows companions, certificates and policies, and the review threads answer reviews. They
//! share only counters and values that are replaced as a whole: the snapshot and the certificate.

mod admin;
mod background;
mod certificate;
mod cluster;
mod companions;
mod config;
mod control;
mod events;
mod metrics;
mod policies;
mod retire;
mod review_threads;
mod reviewer;
mod running;
mod signals;
mod start;

use anyhow::Context as _;

pub(crate) use config::{CertificateSource, ClientCaConfig, ClusterConfig, Config, PreviewConfig};

use crate::telemetry::Log;
use signals::ShutdownSignals;

/// How a server ended.
pub(crate) enum Shutdown {
    /// It drained, or it was stopped before it had accepted a connection.
    Complete,
    /// A second signal interrupted the drain.
    Interrupted,
}

/// Serves until SIGTERM or SIGINT, and drains.
///
/// # Errors
/// The certificate or the companions cannot be used at the start, a port cannot be bound, or the admission port fails.
pub(crate) async fn serve(config: Config, log: &Log) -> anyhow::Result<Shutdown> {
    let mut signals = ShutdownSignals::new().context("cannot listen for signals")?;
    let Some(mut running) = start::start(config, log, &mut signals).await? else {
        return Ok(Shutdown::Complete);
    };
    tokio::select! {
        _ = signals.next() => {}
        // A process that lives and does not answer would go unnoticed, so it exits and is restarted.
        error = running.failed() => return Err(error),
    }
    tokio::select! {
        cut = running.drain() => {
            tracing::info!(connections_closed = cut?, "shutdown complete");
            Ok(Shutdown::Complete)
        }
        signal = signals.next() => {
            tracing::warn!("received {signal} while draining, exiting at once");
            Ok(Shutdown::Interrupted)
        }
    }
}
