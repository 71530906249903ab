//! What a survey is about.

use tokio::time::Instant;

use super::findings::SurveyEnd;
use crate::inject::snapshot::Snapshot;
use crate::lookup::place::ListedNamespace;

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
    /// When the survey stops.
    pub deadline: Instant,
}

impl<'a> SurveyQuestion<'a> {
    /// Where workloads are listed; `None` for all namespaces.
    pub(super) fn place(&self) -> Result<Option<ListedNamespace<'a>>, SurveyEnd> {
        let Some(name) = self.namespace else { return Ok(None) };
        ListedNamespace::find(name, &self.before.namespaces).map(Some).ok_or(SurveyEnd::UnknownNamespace)
    }
}
