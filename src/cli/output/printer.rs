//! Writes a stream of documents. Those that did not change are written byte for byte.

use serde_json::Value;

use crate::manifest;
use crate::manifest::{Document, Format};

/// Collects a stream of documents.
#[derive(Debug)]
pub(super) struct Printer {
    out: String,
    /// The format of all documents; `None`: each keeps its own.
    format: Option<Format>,
    last: Option<Last>,
}

/// The document that was written last.
#[derive(Debug)]
struct Last {
    format: Format,
    /// Whether the next document of the same file can follow without a separator.
    in_place: bool,
}

impl Printer {
    /// Writes all documents in one format, or each in its own.
    pub(super) fn new(format: Option<Format>) -> Self {
        Printer { out: String::new(), format, last: None }
    }

    /// The whole stream.
    pub(super) fn finish(self) -> String {
        self.out
    }

    /// Adds the documents of one file, each with its new value and text if it changed.
    pub(super) fn file<'d>(&mut self, documents: impl Iterator<Item = (&'d Document, Option<(&'d Value, &'d str)>)>) {
        if let Some(last) = &mut self.last {
            last.in_place = false;
        }
        for (document, new) in documents {
            self.document(document, new);
        }
    }

    fn document(&mut self, document: &Document, new: Option<(&Value, &str)>) {
        let format = self.format.unwrap_or(document.format);
        let in_place = format == document.format;
        let written;
        let (mut text, marked) = if in_place {
            (new.map_or(document.text(), |(_, text)| text), document.is_marked())
        } else {
            let Some(value) = new.map(|(value, _)| value).or(document.value.as_ref()) else { return };
            written = in_format(value, format);
            (&*written, false)
        };
        if text.is_empty() {
            return;
        }
        if let Some(last) = &self.last
            && !(last.in_place && in_place)
        {
            text = text.strip_prefix('\u{feff}').unwrap_or(text);
            if !self.out.ends_with('\n') {
                self.out.push('\n');
            }
            let both_json = last.format == Format::Json && format == Format::Json;
            if !marked && !both_json {
                self.out.push_str("---\n");
            }
        }
        self.out.push_str(text);
        self.last = Some(Last { format, in_place });
    }
}

fn in_format(value: &Value, format: Format) -> String {
    match format {
        Format::Yaml => manifest::yaml(value),
        Format::Json => manifest::json(value) + "\n",
    }
}
