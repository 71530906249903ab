//! What `inject` and `uninject` share: the flags that decide what is written, and the end of a run.

use std::process::ExitCode;

use clap::Args;

use crate::cli::exit;
use crate::cli::input::{Filenames, ManifestInput};
use crate::cli::output::{Change, Destination};
use crate::cli::stderr;

/// What is written, and how much of it is reported.
#[derive(Debug, Args)]
pub(super) struct EditFlags {
    #[command(flatten)]
    destination: Destination,
    /// Write the other documents if one fails; a document that fails is left out, or with --in-place kept unchanged
    #[arg(long)]
    keep_going: bool,
    /// Report only warnings and errors
    #[arg(short, long)]
    quiet: bool,
}

/// How the documents of a run came out.
#[derive(Debug, Clone, Copy)]
pub(super) struct EditSummary {
    /// Whether any workload failed.
    pub(super) failed: bool,
    /// Whether any document changed.
    pub(super) changed: bool,
}

impl EditFlags {
    /// Whether the flags fit the inputs; if not, the error was reported.
    pub(super) fn fit(&self, filenames: &Filenames) -> bool {
        !self.destination.has_no_file(filenames)
    }

    /// Reports what was done, unless `--quiet` is set.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            stderr::note(text);
        }
    }

    /// Writes the documents, or nothing at all if one failed, and returns the exit code.
    pub(super) fn finish(
        &self,
        inputs: &[ManifestInput],
        changes: &[Vec<Change>],
        summary: EditSummary,
    ) -> anyhow::Result<ExitCode> {
        if summary.failed && !self.keep_going {
            stderr::note("nothing written; use --keep-going to write the other documents");
            return Ok(ExitCode::from(exit::DENIED));
        }
        self.destination.write(inputs, changes)?;
        let differs = self.destination.is_diff() && summary.changed;
        Ok(if summary.failed || differs { ExitCode::from(exit::DENIED) } else { ExitCode::SUCCESS })
    }
}
