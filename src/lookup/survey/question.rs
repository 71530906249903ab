//! What a survey is about.

use std::time::Duration;

use tokio::time::Instant;

use crate::inject::snapshot::Snapshot;

/// The time between the starts of two surveys for unauthenticated callers, who could ask for surveys without end; each lists
/// all workloads.
pub(super) const UNAUTHENTICATED_INTERVAL: Duration = Duration::from_secs(10);

/// A companion that is applied.
#[derive(Debug, Clone, Copy)]
pub struct SurveyQuestion<'a> {
    /// The namespace of a Companion; `None` for a ClusterCompanion.
    pub namespace: Option<&'a str>,
    /// The user who applies it: `authentication.k8s.io/v1` UserInfo as JSON.
    pub user: &'a str,
    /// The companions without it.
    pub before: &'a Snapshot,
    /// The companions with it.
    pub after: &'a Snapshot,
    /// When the companion was applied.
    pub began: Instant,
    /// When the survey stops.
    pub deadline: Instant,
}
