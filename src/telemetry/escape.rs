//! Escapes characters that hide or forge parts of a log line.
//!
//! Names from clients reach the log through many events and crates, and the formats of tracing escape only some of the
//! characters that terminals and editors interpret. So all lines are escaped here, after they are formatted.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use crate::text::characters::is_deceptive;

/// The characters that are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// All invisible characters.
    All,
    /// All but the escape character, which colors a terminal. tracing has already replaced it in field values.
    AllButColors,
}

/// Makes writers that escape. Each write is one whole line, so a line feed at its end is not escaped.
#[derive(Debug, Clone)]
pub(super) struct Escaped<M> {
    inner: M,
    escapes: Escapes,
}

impl<M> Escaped<M> {
    pub(super) fn new(inner: M, escapes: Escapes) -> Self {
        Escaped { inner, escapes }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Escaped<M> {
    type Writer = Escaped<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Escaped { inner: self.inner.make_writer(), escapes: self.escapes }
    }
}

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.inner.write_all(escaped(&text, self.escapes).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The line with escapes such as `\u202e` for invisible characters. In JSON the strings keep their value, because such
/// characters occur only inside of strings.
pub(super) fn escaped(line: &str, escapes: Escapes) -> Cow<'_, str> {
    let body = line.strip_suffix('\n').unwrap_or(line);
    // Almost all lines are printable ASCII, which is checked many bytes at a time.
    let is_printable = |part: &[u8]| part.iter().fold(true, |all, byte| all & matches!(byte, b' '..=b'~'));
    if body.as_bytes().chunks(64).all(is_printable) {
        return Cow::Borrowed(line);
    }
    let is_escaped = |c: char| {
        let hides = is_deceptive(c) || c == '\u{feff}';
        hides && !(c == '\u{1b}' && escapes == Escapes::AllButColors)
    };
    if !body.contains(is_escaped) {
        return Cow::Borrowed(line);
    }
    let mut text = String::with_capacity(line.len() + 64);
    for c in body.chars() {
        if is_escaped(c) {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text.push_str(&line[body.len()..]);
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::{Escapes, escaped};

    #[test]
    fn a_line_keeps_its_end_and_its_visible_characters() {
        for (line, all, all_but_colors) in [
            ("plain ä\n", "plain ä\n", "plain ä\n"),
            ("forged\n{}\n", "forged\\u000a{}\n", "forged\\u000a{}\n"),
            ("\u{1b}[2mtime\u{1b}[0m\u{9b}\n", "\\u001b[2mtime\\u001b[0m\\u009b\n", "\u{1b}[2mtime\u{1b}[0m\\u009b\n"),
            (
                "\u{202e}txt\u{2069}\u{feff}\u{2028}",
                "\\u202etxt\\u2069\\ufeff\\u2028",
                "\\u202etxt\\u2069\\ufeff\\u2028",
            ),
            ("\n", "\n", "\n"),
            ("", "", ""),
        ] {
            assert_eq!(escaped(line, Escapes::All), all);
            assert_eq!(escaped(line, Escapes::AllButColors), all_but_colors);
        }
    }
}
