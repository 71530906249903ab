//! AdmissionReview bytes to our words and back. The only place that says admit or deny.

mod preview;
mod record;
mod request;
mod response;

use std::fmt;

use crate::inject;
use crate::inject::snapshot::{Snapshot, Webhook};
use crate::inject::verdict::{Decision, Verdict};
use crate::text::format_truncated;

pub use preview::preview;
pub use record::{ReviewRecord, ReviewResult};
pub use response::{Answer, refusal, warnings};

use request::AdmissionRequest;

/// Answers a review of a Pod. Pure: same inputs, same bytes. `observe` is called once, before it returns.
#[must_use]
pub fn review(body: &[u8], entry: Webhook, snapshot: &Snapshot, observe: impl FnOnce(&ReviewRecord<'_>)) -> Answer {
    let mut request = match AdmissionRequest::read(body) {
        Ok(request) => request,
        Err(complaint) => return unreadable(entry.as_str(), &complaint, observe),
    };
    let Some(pod) = request.take_pod() else {
        let verdict = inject::not_a_pod();
        return conclude(entry.as_str(), &request, &verdict, observe);
    };
    let asked =
        inject::Request { pod, namespace: &request.namespace, webhook: Some(entry), requester: &request.requester };
    let verdict = inject::review(&asked, snapshot);
    conclude(entry.as_str(), &request, &verdict, observe)
}

/// Whether a review is one of a companion. Looking at a companion takes long, so the caller may want to do that elsewhere.
#[must_use]
pub fn is_of_a_companion(body: &[u8]) -> bool {
    AdmissionRequest::read(body).is_ok_and(|request| request.object.is_some() && request.kind.group == "podgraft.dev")
}

/// Turns a verdict into an answer, and tells of it.
fn conclude(
    entry: &'static str,
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
        webhook: entry,
        result: ReviewResult::of(&verdict.decision),
        uid: &request.uid,
        namespace: &request.namespace,
        name: request.name(),
        dry_run: request.dry_run,
        verdict: Some(verdict),
        complaint,
    });
    answer
}

fn unreadable(entry: &'static str, complaint: &impl fmt::Display, observe: impl FnOnce(&ReviewRecord<'_>)) -> Answer {
    // It names the fields on the way, and those of a map are called as their author likes.
    let complaint = &*format_truncated(response::LONGEST_REFUSAL, format_args!("{complaint}"));
    observe(&ReviewRecord {
        webhook: entry,
        result: ReviewResult::Unreadable,
        uid: "",
        namespace: "",
        name: "",
        dry_run: false,
        verdict: None,
        complaint,
    });
    Answer { status: 400, body: format!("podgraft: not a review: {complaint}\n").into_bytes() }
}
