//! What a replica asks for, and why a call failed.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use k8s_openapi::api::core::v1::Secret;
use serde_json::Value;

use super::rotate::Event;
use super::webhooks::Configuration;
use crate::tls::pair::Pair;

/// The next thing to do. It is carried out by the driver against an API server, and by the simulation against a model of
/// one.
pub(super) enum Action {
    /// Read the Secret, bypassing caches. The outcome goes to `Replica::secret_read`.
    ReadSecret,
    /// Write the Secret: replace the object of this `resourceVersion`, or create it where there is none. The outcome goes to
    /// `Replica::secret_written`. The events are what is written; none means that a lost state is restored.
    WriteSecret { secret: Box<Secret>, events: Vec<Event> },
    /// Serve this pair from the next handshake on. It has no outcome.
    Serve(Arc<Pair>),
    /// Apply a JSON patch to a webhook configuration. The outcome goes to `Replica::webhook_patched`.
    PatchWebhooks { configuration: Configuration, patch: Value },
    /// Wait until a watch reports something, or until the next poll.
    Idle(Idle),
}

/// Why there is nothing to do at present.
pub(super) enum Idle {
    /// A round is complete.
    Done {
        /// Whether every `caBundle` holds what it should.
        bundles_in_sync: bool,
        /// When the signing CA expires, as far as the content of the Secret is known.
        ca_expires: Option<SystemTime>,
    },
    /// A round has failed, and the next one begins after this pause.
    Failed {
        error: RoundError,
        pause: Duration,
        /// As in [`Idle::Done`]: rounds that fail are the ones after which the CA may expire.
        ca_expires: Option<SystemTime>,
    },
    /// The next round may not begin yet.
    Paused,
}

/// Why a round has failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum RoundError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("cannot issue: {0}")]
    Issue(#[from] rcgen::Error),
}

/// Why a call has failed.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum CallError {
    /// Another client wrote the object first: it has to be read again.
    #[error("{0}")]
    Conflict(String),
    /// The API server denied the call, did not answer, or cannot be reached.
    #[error("{0}")]
    Failed(String),
}
