//! A stand-in until the real one is merged.

use std::process::ExitCode;

use clap::Args;

/// A stand-in
#[derive(Debug, Args)]
pub struct Certs {}

impl Certs {
    /// Does nothing.
    ///
    /// # Errors
    /// Never.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        Ok(ExitCode::SUCCESS)
    }
}
