//! The existing workloads that a companion would change or deny, as warnings to the user who applies it.

mod findings;
mod question;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kube::Client;
use kube::api::ListParams;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::place::ListedNamespace;
use super::response::{Bounds, LookupError, Page, page, parsed};
use super::rights::may_list;
use crate::workload::{WORKLOADS, WorkloadKind};
use findings::{SurveyEnd, SurveyFindings};
pub use question::SurveyQuestion;

/// The time from the start of a preview until its survey stops. The answer is due within a second.
pub const SURVEY_TIME: Duration = Duration::from_millis(800);
/// How many workloads one page has at most. One page at a time is in memory.
const PAGE: u32 = 250;
/// The most bytes of a page. etcd stores objects of at most 1.5 MiB, so a page of one workload always fits.
const PAGE_BYTES: usize = 8 << 20;
/// The most bytes of the answer about a right.
const RIGHT_BYTES: usize = 64 << 10;
/// The most bytes of a user with all groups, which each question about a right repeats.
const USER_BYTES: usize = 16 << 10;

/// The kinds that are reviewed: those that roll out. ReplicaSets are left out, because nearly all of them are earlier versions of
/// a Deployment.
const KINDS: [&str; 5] = ["deployments", "statefulsets", "daemonsets", "cronjobs", "replicationcontrollers"];

/// Reviews existing workloads, for one companion at a time. Clones share the limit.
#[derive(Clone)]
pub struct Survey {
    client: Client,
    /// Whether workloads are named. Without an authenticated API server, anyone who reaches the port could claim to be a user
    /// who may list them.
    names: bool,
    permits: Arc<Semaphore>,
}

impl Survey {
    /// A survey with the rights of a client. `names` says whether workloads are named in warnings, or only counted.
    #[must_use]
    pub fn new(client: Client, names: bool) -> Self {
        Survey { client, names, permits: Arc::new(Semaphore::new(1)) }
    }

    /// The warnings about a companion: at most three. They are empty if all workloads were reviewed and none is affected.
    pub async fn warnings(&self, question: &SurveyQuestion<'_>) -> Vec<String> {
        let mut findings = SurveyFindings::default();
        let end = match self.permits.try_acquire() {
            Ok(_permit) => self.review_all(question, &mut findings).await.err().unwrap_or(SurveyEnd::Complete),
            Err(_) => SurveyEnd::Busy,
        };
        findings.warnings(&end, question.namespace, self.names)
    }

    async fn review_all(&self, question: &SurveyQuestion<'_>, findings: &mut SurveyFindings) -> Result<(), SurveyEnd> {
        let place = place(question)?;
        let kinds = self.kinds(question, place).await;
        for (kind, may_list) in kinds.map_err(|error| SurveyEnd::of("subjectaccessreviews", &error))? {
            if may_list {
                let reviewed = self.review_kind(kind, place, question, findings).await;
                reviewed.map_err(|error| SurveyEnd::of(kind.plural, &error))?;
            } else {
                findings.forbid(kind.plural);
            }
        }
        Ok(())
    }

    /// The kinds, and whether the user may list each.
    async fn kinds(
        &self,
        question: &SurveyQuestion<'_>,
        place: Option<ListedNamespace<'_>>,
    ) -> Result<Vec<(&'static WorkloadKind, bool)>, LookupError> {
        let user = if question.user.len() > USER_BYTES { "" } else { question.user };
        let user: Value = serde_json::from_str(user).unwrap_or_default();
        let bounds = Bounds { deadline: question.deadline, bytes: RIGHT_BYTES };
        let kinds = WORKLOADS.iter().filter(|kind| KINDS.contains(&kind.plural));
        let asked = kinds.map(async |kind| {
            let is_known = user["username"].as_str().is_some_and(|name| !name.is_empty());
            let asked = may_list(&self.client, &user, (kind, place), bounds);
            Ok((kind, is_known && asked.await?))
        });
        join_all(asked).await.into_iter().collect()
    }

    async fn review_kind(
        &self,
        kind: &WorkloadKind,
        place: Option<ListedNamespace<'_>>,
        question: &SurveyQuestion<'_>,
        findings: &mut SurveyFindings,
    ) -> Result<(), LookupError> {
        let path = kind.path(place.map(ListedNamespace::as_str));
        let bounds = Bounds { deadline: question.deadline, bytes: PAGE_BYTES };
        let mut params = ListParams::default().limit(PAGE);
        loop {
            let text = match page(&self.client, &path, &params, bounds).await {
                Err(LookupError::TooLarge) if params.limit > Some(1) => {
                    params.limit = params.limit.map(|limit| limit.div_ceil(4));
                    continue;
                }
                answer => answer?,
            };
            let page: Page<'_> = parsed(&text)?;
            for item in &page.items {
                if Instant::now() >= question.deadline {
                    return Err(LookupError::OutOfTime);
                }
                findings.review(kind, item.get(), question);
            }
            if page.metadata.token.is_empty() {
                return Ok(());
            }
            params.continue_token = Some(page.metadata.token);
        }
    }
}

/// Where workloads are listed; `None` for all namespaces.
fn place<'a>(question: &SurveyQuestion<'a>) -> Result<Option<ListedNamespace<'a>>, SurveyEnd> {
    let Some(name) = question.namespace else { return Ok(None) };
    ListedNamespace::find(name, &question.before.namespaces).map(Some).ok_or(SurveyEnd::UnknownNamespace)
}
