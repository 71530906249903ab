//! What becomes of documents, and where it is written: all of it, or nothing.

mod diff;
mod file;
mod printer;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum, ValueHint};
use serde_json::Value;

use super::input::{Filenames, ManifestInput};
use super::stderr;
use crate::manifest::{Document, Encoding, Format};
use printer::Printer;

/// Where results are written, and how.
#[derive(Debug, Args)]
pub(super) struct Destination {
    /// Output format; without it, each document keeps its language. `jsonpatch`: one JSON patch (RFC 6902) a line for each
    /// document; `diff`: a patch of the files, and exit code 1 if there are differences
    #[arg(short, long, value_enum)]
    output: Option<Output>,
    /// Write to this file instead of stdout, and only on success
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output_file: Option<PathBuf>,
    /// Change the files themselves; each is replaced as a whole, and only if all manifests can be changed
    #[arg(short, long, conflicts_with_all = ["output", "output_file"])]
    in_place: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Yaml,
    Json,
    Jsonpatch,
    Diff,
}

/// What becomes of a document.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// The operations, from the root of the document.
    pub(super) operations: Vec<Value>,
    /// Whether it may not be changed as it should.
    pub(super) denied: bool,
}

/// A document that changes.
#[derive(Debug)]
struct Changed {
    value: Value,
    text: String,
}

impl Destination {
    /// Whether the standard input would have to be changed.
    pub(super) fn has_no_file(&self, filenames: &Filenames) -> bool {
        let wrong = self.in_place && filenames.has_stdin();
        if wrong {
            stderr::error("--in-place cannot be used with standard input; name the files");
        }
        wrong
    }

    /// Whether the answer is if there are differences.
    pub(super) fn is_diff(&self) -> bool {
        self.output == Some(Output::Diff)
    }

    /// Writes what becomes of each document of the inputs.
    pub(super) fn write(&self, inputs: &[ManifestInput], changes: &[Vec<Change>]) -> anyhow::Result<()> {
        if self.output == Some(Output::Jsonpatch) {
            return self.deliver(patches(inputs, changes).as_bytes());
        }
        let mut new = Vec::new();
        for (input, of_input) in inputs.iter().zip(changes) {
            let pairs = input.documents.iter().zip(of_input);
            new.push(
                pairs.map(|(document, change)| apply(input, document, change)).collect::<anyhow::Result<Vec<_>>>()?,
            );
        }
        if self.in_place {
            return replace_all(inputs, &new);
        }
        if self.is_diff() {
            let diffs = inputs.iter().zip(&new).map(|(input, new)| {
                let (before, after) = (input.text(), new_text(input, new));
                diff::unified(&input.path, &before, &after)
            });
            return self.deliver_diff(&diffs.collect::<String>());
        }
        let mut printer = Printer::new(self.output.and_then(Output::format));
        for (input, new) in inputs.iter().zip(&new) {
            let texts = new.iter().map(|n| n.as_ref().map(|n| (&n.value, &*n.text)));
            printer.file(input.documents.iter().zip(texts));
        }
        // What was read in one encoding is written in it.
        let first = inputs.first().map_or(Encoding::Utf8, |input| input.encoding);
        let encoding = if inputs.iter().all(|input| input.encoding == first) { first } else { Encoding::Utf8 };
        self.deliver(&encoding.encode(&printer.finish()))
    }

    fn deliver(&self, bytes: &[u8]) -> anyhow::Result<()> {
        if let Some(path) = &self.output_file {
            return file::replace(path, bytes).with_context(|| format!("write {}", path.display()));
        }
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    fn deliver_diff(&self, text: &str) -> anyhow::Result<()> {
        if self.output_file.is_some() {
            return self.deliver(text.as_bytes());
        }
        let mut out = anstream::stdout().lock();
        diff::colored(&mut out, text)?;
        Ok(out.flush()?)
    }
}

impl Output {
    fn format(self) -> Option<Format> {
        match self {
            Output::Yaml => Some(Format::Yaml),
            Output::Json => Some(Format::Json),
            Output::Jsonpatch | Output::Diff => None,
        }
    }
}

fn apply(input: &ManifestInput, document: &Document, change: &Change) -> anyhow::Result<Option<Changed>> {
    if document.value.is_none() || change.operations.is_empty() {
        return Ok(None);
    }
    changed(&input.path, document, &change.operations).map(Some)
}

/// The text of a document after a patch.
pub(super) fn edited(path: &Path, document: &Document, operations: &[Value]) -> anyhow::Result<String> {
    if operations.is_empty() {
        return Ok(document.text().to_owned());
    }
    changed(path, document, operations).map(|changed| changed.text)
}

fn changed(path: &Path, document: &Document, operations: &[Value]) -> anyhow::Result<Changed> {
    let mut value = document.value.clone().unwrap_or_default();
    let parsed: json_patch::Patch =
        serde_json::from_value(Value::Array(operations.to_vec())).context("a patch was malformed")?;
    json_patch::patch(&mut value, &parsed).context("a patch did not fit")?;
    let text = document.edited(&value, operations).unwrap_or_else(|| {
        let at = document.position("");
        let place = format!("{}:{}:{}", path.display(), at.line, at.column);
        stderr::warning(&format!(
            "{place}: the text of this document cannot be kept; it is written again without comments"
        ));
        document.rewritten(&value)
    });
    Ok(Changed { value, text })
}

fn new_text(input: &ManifestInput, changed: &[Option<Changed>]) -> String {
    let texts = input.documents.iter().zip(changed);
    texts.map(|(document, changed)| changed.as_ref().map_or(document.text(), |c| &c.text)).collect()
}

/// One patch a line; a document that is denied has none.
fn patches(inputs: &[ManifestInput], changes: &[Vec<Change>]) -> String {
    let mut out = String::new();
    for (input, changes) in inputs.iter().zip(changes) {
        for (document, change) in input.documents.iter().zip(changes) {
            if document.value.is_some() && !change.denied {
                out += &Value::Array(change.operations.clone()).to_string();
                out.push('\n');
            }
        }
    }
    out
}

/// Replaces the files that change. Everything is prepared first, so that a full disk leaves all of them as they were.
fn replace_all(inputs: &[ManifestInput], changed: &[Vec<Option<Changed>>]) -> anyhow::Result<()> {
    let mut prepared = Vec::new();
    for (input, changed) in inputs.iter().zip(changed).filter(|(_, changed)| changed.iter().any(Option::is_some)) {
        let bytes = input.encoding.encode(&new_text(input, changed));
        let file = file::Prepared::new(&input.path, &bytes);
        prepared.push(file.with_context(|| format!("write {}", input.path.display()))?);
    }
    prepared.into_iter().try_for_each(|file| Ok(file.commit()?))
}
