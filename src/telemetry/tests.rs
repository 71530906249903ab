use super::*;
use crate::admission::ReviewResult;
use crate::inject::verdict::reason::{Outcome, Reason, Remark};
use crate::inject::verdict::{Decision, Effect, Finding, Verdict};
use std::borrow::Cow;
use std::sync::{Arc, Mutex};

fn logged(record: &ReviewRecord<'_>, json: bool) -> String {
    let written = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&written);
    let writer = Escaped::new(move || SharedWriter(Arc::clone(&writer)), Escapes::All);
    let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(writer);
    let took = Duration::from_micros(12);
    if json {
        let lines = lines.with_target(false).json().flatten_event(true).with_current_span(false).with_span_list(false);
        tracing::subscriber::with_default(lines.finish(), || review(record, took));
    } else {
        tracing::subscriber::with_default(lines.finish(), || review(record, took));
    }
    let written = written.lock().unwrap();
    String::from_utf8(written.clone()).unwrap()
}

struct SharedWriter(Arc<Mutex<Vec<u8>>>);

impl io::Write for SharedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn finding(companion: Option<&'static str>, reason: impl Into<Reason>) -> Finding<'static> {
    Finding {
        companion: companion.map(Cow::Borrowed),
        via: None,
        reason: reason.into(),
        effect: Effect::Info,
        outcome: true,
    }
}

#[test]
fn a_review_is_one_line_whatever_its_names_hold() {
    let findings =
        vec![finding(Some("git-sync"), Outcome::Injected), finding(None, Remark::OptedOut { requests: false })];
    let verdict = Verdict { decision: Decision::Admit, findings };
    let name = format!("\n{{\"level\":\"forged\"}}\u{1b}[2J{}", "x".repeat(500));
    let record = ReviewRecord {
        webhook: "requested",
        result: ReviewResult::Unchanged,
        uid: "1-2",
        namespace: "town",
        name: &name,
        dry_run: true,
        owner_references: "",
        verdict: Some(&verdict),
        complaint: "",
    };
    let json = logged(&record, true);
    let line: serde_json::Value = serde_json::from_str(&json).expect("one object");
    assert_eq!(json.matches('\n').count(), 1);
    assert_eq!(line["companions"], "git-sync=Injected,OptedOut");
    assert_eq!((&line["uid"], &line["dry_run"], &line["microseconds"]), (&"1-2".into(), &true.into(), &12.into()));
    assert_eq!(line["name"].as_str().unwrap().chars().count(), review_fields::MAX_TEXT);
    assert_eq!(line.get("complaint"), None);
    let text = logged(&record, false);
    assert!(text.matches('\n').count() == 1 && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn invisible_characters_are_escaped_in_both_formats() {
    let invisible =
        "\u{7f}\u{85}\u{9b}\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2028}\u{2029}\u{2066}\u{2069}\u{feff}\u{1}";
    let findings =
        vec![Finding { companion: Some(invisible.into()), ..finding(None, Remark::OptedOut { requests: false }) }];
    let verdict = Verdict { decision: Decision::Admit, findings };
    let record = ReviewRecord {
        webhook: "requested",
        result: ReviewResult::Unchanged,
        uid: invisible,
        namespace: invisible,
        name: invisible,
        dry_run: false,
        owner_references: "",
        verdict: Some(&verdict),
        complaint: invisible,
    };
    for json in [true, false] {
        let line = logged(&record, json);
        let raw = line.trim_end_matches('\n').chars().find(|c| invisible.contains(*c));
        assert!(raw.is_none(), "{raw:?} in {line:?}");
        if json {
            let line: serde_json::Value = serde_json::from_str(&line).expect("one object");
            assert_eq!(
                (&line["name"], &line["uid"], &line["complaint"]),
                (&invisible.into(), &invisible.into(), &invisible.into())
            );
        }
    }
}

#[test]
fn the_line_that_is_written_by_hand_is_the_line_of_the_formatter() {
    let findings =
        vec![finding(Some("git-sync"), Outcome::Injected), finding(None, Remark::OptedOut { requests: false })];
    let verdict = Verdict { decision: Decision::Admit, findings };
    let hostile = "\u{202e}\"\\\n\u{1}\u{7f}\u{2028}é🦀/";
    for (name, complaint, dry_run) in [("web-5d4f8c7b9d-", "", false), (hostile, hostile, true), ("", "cut off", false)]
    {
        let record = ReviewRecord {
            webhook: "requested",
            result: ReviewResult::Patched,
            uid: "1-2",
            namespace: name,
            name,
            dry_run,
            owner_references: "",
            verdict: complaint.is_empty().then_some(&verdict),
            complaint,
        };
        let fields = ReviewFields::of(&record, Duration::from_micros(12));
        let by_hand = review_line::line(&fields, Duration::ZERO);
        let by_hand = escape::escaped(&by_hand, Escapes::All).into_owned();
        let formatted = logged(&record, true);
        // Both times have the same length.
        let start = r#"{"timestamp":"2026-11-27T09:10:07.000012Z""#.len();
        assert_eq!(by_hand[start..], formatted[start..]);
        assert!(by_hand.starts_with(r#"{"timestamp":"1970-01-01T00:00:00.000000Z""#), "{by_hand}");
    }
}
