//! Translates AdmissionReviews (`admission.k8s.io/v1`) to requests and verdicts to responses. The only room that writes `allowed`.

mod preview;
mod record;
mod request;
mod response;
mod unreadable;

use crate::inject;
use crate::inject::snapshot::{Snapshot, Webhook};
use crate::inject::verdict::{Decision, Verdict};

pub use preview::{Applied, AppliedWorkload, InjectedPatch, is_of_a_companion, preview, user_of};
pub use record::{ReviewRecord, ReviewResult};
pub use response::{Answer, MOST_COUNTED_WARNINGS};

use request::AdmissionRequest;
use unreadable::unreadable;

/// Answers a review of a Pod. Pure: equal inputs give equal bytes. `observe` is called once, before this returns.
#[must_use]
pub fn review(body: &[u8], webhook: Webhook, snapshot: &Snapshot, observe: impl FnOnce(&ReviewRecord<'_>)) -> Answer {
    let mut request = match AdmissionRequest::read(body) {
        Ok(request) => request,
        Err(error) => return unreadable(webhook.as_str(), &error, observe),
    };
    let Some(pod) = request.take_pod() else {
        let verdict = inject::not_a_pod();
        return conclude(webhook.as_str(), &request, &verdict, observe);
    };
    let asked =
        inject::Request { pod, namespace: &request.namespace, webhook: Some(webhook), requester: &request.requester };
    let verdict = inject::review(&asked, snapshot);
    conclude(webhook.as_str(), &request, &verdict, observe)
}

/// Turns a verdict into an answer and passes it to `observe`.
fn conclude(
    webhook: &'static str,
    request: &AdmissionRequest<'_>,
    verdict: &Verdict<'_>,
    observe: impl FnOnce(&ReviewRecord<'_>),
) -> Answer {
    let answer = Answer::of(request, verdict);
    let complaint = match verdict.decision {
        Decision::Unavailable => verdict.findings.first().map_or("", |f| f.reason.label()),
        _ => "",
    };
    observe(&ReviewRecord {
        webhook,
        result: ReviewResult::of(&verdict.decision),
        uid: &request.uid,
        namespace: &request.namespace,
        name: request.name(),
        dry_run: request.dry_run,
        owner_references: request.owner_references,
        verdict: Some(verdict),
        complaint,
    });
    answer
}
