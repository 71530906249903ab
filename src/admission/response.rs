//! Writes the AdmissionReview response, and the words in it.

use std::fmt;

use base64_simd::{Out, STANDARD};

use super::request::AdmissionRequest;
use crate::inject::names::is_label;
use crate::inject::verdict::reason::{Outcome, Reason};
use crate::inject::verdict::{Decision, Effect, Finding, Verdict};
use crate::json::write_string;

/// What goes back to the API server.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body: an AdmissionReview where the status is 200, else a sentence of plain text.
    pub body: Vec<u8>,
}

/// The longest message of a refusal, in characters.
pub(super) const LONGEST_REFUSAL: usize = 512;
/// The longest warning, in characters: API servers cut what is longer.
const LONGEST_WARNING: usize = 256;
/// The most warnings of one answer, and how long they may be together, in bytes.
const MAX_WARNINGS: usize = 5;
const WARNINGS_TOGETHER: usize = 1024;

impl Answer {
    pub(super) fn of(request: &AdmissionRequest<'_>, verdict: &Verdict<'_>) -> Self {
        if verdict.decision == Decision::Unavailable {
            let why = verdict.findings.first().map(|f| f.reason.to_string()).unwrap_or_default();
            return Answer { status: 503, body: format!("podgraft: {why}\n").into_bytes() };
        }
        let mut out = open(&request.uid, &verdict.decision);
        match &verdict.decision {
            Decision::Patch(patch) => {
                out.extend_from_slice(br#","patchType":"JSONPatch","patch":""#);
                write_base64(&mut out, patch);
                out.push(b'"');
            }
            Decision::Deny => {
                out.extend_from_slice(br#","status":{"code":"#);
                out.extend_from_slice(code(verdict).as_bytes());
                out.extend_from_slice(br#","message":"#);
                write_string(&mut out, &refusal(verdict));
                out.push(b'}');
            }
            Decision::Admit | Decision::Unavailable => {}
        }
        write_warnings(&mut out, &warnings(verdict));
        write_audit_annotations(&mut out, verdict);
        out.extend_from_slice(b"}}");
        Answer { status: 200, body: out }
    }

    /// Admits, and says something.
    pub(super) fn of_warnings(uid: &str, warnings: &[String]) -> Self {
        let mut out = open(uid, &Decision::Admit);
        write_warnings(&mut out, warnings);
        out.extend_from_slice(b"}}");
        Answer { status: 200, body: out }
    }
}

/// The message of a refusal: what, where and how to mend it. The webhook and the command line share it.
#[must_use]
pub fn refusal(verdict: &Verdict<'_>) -> String {
    let mut message = String::from("podgraft: ");
    let count = verdict.with_effect(Effect::Deny).count();
    for (i, finding) in verdict.with_effect(Effect::Deny).enumerate() {
        let ground = &bounded(LONGEST_REFUSAL, format_args!("{finding}"));
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
    cut(message, LONGEST_REFUSAL)
}

/// What is said as warnings, within what API servers pass on. The webhook and the command line share it.
#[must_use]
pub fn warnings(verdict: &Verdict<'_>) -> Vec<String> {
    within_bounds(verdict.with_effect(Effect::Warn).map(|finding| warning(format_args!("podgraft: {finding}"))))
}

/// One warning, no longer than what API servers pass on.
pub(super) fn warning(words: fmt::Arguments<'_>) -> String {
    bounded(LONGEST_WARNING, words)
}

/// Cuts warnings to what API servers pass on. Those that would not be sent are not even put into words.
pub(super) fn within_bounds(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    let mut together = 0;
    for warning in all.map(|w| cut(w, LONGEST_WARNING)) {
        together += warning.len();
        if warnings.len() == MAX_WARNINGS || together > WARNINGS_TOGETHER {
            break;
        }
        warnings.push(warning);
    }
    warnings
}

/// Words of at most so many characters. What is longer is cut while it is put together: a name from outside can be as long
/// as the body that holds it.
pub(super) fn bounded(longest: usize, words: fmt::Arguments<'_>) -> String {
    let mut bounded = Bounded { text: String::new(), left: longest + 1 };
    // It ends with an error where it is full.
    let _ = fmt::write(&mut bounded, words);
    cut(bounded.text, longest)
}

/// A text that takes no more than some characters.
struct Bounded {
    text: String,
    left: usize,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, words: &str) -> fmt::Result {
        for c in words.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}

pub(super) fn cut(mut text: String, longest: usize) -> String {
    if let Some((at, _)) = text.char_indices().nth(longest) {
        let last = text[..at].char_indices().next_back().map_or(0, |(last, _)| last);
        text.truncate(last);
        text.push('…');
    }
    text
}

fn open(uid: &str, decision: &Decision) -> Vec<u8> {
    let patch = if let Decision::Patch(patch) = decision { patch.len() } else { 0 };
    let mut out = Vec::with_capacity(512 + patch.div_ceil(3) * 4);
    out.extend_from_slice(br#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"#);
    write_string(&mut out, uid);
    let allowed = *decision != Decision::Deny;
    out.extend_from_slice(if allowed { br#","allowed":true"# } else { br#","allowed":false"# });
    out
}

/// 403 where somebody else's rule forbids it, 422 where the Pod's author can mend it.
fn code(verdict: &Verdict<'_>) -> &'static str {
    let forbids =
        |f: &Finding<'_>| matches!(f.reason, Reason::Outcome(Outcome::HostNetwork | Outcome::RequiredDisabled));
    if verdict.with_effect(Effect::Deny).all(forbids) { "403" } else { "422" }
}

fn write_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start + STANDARD.encoded_length(bytes.len()), 0);
    let _ = STANDARD.encode(bytes, Out::from_slice(&mut out[start..]));
}

fn write_warnings(out: &mut Vec<u8>, warnings: &[String]) {
    for (i, warning) in warnings.iter().enumerate() {
        out.extend_from_slice(if i == 0 { br#","warnings":["# } else { b"," });
        write_string(out, warning);
    }
    if !warnings.is_empty() {
        out.push(b']');
    }
}

/// One annotation of the audit log for each companion, and one for what was remarked. The API server puts the entry's
/// name in front of the keys.
fn write_audit_annotations(out: &mut Vec<u8>, verdict: &Verdict<'_>) {
    let mut before: &[u8] = br#","auditAnnotations":{"#;
    // A name that somebody invented is no key.
    for (companion, finding) in verdict.outcomes().filter(|(name, _)| is_label(name, 63)) {
        out.extend_from_slice(std::mem::replace(&mut before, b","));
        write_string(out, companion);
        out.push(b':');
        write_string(out, finding.reason.label());
    }
    let mut remarks = verdict.findings.iter().filter(|f| !f.outcome).map(|f| f.reason.label()).peekable();
    if remarks.peek().is_some() {
        out.extend_from_slice(std::mem::replace(&mut before, b","));
        // A companion may be called so; none has a dot in its name.
        let taken = verdict.outcomes().any(|(companion, _)| companion == "remarks");
        out.extend_from_slice(if taken { br#""pod.remarks":""# } else { br#""remarks":""# });
        for (i, label) in remarks.enumerate() {
            out.extend_from_slice(if i > 0 { b"," } else { b"" });
            out.extend_from_slice(label.as_bytes());
        }
        out.push(b'"');
    }
    if before == b"," {
        out.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::bounded;

    #[test]
    fn words_are_cut_between_characters_while_they_are_put_together() {
        for (longest, words, expected) in [(3, "äöü", "äöü"), (3, "äöüß", "äö…"), (5, "a, b, c", "a, b…"), (0, "", "")]
        {
            assert_eq!(bounded(longest, format_args!("{words}")), expected);
        }
        let long = "x".repeat(1 << 20);
        assert!(bounded(256, format_args!("{long}{long}")).capacity() < 2048);
    }
}
