//! The manifests that a command is given: files, folders, or the standard input.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::talk;
use crate::manifest::{self, Document};
use crate::source::folder;
use crate::source::report::{Remark, Severity};

/// Which manifests.
#[derive(Debug, Args)]
pub(super) struct Filenames {
    /// File or folder with manifests (YAML or JSON); `-` is the standard input. May be repeated
    #[arg(short, long = "filename", value_name = "FILE|DIR|-", required = true)]
    pub(super) filenames: Vec<PathBuf>,
    /// Search folders given with -f through all levels
    #[arg(short = 'R', long)]
    pub(super) recursive: bool,
}

/// One file that was read.
#[derive(Debug)]
pub(super) struct Input {
    /// Its path; `-` is the standard input.
    pub(super) path: PathBuf,
    /// Its documents, in order.
    pub(super) documents: Vec<Document>,
}

/// What was read, and what cannot be read.
#[derive(Debug)]
pub(super) struct Inputs {
    /// The files, in order.
    pub(super) files: Vec<Input>,
    /// Documents that are no YAML or JSON.
    pub(super) unreadable: Vec<Remark>,
}

impl Filenames {
    /// Reads all of them.
    pub(super) fn read(&self) -> anyhow::Result<Inputs> {
        let mut inputs = Inputs { files: Vec::new(), unreadable: Vec::new() };
        for path in &self.filenames {
            if path.as_os_str() == "-" {
                let mut bytes = Vec::new();
                std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read the standard input")?;
                inputs.take(path, &bytes);
                continue;
            }
            let files = folder::manifests(path, self.recursive).with_context(|| path.display().to_string())?;
            if files.is_empty() {
                let hint = if self.recursive { "" } else { "; with -R, folders below it are searched, too" };
                anyhow::bail!("{}: no .yaml, .yml or .json files here{hint}", path.display());
            }
            for file in files {
                let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
                inputs.take(&file, &bytes);
            }
        }
        Ok(inputs)
    }

    /// Reads all of them, or says what cannot be read: half of a stream is worse than none.
    pub(super) fn read_whole(&self) -> anyhow::Result<Vec<Input>> {
        let inputs = self.read()?;
        inputs.unreadable.iter().for_each(talk::remark);
        anyhow::ensure!(inputs.unreadable.is_empty(), "nothing was written, for not all manifests can be read");
        Ok(inputs.files)
    }
}

impl Inputs {
    fn take(&mut self, path: &Path, bytes: &[u8]) {
        let mut documents = Vec::new();
        for document in manifest::read(bytes) {
            match document {
                Ok(document) => documents.push(document),
                Err(unreadable) => self.unreadable.push(Remark {
                    severity: Severity::Error,
                    file: path.to_path_buf(),
                    at: Some(unreadable.at),
                    field: String::new(),
                    message: unreadable.message,
                }),
            }
        }
        self.files.push(Input { path: path.to_path_buf(), documents });
    }
}
