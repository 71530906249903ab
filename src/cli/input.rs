//! The manifests that a command reads: files, folders, or the standard input.

mod bytes;
mod file;
mod objects;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

use super::stderr;
use crate::manifest;
use crate::manifest::{Encoding, ManifestError};
use crate::source::files::folder;
use crate::source::files::report::{ManifestRemark, Severity};

pub(super) use bytes::{explained, read, read_within};
pub(super) use file::ManifestInput;

/// The flags that name manifests.
#[derive(Debug, Args)]
pub(super) struct Filenames {
    /// Files or folders with manifests (YAML or JSON); `-` is the standard input
    #[arg(value_name = "FILE|DIR|-", value_hint = ValueHint::AnyPath)]
    files: Vec<PathBuf>,
    /// The same as the arguments, for users of kubectl. Can be repeated or take a comma-separated list
    #[arg(
        short = 'f',
        long = "filename",
        value_name = "FILE|DIR|-",
        value_delimiter = ',',
        value_hint = ValueHint::AnyPath
    )]
    named: Vec<PathBuf>,
    /// Search folders recursively. Hidden files and symbolic links to folders are skipped
    #[arg(short = 'R', long)]
    recursive: bool,
}

/// The command line names no manifest. clap could check this, but would name only one of the two ways.
#[derive(Debug, thiserror::Error)]
#[error("no input: name files or folders, or `-` for the standard input")]
pub(super) struct NoInput;

/// The files that were read, and the errors in them.
#[derive(Debug)]
pub(super) struct Inputs {
    /// The files, in order.
    pub(super) files: Vec<ManifestInput>,
    /// Documents that are not valid YAML or JSON.
    pub(super) unreadable: Vec<ManifestRemark>,
    /// Duplicate keys in documents that podgraft does not change: warnings.
    pub(super) duplicate_keys: Vec<ManifestRemark>,
}

impl Filenames {
    /// All paths, in order.
    fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.named.iter().chain(&self.files)
    }

    /// The arguments, if no flag names files: they may mean something else than files.
    pub(super) fn words(&self) -> Option<Vec<String>> {
        let text = |path: &PathBuf| path.to_str().map(str::to_owned);
        if self.named.is_empty() { self.files.iter().map(text).collect() } else { None }
    }

    /// Whether the standard input is one of them.
    pub(super) fn has_stdin(&self) -> bool {
        self.paths().any(|path| path.as_os_str() == "-")
    }

    /// Reads all of them, each file once, under whatever paths it is named.
    pub(super) fn read(&self, command: &str) -> anyhow::Result<Inputs> {
        anyhow::ensure!(self.paths().next().is_some(), NoInput);
        let mut inputs = Inputs { files: Vec::new(), unreadable: Vec::new(), duplicate_keys: Vec::new() };
        let mut seen = HashSet::new();
        for path in self.paths() {
            if path.as_os_str() == "-" {
                anyhow::ensure!(
                    !inputs.files.iter().any(|input| input.path == *path),
                    "standard input can be read only once"
                );
                inputs.take(path, &read(path)?);
                continue;
            }
            let files = folder::manifests(path, self.recursive)
                .map_err(|error| explained(path, &format!("{command} -f"), &error))?;
            if files.is_empty() {
                let hint = if self.recursive { "" } else { "; use -R to search the folders below it" };
                anyhow::bail!("{}: no .yaml, .yml or .json files here{hint}", path.display());
            }
            for file in files {
                if file.canonicalize().map_or(true, |file| seen.insert(file)) {
                    inputs.take(&file, &read(&file)?);
                }
            }
        }
        let is_empty = inputs.files.iter().all(|input| input.documents.iter().all(|d| d.value.is_none()));
        anyhow::ensure!(!(is_empty && inputs.unreadable.is_empty()), "no objects passed to {command}");
        Ok(inputs)
    }

    /// Reads all of them, or fails if any document cannot be read, because a part of a stream must not be applied.
    pub(super) fn read_whole(&self, command: &str) -> anyhow::Result<Vec<ManifestInput>> {
        let inputs = self.read(command)?;
        let mistakes = inputs.mistakes();
        let errors = |remarks: &[ManifestRemark]| remarks.iter().filter(|r| r.severity == Severity::Error).count();
        inputs.unreadable.iter().chain(&inputs.duplicate_keys).chain(&mistakes).for_each(stderr::remark);
        let count = inputs.unreadable.len() + errors(&mistakes);
        anyhow::ensure!(count == 0, "nothing written: {} could not be read", stderr::number(count, "document"));
        Ok(inputs.files)
    }
}

impl Inputs {
    /// Errors and warnings of documents that can be read.
    pub(super) fn mistakes(&self) -> Vec<ManifestRemark> {
        self.files.iter().flat_map(objects::mistakes).collect()
    }

    fn take(&mut self, path: &Path, bytes: &[u8]) {
        let mut documents = Vec::new();
        for document in manifest::read_allowing_duplicate_keys(bytes) {
            match document {
                Ok(mut document) => match document.duplicate_key.take() {
                    Some(doubled) if objects::matters(&document) => {
                        self.unreadable.push(fault(path, Severity::Error, doubled));
                    }
                    doubled => {
                        self.duplicate_keys.extend(doubled.map(|doubled| fault(path, Severity::Warning, doubled)));
                        documents.push(document);
                    }
                },
                Err(unreadable) => self.unreadable.push(fault(path, Severity::Error, unreadable)),
            }
        }
        self.files.push(ManifestInput { path: path.to_path_buf(), documents, encoding: Encoding::of(bytes) });
    }
}

fn fault(path: &Path, severity: Severity, fault: ManifestError) -> ManifestRemark {
    let (file, field) = (path.to_path_buf(), String::new());
    ManifestRemark { severity, file, at: Some(fault.at), field, message: fault.message }
}
