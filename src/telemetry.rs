//! What is logged: one line for each review, and what an operator has to know. Never what a Pod holds.

mod escape;
mod log_writer;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::panic::{self, PanicHookInfo};
use std::time::Duration;

use clap::ValueEnum;
use prometheus_client::metrics::counter::Counter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::admission::ReviewRecord;

use escape::{Escaped, Escapes};
use log_writer::LogWriter;

/// The longest piece of somebody else's text in a line, in characters.
const LONGEST: usize = 256;
/// The client of the API server reports each attempt that fails; whoever called it says that once, and in words.
const HUSHED: &str = "kube_client=off,kube_runtime=off";
/// The longest list of reasons in a line, in characters.
const LONGEST_LIST: usize = 1024;

/// How lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    #[default]
    Auto,
    /// Text.
    Text,
    /// One JSON object a line.
    Json,
}

/// The log of a process, open for as long as this lives.
#[derive(Debug)]
pub struct Log {
    outlet: LogWriter,
}

impl Log {
    /// Opens the log of the process on the standard error. `RUST_LOG` beats the level.
    ///
    /// # Errors
    /// Where level or `RUST_LOG` cannot be read, or a log is open already.
    pub fn open(format: LogFormat, level: &str) -> Result<Self, LogError> {
        let asked = std::env::var("RUST_LOG").ok().filter(|d| !d.is_empty());
        let all = asked.clone().unwrap_or_else(|| format!("{level},{HUSHED}"));
        let filter = EnvFilter::builder().parse(all).map_err(|source| {
            let directives = asked.unwrap_or_else(|| level.to_owned());
            LogError::Level { directives, source }
        })?;
        let outlet = LogWriter::open(io::stderr()).map_err(LogError::Thread)?;
        let terminal = io::stderr().is_terminal();
        let text = format == LogFormat::Text || (format == LogFormat::Auto && terminal);
        let escapes = if text && terminal { Escapes::AllButColors } else { Escapes::All };
        let writer = Escaped::new(outlet.clone(), escapes);
        let lines = tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(writer);
        let opened = match format {
            LogFormat::Text => lines.with_ansi(terminal).try_init(),
            LogFormat::Auto if terminal => lines.try_init(),
            LogFormat::Auto | LogFormat::Json => {
                lines.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
            }
        };
        opened.map_err(|_| LogError::Twice)?;
        panic::set_hook(Box::new(log_panic));
        Ok(Log { outlet })
    }

    /// Counts the lines that were dropped because nobody took them.
    #[must_use]
    pub fn dropped(&self) -> Counter {
        self.outlet.dropped()
    }
}

/// What has been written so far is still brought out, unless nobody takes it.
impl Drop for Log {
    fn drop(&mut self) {
        self.outlet.close();
    }
}

/// A log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level is none.
    #[error(
        "cannot read {directives:?} as a log level; --log-level and RUST_LOG take error, warn, info, debug or trace: {source}"
    )]
    Level {
        /// What was given.
        directives: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// There can be no further thread.
    #[error("cannot start the thread that writes the log")]
    Thread(#[source] io::Error),
    /// The process has a log already.
    #[error("the log of this process is open already")]
    Twice,
}

/// Logs a review, in one line.
pub fn review(record: &ReviewRecord<'_>, took: Duration) {
    if !tracing::enabled!(tracing::Level::INFO) {
        return;
    }
    let complaint = (!record.complaint.is_empty()).then(|| cut(record.complaint, LONGEST));
    tracing::info!(
        uid = &*cut(record.uid, LONGEST),
        webhook = record.webhook,
        namespace = &*cut(record.namespace, LONGEST),
        name = &*cut(record.name, LONGEST),
        result = record.result.as_str(),
        dry_run = record.dry_run,
        companions = reasons(record),
        complaint = complaint.as_deref(),
        microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "review"
    );
}

/// `companion=Reason`, and the bare reason where it is about the Pod.
fn reasons(record: &ReviewRecord<'_>) -> String {
    let mut list = String::new();
    for finding in record.verdict.iter().flat_map(|verdict| &verdict.findings) {
        // No character is shorter than a byte: what is put together beyond this would be cut off.
        if list.len() > 4 * LONGEST_LIST {
            break;
        }
        if !list.is_empty() {
            list.push(',');
        }
        if let Some(companion) = &finding.companion {
            // Writing to a String cannot fail.
            let _ = write!(list, "{}=", cut(companion, LONGEST));
        }
        list.push_str(finding.reason.label());
    }
    match cut(&list, LONGEST_LIST) {
        Cow::Borrowed(_) => list,
        Cow::Owned(shortened) => shortened,
    }
}

/// The first characters of a text, and whether there were more. Line breaks and the like are escaped by the writer.
fn cut(text: &str, longest: usize) -> Cow<'_, str> {
    // No character is longer than that, so most texts need not be counted.
    match text.char_indices().nth(longest).filter(|_| text.len() > longest) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Says where, and what only if it stands in the source: a message that was put together may quote a Pod.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let cause = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(message withheld)");
    let location = panic.location().map(ToString::to_string);
    tracing::error!(location, cause, "panicked, which is a bug in podgraft");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::ReviewResult;
    use crate::inject::verdict::reason::{Outcome, Reason, Remark};
    use crate::inject::verdict::{Decision, Effect, Finding, Verdict};
    use std::sync::{Arc, Mutex};

    #[test]
    fn cuts_between_characters() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "longe...");
        assert_eq!(cut("äöü", 2), "äö...");
        assert_eq!(cut("äöü", 3), "äöü");
    }

    fn logged(record: &ReviewRecord<'_>, json: bool) -> String {
        let written = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&written);
        let writer = Escaped::new(move || SharedWriter(Arc::clone(&writer)), Escapes::All);
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(writer);
        let took = Duration::from_micros(12);
        if json {
            tracing::subscriber::with_default(lines.json().flatten_event(true).finish(), || review(record, took));
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
            verdict: Some(&verdict),
            complaint: "",
        };
        let json = logged(&record, true);
        let line: serde_json::Value = serde_json::from_str(&json).expect("one object");
        assert_eq!(json.matches('\n').count(), 1);
        assert_eq!(line["companions"], "git-sync=Injected,OptedOut");
        assert_eq!((&line["uid"], &line["dry_run"], &line["microseconds"]), (&"1-2".into(), &true.into(), &12.into()));
        assert_eq!(line["name"].as_str().unwrap().chars().count(), LONGEST + 3);
        assert_eq!(line.get("complaint"), None);
        let text = logged(&record, false);
        assert!(text.matches('\n').count() == 1 && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn characters_that_nobody_sees_are_escaped_in_both_formats() {
        let unseen =
            "\u{7f}\u{85}\u{9b}\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2028}\u{2029}\u{2066}\u{2069}\u{feff}\u{1}";
        let findings =
            vec![Finding { companion: Some(unseen.into()), ..finding(None, Remark::OptedOut { requests: false }) }];
        let verdict = Verdict { decision: Decision::Admit, findings };
        let record = ReviewRecord {
            webhook: "requested",
            result: ReviewResult::Unchanged,
            uid: unseen,
            namespace: unseen,
            name: unseen,
            dry_run: false,
            verdict: Some(&verdict),
            complaint: unseen,
        };
        for json in [true, false] {
            let line = logged(&record, json);
            let raw = line.trim_end_matches('\n').chars().find(|c| unseen.contains(*c));
            assert!(raw.is_none(), "{raw:?} in {line:?}");
            if json {
                let line: serde_json::Value = serde_json::from_str(&line).expect("one object");
                assert_eq!(
                    (&line["name"], &line["uid"], &line["complaint"]),
                    (&unseen.into(), &unseen.into(), &unseen.into())
                );
            }
        }
    }
}
