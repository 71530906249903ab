//! Writes the AdmissionReview response and its messages.

use std::fmt;

use base64_simd::STANDARD;

use super::request::AdmissionRequest;
use crate::inject::names::is_label;
use crate::inject::verdict::reason::{Outcome, Reason};
use crate::inject::verdict::{Decision, Effect, Finding, Verdict};
use crate::json::{ObjectWriter, Sink, write_object};
use crate::text::{format_truncated, truncate};

/// The HTTP answer to the API server.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body: an AdmissionReview where the status is 200, else a sentence of plain text.
    pub body: Vec<u8>,
}

/// What each message starts with.
const PREFIX: &str = "podgraft: ";
/// The longest message of a denial, in characters.
pub(super) const LONGEST_REFUSAL: usize = 512;
/// The longest warning, in characters: a denial, with the words before it in the preview.
const LONGEST_WARNING: usize = LONGEST_REFUSAL + 128;
/// The most warnings of one answer.
const MAX_WARNINGS: usize = 5;
/// The most warnings that a preview counts. Those who make them stop there.
pub const MOST_COUNTED_WARNINGS: usize = 100;
/// The total length of the warnings of one answer, in bytes. API servers truncate each warning to 256 characters where all
/// warnings of a request have more than 4096 (k8s.io/apiserver, `pkg/endpoints/filters/warning.go`); half of them are left to
/// other webhooks and to the API server itself.
const WARNINGS_TOGETHER: usize = 2048;

impl Answer {
    pub(super) fn of(request: &AdmissionRequest<'_>, verdict: &Verdict<'_>) -> Self {
        if verdict.decision == Decision::Unavailable {
            let why = verdict.findings.first().map(|finding| named(LONGEST_REFUSAL, finding)).unwrap_or_default();
            return Answer { status: 503, body: format!("podgraft: {why}\n").into_bytes() };
        }
        let body = review(&request.uid, &verdict.decision, |response| {
            match &verdict.decision {
                Decision::Patch(patch) => {
                    response.raw("patchType", r#""JSONPatch""#);
                    write_base64(response.member("patch"), patch);
                }
                Decision::Deny => response.object("status", |status| {
                    status.display("code", code(verdict));
                    status.string("message", &refusal(verdict));
                }),
                Decision::Admit | Decision::Unavailable => {}
            }
            write_warnings(response, &warnings(verdict));
            write_audit_annotations(response, verdict);
        });
        Answer { status: 200, body }
    }

    /// An answer that admits the object with warnings.
    pub(super) fn of_warnings(uid: &str, warnings: &[String]) -> Self {
        let body = review(uid, &Decision::Admit, |response| write_warnings(response, warnings));
        Answer { status: 200, body }
    }
}

/// A finding within a number of characters, with the name of its reason at the end, by which users find it in
/// `docs/reasons.md`.
#[must_use]
pub(super) fn named(longest: usize, finding: &Finding<'_>) -> String {
    let reason = finding.reason.label();
    let sentence = format_truncated(longest - reason.len() - " ()".len(), format_args!("{finding}"));
    format!("{sentence} ({reason})")
}

/// The message of a denial: what is wrong, where, and how to fix it. The webhook and the command line share it.
#[must_use]
pub fn refusal(verdict: &Verdict<'_>) -> String {
    let mut message = String::from(PREFIX);
    let count = verdict.with_effect(Effect::Deny).count();
    for (i, finding) in verdict.with_effect(Effect::Deny).enumerate() {
        let ground = &named(LONGEST_REFUSAL - PREFIX.len(), finding);
        let left = count - i;
        let separator = if i > 0 { "; " } else { "" };
        let more = format!("; and {left} more");
        if i > 0 && message.chars().count() + separator.len() + ground.chars().count() + more.len() > LONGEST_REFUSAL {
            message.push_str(&more);
            break;
        }
        message.push_str(separator);
        message.push_str(ground);
    }
    truncate(message, LONGEST_REFUSAL).into_owned()
}

/// The warnings of a verdict, within the bounds of one answer. The webhook and the command line share them.
#[must_use]
pub fn warnings(verdict: &Verdict<'_>) -> Vec<String> {
    within_bounds(all_warnings(verdict))
}

/// The warnings of a verdict. There can be any number.
pub(super) fn all_warnings(verdict: &Verdict<'_>) -> impl Iterator<Item = String> {
    let longest = LONGEST_WARNING - PREFIX.len();
    verdict.with_effect(Effect::Warn).map(move |finding| format!("{PREFIX}{}", named(longest, finding)))
}

/// One warning, within its length.
pub(super) fn warning(words: fmt::Arguments<'_>) -> String {
    format_truncated(LONGEST_WARNING, words)
}

/// Limits warnings to what API servers pass on whole. Those that are not sent are not even formatted.
pub(super) fn within_bounds(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    let mut together = 0;
    for warning in all.map(|w| truncate(w, LONGEST_WARNING).into_owned()) {
        together += warning.len();
        if warnings.len() == MAX_WARNINGS || together > WARNINGS_TOGETHER {
            break;
        }
        warnings.push(warning);
    }
    warnings
}

/// Limits the warnings of a preview like [`within_bounds`]. A last one counts those that are left out, with the words for how to
/// see them.
pub(super) fn counted_within_bounds(all: Vec<String>, remedy: &str) -> Vec<String> {
    let count = all.len();
    let mut kept = within_bounds(all.into_iter());
    let at_least = if count < MOST_COUNTED_WARNINGS { "" } else { "at least " };
    let more = |kept: &[String]| {
        let left_out = count - kept.len();
        let warnings = if left_out == 1 { "warning" } else { "warnings" };
        format!("podgraft: and {at_least}{left_out} more {warnings}; {remedy}")
    };
    let has_room = |kept: &[String]| {
        let together: usize = kept.iter().map(String::len).sum();
        kept.len() < MAX_WARNINGS && together + more(kept).len() <= WARNINGS_TOGETHER
    };
    if kept.len() < count {
        while !kept.is_empty() && !has_room(&kept) {
            kept.pop();
        }
        kept.push(more(&kept));
    }
    kept
}

/// Writes an AdmissionReview whose response has `uid`, `allowed` and some more fields.
fn review(uid: &str, decision: &Decision, more: impl FnOnce(&mut ObjectWriter<'_, Vec<u8>>)) -> Vec<u8> {
    let patch = if let Decision::Patch(patch) = decision { patch.len() } else { 0 };
    let mut out = Vec::with_capacity(512 + patch.div_ceil(3) * 4);
    write_object(&mut out, |review| {
        review.raw_members(r#""apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview""#);
        review.object("response", |response| {
            response.string("uid", uid);
            response.raw("allowed", if *decision == Decision::Deny { "false" } else { "true" });
            more(response);
        });
    });
    out
}

/// The HTTP status of a denial: 403 where a rule of the cluster forbids the Pod, 422 where its author can fix it.
fn code(verdict: &Verdict<'_>) -> u16 {
    let forbids =
        |f: &Finding<'_>| matches!(f.reason, Reason::Outcome(Outcome::HostNetwork | Outcome::RequiredDisabled));
    if verdict.with_effect(Effect::Deny).all(forbids) { 403 } else { 422 }
}

fn write_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.text("\"");
    STANDARD.encode_append(bytes, out);
    out.text("\"");
}

fn write_warnings(response: &mut ObjectWriter<'_, Vec<u8>>, warnings: &[String]) {
    response.array_unless_empty("warnings", |array| warnings.iter().for_each(|warning| array.string(warning)));
}

/// One annotation of the audit log for each companion, and one for all remarks. API servers prefix the keys with the name of
/// the webhook.
fn write_audit_annotations(response: &mut ObjectWriter<'_, Vec<u8>>, verdict: &Verdict<'_>) {
    response.object_unless_empty("auditAnnotations", |annotations| {
        // A requested name that is no label is no valid key either.
        for (companion, finding) in verdict.outcomes().filter(|(name, _)| is_label(name, 63)) {
            annotations.named(companion).string(finding.reason.label());
        }
        let mut remarks = verdict.findings.iter().filter(|f| !f.outcome).map(|f| f.reason.label()).peekable();
        if remarks.peek().is_none() {
            return;
        }
        // A companion may be named `remarks`, but not `pod.remarks`.
        let is_taken = verdict.outcomes().any(|(companion, _)| companion == "remarks");
        let out = annotations.member(if is_taken { "pod.remarks" } else { "remarks" });
        out.text("\"");
        for (i, label) in remarks.enumerate() {
            out.text(if i > 0 { "," } else { "" });
            out.escaped(label);
        }
        out.text("\"");
    });
}
