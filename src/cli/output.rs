//! Documents on stdout: those that did not change byte for byte.

use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use similar::TextDiff;

use crate::manifest::{self, Document, Format};

/// How a stream of documents is written.
#[derive(Debug)]
pub(super) struct Printer<W> {
    out: W,
    /// The language of all documents; `None`: each in its own.
    format: Option<Format>,
    last: Option<Last>,
}

/// What was written last.
#[derive(Debug)]
struct Last {
    format: Format,
    ends_line: bool,
    /// Whether what follows it in its file may follow it here.
    in_place: bool,
}

impl<W: Write> Printer<W> {
    /// Writes to `out`, in one language or each document in its own.
    pub(super) fn new(out: W, format: Option<Format>) -> Self {
        Printer { out, format, last: None }
    }

    /// Writes the documents of one file, each with the value that takes its place, if any does.
    pub(super) fn file<'d>(
        &mut self,
        documents: impl Iterator<Item = (&'d Document, Option<&'d Value>)>,
    ) -> io::Result<()> {
        if let Some(last) = &mut self.last {
            last.in_place = false;
        }
        for (document, new) in documents {
            self.document(document, new)?;
        }
        self.out.flush()
    }

    /// Writes a line that is no document.
    pub(super) fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    fn document(&mut self, document: &Document, new: Option<&Value>) -> io::Result<()> {
        let format = self.format.unwrap_or(document.format);
        let in_place = format == document.format;
        let (text, marked) = if in_place {
            (new.map_or_else(|| document.text().to_owned(), |new| document.rewritten(new)), document.is_marked())
        } else {
            let Some(value) = new.or(document.value.as_ref()) else { return Ok(()) };
            (in_format(value, format), false)
        };
        let mut text = &*text;
        if text.is_empty() {
            return Ok(());
        }
        if let Some(last) = &self.last
            && !(last.in_place && in_place)
        {
            text = text.strip_prefix('\u{feff}').unwrap_or(text);
            if !last.ends_line {
                self.out.write_all(b"\n")?;
            }
            let both_json = last.format == Format::Json && format == Format::Json;
            if !marked && !both_json {
                self.out.write_all(b"---\n")?;
            }
        }
        self.out.write_all(text.as_bytes())?;
        self.last = Some(Last { format, ends_line: text.ends_with('\n'), in_place });
        Ok(())
    }
}

fn in_format(value: &Value, format: Format) -> String {
    match format {
        Format::Yaml => manifest::yaml(value),
        Format::Json => manifest::json(value) + "\n",
    }
}

/// Writes what differs in the documents of a file, as unified diffs of their YAML. Colours only on a terminal.
pub(super) fn diffs<'d>(
    file: &Path,
    documents: impl Iterator<Item = (&'d Document, &'d Option<Value>)>,
) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    for (document, new) in documents {
        if let (Some(old), Some(new)) = (&document.value, new) {
            let title = format!("{}:{}", file.display(), document.position("").line);
            write_diff(&mut out, &title, &manifest::yaml(old), &manifest::yaml(new))?;
        }
    }
    out.flush()
}

fn write_diff(out: &mut impl Write, title: &str, old: &str, new: &str) -> io::Result<()> {
    let (from, to) = (format!("a/{title}"), format!("b/{title}"));
    let diff = TextDiff::from_lines(old, new).unified_diff().context_radius(3).header(&from, &to).to_string();
    for line in diff.lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => AnsiColor::Green.on_default(),
            Some(b'-') => AnsiColor::Red.on_default(),
            Some(b'@') => AnsiColor::Cyan.on_default(),
            _ => Style::new(),
        };
        writeln!(out, "{style}{line}{style:#}")?;
    }
    Ok(())
}
