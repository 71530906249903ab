//! `podgraft crds`: the custom resource definitions.

use std::process::ExitCode;

use clap::Args;

use crate::api;
use crate::cli::output::stdout;

/// Print the custom resource definitions
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  podgraft crds | kubectl apply --server-side -f -")]
pub(in crate::cli) struct Crds {}

impl Crds {
    #[expect(clippy::unused_self, reason = "all subcommands run alike")]
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        stdout::write(api::CRDS_YAML)?;
        Ok(ExitCode::SUCCESS)
    }
}
