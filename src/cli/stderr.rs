//! Messages on stderr, with colors on a terminal.
//!
//! Errors of writing are ignored, because there is no other place to report them.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};

use crate::source::files::report::{ManifestRemark, Severity};
use crate::text::characters::{is_deceptive, one_line};

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
    format!("{}: {style}{severity}:{style:#} {}", one_line(&place), one_line(&remark.text()))
}

/// Replaces the characters of a text from a manifest or a server that could change what a terminal shows, but keeps its lines.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if is_deceptive(c) && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// A count with its noun: `1 error`, `2 errors`.
pub(super) fn number(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_keeps_its_lines_and_cannot_deceive_a_terminal() {
        assert_eq!(printable("a\nb\u{1b}c\u{2028}d\u{202e}e"), "a\nb\u{fffd}c\u{fffd}d\u{fffd}e");
    }

    #[test]
    fn a_remark_is_one_line() {
        let (file, field, message) = ("a\nb.yaml".into(), String::new(), "unknown field\nerror: c\u{202e}d".to_owned());
        let remark = ManifestRemark { severity: Severity::Error, file, at: None, field, message };
        let marked = anstream::adapter::strip_str(&marked(&remark)).to_string();
        assert_eq!(marked, "a b.yaml: error: unknown field error: c\u{fffd}d");
    }
}
