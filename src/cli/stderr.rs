//! What is said on stderr. Colours only on a terminal.
//!
//! Nothing here fails: where nobody reads stderr, or it is full, there is nobody left to tell.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};

use crate::source::files::report::{Remark, Severity};

/// Red and bold.
const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Yellow and bold.
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Says what went wrong.
pub(super) fn error(text: &str) {
    line(&format!("{ERROR}error:{ERROR:#} {}", printable(text)));
}

/// Says what is likely not meant.
pub(super) fn warning(text: &str) {
    line(&format!("{WARNING}warning:{WARNING:#} {}", printable(text)));
}

/// Says what happened.
pub(super) fn note(text: &str) {
    line(&printable(text));
}

/// Says what is wrong with a manifest.
pub(super) fn remark(remark: &Remark) {
    line(&marked(remark));
}

fn line(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// A remark with its severity in colour.
pub(super) fn marked(remark: &Remark) -> String {
    let style = match remark.severity {
        Severity::Error => ERROR,
        Severity::Warning => WARNING,
    };
    let (place, severity) = (remark.place(), remark.severity.as_str());
    format!("{}: {style}{severity}:{style:#} {}", printable(&place), printable(&remark.text()))
}

/// A text of somebody else without characters that steer a terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// `1 error`, `2 errors`
pub(super) fn number(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
