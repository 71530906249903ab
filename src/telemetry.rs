//! The log: one line for each review, and events that an operator should know. It never contains values of a Pod.

mod escape;
mod log_writer;

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::panic::{self, PanicHookInfo};
use std::time::Duration;

use clap::ValueEnum;
use prometheus_client::registry::Registry;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::admission::ReviewRecord;
use crate::text::truncate;

use escape::{Escaped, Escapes};
use log_writer::LogWriter;

/// The longest name or message from a client in a line, in characters.
const MAX_TEXT: usize = 256;
/// Directives that silence the client of the API server. It logs each failed attempt, which its caller logs once per outage.
const SILENCED: &str = "kube_client=off,kube_runtime=off";
/// The longest list of reasons in a line, in characters.
const MAX_LIST: usize = 1024;

/// The format of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text if stderr is a terminal, otherwise JSON.
    #[default]
    Auto,
    /// Text.
    Text,
    /// One JSON object per line.
    Json,
}

/// The log of a process. Dropping it writes the lines that are still buffered.
#[derive(Debug)]
pub struct Log {
    writer: LogWriter,
}

impl Log {
    /// Opens the log of the process on standard error. `RUST_LOG` takes precedence over the level.
    ///
    /// # Errors
    /// The level or `RUST_LOG` is invalid, or the process has a log already.
    pub fn open(format: LogFormat, level: &str) -> Result<Self, LogError> {
        let directives = std::env::var("RUST_LOG").ok().filter(|d| !d.is_empty());
        let filter = directives.clone().unwrap_or_else(|| format!("{level},{SILENCED}"));
        let filter = EnvFilter::builder().parse(filter).map_err(|source| {
            let directives = directives.unwrap_or_else(|| level.to_owned());
            LogError::Level { directives, source }
        })?;
        let log_writer = LogWriter::open(io::stderr()).map_err(LogError::Thread)?;
        let terminal = io::stderr().is_terminal();
        let text = format == LogFormat::Text || (format == LogFormat::Auto && terminal);
        let escapes = if text && terminal { Escapes::AllButColors } else { Escapes::All };
        let writer = Escaped::new(log_writer.clone(), escapes);
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
        Ok(Log { writer: log_writer })
    }

    /// Registers the counter of dropped lines.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Log lines dropped because standard error was blocked";
        registry.register("log_lines_dropped", help, self.writer.dropped());
    }
}

/// Writes the buffered lines, unless standard error is blocked.
impl Drop for Log {
    fn drop(&mut self) {
        self.writer.close();
    }
}

/// A log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The directives cannot be parsed.
    #[error(
        "invalid log level {directives:?}: {source}; --log-level and RUST_LOG take error, warn, info, debug or trace"
    )]
    Level {
        /// The value of the flag or of `RUST_LOG`.
        directives: String,
        /// Why it cannot be parsed.
        source: ParseError,
    },
    /// The writer thread cannot be started.
    #[error("cannot start the thread that writes the log")]
    Thread(#[source] io::Error),
    /// The process has a log already.
    #[error("the log of this process is open already")]
    Twice,
}

/// Logs a review in one line. Names are cut to 256 characters, and only reasons are listed, not values.
pub fn review(record: &ReviewRecord<'_>, took: Duration) {
    if !tracing::enabled!(tracing::Level::INFO) {
        return;
    }
    let complaint = (!record.complaint.is_empty()).then(|| truncate(record.complaint, MAX_TEXT));
    tracing::info!(
        uid = &*truncate(record.uid, MAX_TEXT),
        webhook = record.webhook,
        namespace = &*truncate(record.namespace, MAX_TEXT),
        name = &*truncate(record.name, MAX_TEXT),
        result = record.result.as_str(),
        dry_run = record.dry_run,
        companions = reasons(record),
        complaint = complaint.as_deref(),
        microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "review"
    );
}

/// `companion=Reason` for each finding, or `Reason` where a finding is about the Pod, separated by commas.
fn reasons(record: &ReviewRecord<'_>) -> String {
    let mut list = String::new();
    for finding in record.verdict.iter().flat_map(|verdict| &verdict.findings) {
        // A character has at most four bytes, so the rest would be cut off.
        if list.len() > 4 * MAX_LIST {
            break;
        }
        if !list.is_empty() {
            list.push(',');
        }
        if let Some(companion) = &finding.companion {
            // Writing to a String cannot fail.
            let _ = write!(list, "{}=", truncate(&**companion, MAX_TEXT));
        }
        list.push_str(finding.reason.label());
    }
    truncate(list, MAX_LIST).into_owned()
}

/// Logs the location of a panic, and its message only if it is a literal: a formatted message may quote a Pod.
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
    use std::borrow::Cow;
    use std::sync::{Arc, Mutex};

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
        assert_eq!(line["name"].as_str().unwrap().chars().count(), MAX_TEXT);
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
}
