//! `podgraft version`: the version, commit, platform and API version of this program.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::output::stdout;
use super::output::{ResultFormat, formats};

/// The commit that this program was built from, which `make image` and release builds set.
const COMMIT: Option<&str> = option_env!("PODGRAFT_COMMIT");

/// Print the version
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  podgraft version\n  podgraft version -o json")]
pub(super) struct VersionCommand {
    /// Output format
    #[arg(short, long, value_parser = formats(&[ResultFormat::Json, ResultFormat::Yaml]))]
    output: Option<ResultFormat>,
}

impl VersionCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let version = env!("CARGO_PKG_VERSION");
        let platform = format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH);
        let mut facts = json!({"version": version, "platform": platform, "api": "podgraft.dev/v1alpha1"});
        let commit = COMMIT.filter(|commit| !commit.is_empty());
        if let Some(commit) = commit {
            facts["commit"] = commit.into();
        }
        let text = match self.output {
            None => format!("podgraft {version}{}\n", commit.map_or(String::new(), |commit| format!(" ({commit})"))),
            Some(format) => format.data(&facts),
        };
        stdout::write(text)?;
        Ok(ExitCode::SUCCESS)
    }
}
