//! Messages on stderr, with colors on a terminal.
//!
//! Errors of writing are ignored, because there is no other place to report them.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};

use crate::source::files::report::{ManifestRemark, Severity};

/// Red and bold.
const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Yellow and bold.
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Reports an error.
pub(super) fn error(text: &str) {
    line(&format!("{ERROR}error:{ERROR:#} {}", printable(text)));
}

/// Reports a warning.
pub(super) fn warning(text: &str) {
    line(&format!("{WARNING}warning:{WARNING:#} {}", printable(text)));
}

/// Reports what was done.
pub(super) fn note(text: &str) {
    line(&printable(text));
}

/// Reports an error or a warning of a manifest.
pub(super) fn remark(remark: &ManifestRemark) {
    line(&marked(remark));
}

fn line(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// A remark with its severity in color.
pub(super) fn marked(remark: &ManifestRemark) -> String {
    let style = match remark.severity {
        Severity::Error => ERROR,
        Severity::Warning => WARNING,
    };
    let (place, severity) = (remark.place(), remark.severity.as_str());
    format!("{}: {style}{severity}:{style:#} {}", printable(&place), printable(&remark.text()))
}

/// Replaces control characters of a text that comes from a manifest or a server: they could change what a terminal shows.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// A count with its noun: `1 error`, `2 errors`.
pub(super) fn number(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
