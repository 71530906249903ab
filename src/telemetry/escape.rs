//! Characters that hide or forge what a line says are escaped in one place, whatever event or crate they come from: names
//! from outside reach the log by many ways, and the formats escape only some of what terminals and editors obey.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use crate::text::characters::{breaks_line, is_bidirectional};

/// What is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// All that is not seen.
    All,
    /// The same but the escape character, by which the format of a terminal colors its own words; in the words of others it
    /// has replaced it.
    AllButColors,
}

/// Makes writers that escape. A line comes in one piece, so its own end is the last character.
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

/// The line with `\u202e` and the like for what is not seen. In JSON that is the same string, for there such characters
/// are in strings only.
fn escaped(line: &str, escapes: Escapes) -> Cow<'_, str> {
    let body = line.strip_suffix('\n').unwrap_or(line);
    let unseen = |c: char| {
        let hides = breaks_line(c) || is_bidirectional(c) || c == '\u{feff}';
        hides && !(c == '\u{1b}' && escapes == Escapes::AllButColors)
    };
    if !body.contains(unseen) {
        return Cow::Borrowed(line);
    }
    let mut shown = String::with_capacity(line.len() + 64);
    for c in body.chars() {
        if unseen(c) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown.push_str(&line[body.len()..]);
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::{Escapes, escaped};

    #[test]
    fn a_line_keeps_its_end_and_what_can_be_seen() {
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
