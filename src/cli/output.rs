//! Applies the changes of documents, and writes all of them or none.

mod diff;
mod file;
mod printer;
mod result_format;
pub(super) mod stdout;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum, ValueHint};
use serde_json::Value;

use super::input::{Filenames, ManifestInput};
use super::stderr;
use crate::manifest::{Document, Encoding, Format};
use printer::Printer;
pub(super) use result_format::{ResultFormat, formats};

/// The flags for where and how results are written.
#[derive(Debug, Args)]
pub(super) struct Destination {
    /// Output format; by default each document stays YAML or JSON. `jsonpatch`: one JSON patch (RFC 6902) per document, on a
    /// line of its own; `diff`: a unified diff of the files, with exit code 1 if there are differences
    #[arg(short, long, value_enum)]
    output: Option<Output>,
    /// Write to this file instead of stdout; it is written only on success
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output_file: Option<PathBuf>,
    /// Edit the files in place. Each file is replaced atomically, and no file is changed if any manifest fails
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

/// The change of one document.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// JSON patch operations (RFC 6902), with paths from the root of the document.
    pub(super) operations: Vec<Value>,
    /// Whether the document failed, and must not be changed.
    pub(super) denied: bool,
}

/// A document that was changed.
#[derive(Debug)]
struct Changed {
    value: Value,
    text: String,
}

impl Destination {
    /// Reports an error if the standard input would have to be edited in place. Returns whether it did.
    pub(super) fn has_no_file(&self, filenames: &Filenames) -> bool {
        let wrong = self.in_place && filenames.has_stdin();
        if wrong {
            stderr::error("--in-place cannot be used with standard input; name the files");
        }
        wrong
    }

    /// Whether the exit code depends on whether there are differences.
    pub(super) fn is_diff(&self) -> bool {
        self.output == Some(Output::Diff)
    }

    /// Applies the changes to the documents of the inputs, and writes the result.
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
        for ((input, new), of_input) in inputs.iter().zip(&new).zip(changes) {
            let texts = new.iter().map(|n| n.as_ref().map(|n| (&n.value, &*n.text)));
            // A reader of the stream, such as `kubectl apply`, would create what was denied.
            let allowed = input.documents.iter().zip(texts).zip(of_input).filter(|(_, change)| !change.denied);
            printer.file(allowed.map(|(document, _)| document));
        }
        // Files that share an encoding are written in that encoding.
        let first = inputs.first().map_or(Encoding::Utf8, |input| input.encoding);
        let encoding = if inputs.iter().all(|input| input.encoding == first) { first } else { Encoding::Utf8 };
        self.deliver(&encoding.encode(&printer.finish()))
    }

    fn deliver(&self, bytes: &[u8]) -> anyhow::Result<()> {
        deliver(self.output_file.as_deref(), bytes)
    }

    fn deliver_diff(&self, text: &str) -> anyhow::Result<()> {
        if self.output_file.is_some() {
            return self.deliver(text.as_bytes());
        }
        stdout::write_styled(&diff::colored(text))
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

/// Writes to a file, which is replaced atomically, or to stdout.
pub(super) fn deliver(file: Option<&Path>, bytes: &[u8]) -> anyhow::Result<()> {
    match file {
        Some(path) => file::replace(path, bytes),
        None => stdout::write(bytes),
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
        serde_json::from_value(Value::Array(operations.to_vec())).context("internal error: the patch is malformed")?;
    json_patch::patch(&mut value, &parsed).context("internal error: the patch does not apply")?;
    let text = document.edited(&value, operations).unwrap_or_else(|| {
        let at = document.position("");
        let place = format!("{}:{}:{}", path.display(), at.line, at.column);
        stderr::warning(&format!(
            "{place}: cannot edit the text of this document; the document is rewritten from its values, without comments"
        ));
        document.rewritten(&value)
    });
    Ok(Changed { value, text })
}

fn new_text(input: &ManifestInput, changed: &[Option<Changed>]) -> String {
    let texts = input.documents.iter().zip(changed);
    texts.map(|(document, changed)| changed.as_ref().map_or(document.text(), |c| &c.text)).collect()
}

/// One patch per line; a document that is denied has no line.
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

/// Replaces the files that changed. All new files are written before the first rename, so that a full disk leaves every
/// file unchanged.
fn replace_all(inputs: &[ManifestInput], changed: &[Vec<Option<Changed>>]) -> anyhow::Result<()> {
    let mut prepared = Vec::new();
    for (input, changed) in inputs.iter().zip(changed).filter(|(_, changed)| changed.iter().any(Option::is_some)) {
        let bytes = input.encoding.encode(&new_text(input, changed));
        prepared.push(file::Prepared::new(&input.path, &bytes)?);
    }
    prepared.into_iter().try_for_each(file::Prepared::commit)
}
