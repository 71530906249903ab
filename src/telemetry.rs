//! The log: one line for each review, and events that an operator should know. It never contains values of a Pod.

mod escape;
mod log_writer;
mod review_fields;
mod review_line;

use std::io::{self, IsTerminal as _};
use std::panic::{self, PanicHookInfo};
use std::sync::OnceLock;
use std::time::Duration;

use clap::ValueEnum;
use prometheus_client::registry::Registry;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::admission::ReviewRecord;

use escape::{Escaped, Escapes};
use log_writer::LogWriter;
use review_fields::ReviewFields;
use review_line::ReviewLines;

/// Directives that silence the client of the API server. It logs each failed attempt, which its caller logs once per outage.
const SILENCED: &str = "kube_client=off,kube_runtime=off";
/// Writes the lines of reviews where the log of this process is JSON.
static REVIEW_LINES: OnceLock<ReviewLines> = OnceLock::new();

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
        if !text {
            REVIEW_LINES.get_or_init(|| ReviewLines::new(log_writer.clone()));
        }
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
    let fields = ReviewFields::of(record, took);
    match REVIEW_LINES.get() {
        Some(lines) => lines.write(&fields),
        None => trace(&fields),
    }
}

fn trace(fields: &ReviewFields<'_>) {
    tracing::info!(
        uid = &*fields.uid,
        webhook = fields.webhook,
        namespace = &*fields.namespace,
        name = &*fields.name,
        result = fields.result,
        dry_run = fields.dry_run,
        companions = fields.companions,
        complaint = fields.complaint.as_deref(),
        microseconds = fields.microseconds,
        "review"
    );
}

/// Logs the location of a panic, and its message only if it is a literal: a formatted message may quote a Pod.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let cause = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(message withheld)");
    let location = panic.location().map(ToString::to_string);
    tracing::error!(location, cause, "panicked, which is a bug in podgraft");
}

#[cfg(test)]
mod tests;
