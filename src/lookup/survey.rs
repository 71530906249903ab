//! The existing workloads that a companion would change or deny, as warnings to the user who applies it.

mod findings;
mod question;
mod user;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kube::Client;
use kube::api::ListParams;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::callers::Callers;
use super::place::ListedNamespace;
use super::response::{Bounds, LookupError, Page, page, parsed};
use super::rights::may_list;
use crate::workload::{WORKLOADS, WorkloadKind};
use findings::{SurveyEnd, SurveyFindings};
pub use question::SurveyQuestion;
use question::UNAUTHENTICATED_INTERVAL;
use user::Requester;

/// The time from the start of a preview until its survey stops. The answer is due within a second.
pub const SURVEY_TIME: Duration = Duration::from_millis(800);
/// How many workloads one page has at most. One page at a time is in memory.
const PAGE: u32 = 250;
/// The most bytes of a page. etcd stores objects of at most 1.5 MiB, so a page of one workload always fits.
const PAGE_BYTES: usize = 8 << 20;
/// The most bytes of the answer about a right.
const RIGHT_BYTES: usize = 64 << 10;

/// The kinds that are reviewed: those that roll out. ReplicaSets are left out, because nearly all of them are earlier versions of
/// a Deployment.
const KINDS: [&str; 5] = ["deployments", "statefulsets", "daemonsets", "cronjobs", "replicationcontrollers"];

/// Reviews existing workloads, for one companion at a time. Clones share the limits.
#[derive(Clone)]
pub struct Survey {
    client: Client,
    callers: Callers,
    /// When the last survey began that could list workloads. A survey holds the lock while it runs.
    last: Arc<Mutex<Option<Instant>>>,
}

impl Survey {
    /// A survey with the rights of a client.
    #[must_use]
    pub fn new(client: Client, callers: Callers) -> Self {
        Survey { client, callers, last: Arc::default() }
    }

    /// The warnings about a companion: at most three. They are empty if all workloads were reviewed and none is affected.
    pub async fn warnings(&self, question: &SurveyQuestion<'_>) -> Vec<String> {
        let mut findings = SurveyFindings::default();
        let end = self.survey(question, &mut findings).await.err().unwrap_or(SurveyEnd::Complete);
        findings.warnings(&end, question.namespace, self.callers)
    }

    async fn survey(&self, question: &SurveyQuestion<'_>, findings: &mut SurveyFindings) -> Result<(), SurveyEnd> {
        let (place, user) = (place(question)?, Requester::read(question.user)?);
        let mut last = self.last.try_lock().map_err(|_| SurveyEnd::Busy)?;
        let is_recent = |last: Instant| question.began.saturating_duration_since(last) < UNAUTHENTICATED_INTERVAL;
        if self.callers == Callers::Unauthenticated && last.is_some_and(is_recent) {
            return Err(SurveyEnd::TooSoon);
        }
        let kinds = self.kinds((place, &user), question).await;
        let kinds = kinds.map_err(|error| SurveyEnd::of("cannot check your rights (subjectaccessreviews)", &error))?;
        // A survey that may list nothing costs little, and must not use up the turn of others.
        if kinds.iter().any(|(_, may_list)| *may_list) {
            *last = Some(question.began);
        }
        self.review_all((place, kinds), question, findings).await
    }

    async fn review_all(
        &self,
        (place, kinds): (Option<ListedNamespace<'_>>, Vec<(&WorkloadKind, bool)>),
        question: &SurveyQuestion<'_>,
        findings: &mut SurveyFindings,
    ) -> Result<(), SurveyEnd> {
        for (kind, may_list) in kinds {
            if may_list {
                let reviewed = self.review_kind(kind, place, question, findings).await;
                reviewed.map_err(|error| SurveyEnd::of(format_args!("cannot list {}", kind.plural), &error))?;
            } else {
                findings.forbid(kind.plural);
            }
        }
        Ok(())
    }

    /// The kinds, and whether the user may list each.
    async fn kinds(
        &self,
        (place, user): (Option<ListedNamespace<'_>>, &Requester),
        question: &SurveyQuestion<'_>,
    ) -> Result<Vec<(&'static WorkloadKind, bool)>, LookupError> {
        let bounds = Bounds { deadline: question.deadline, bytes: RIGHT_BYTES };
        let kinds = WORKLOADS.iter().filter(|kind| KINDS.contains(&kind.plural));
        let asked = kinds.map(async |kind| Ok((kind, may_list(&self.client, &user.0, (kind, place), bounds).await?)));
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
