//! `podgraft version`: the version, commit, platform and API version of this program.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::manifest;

/// The commit that this program was built from, which `make image` and release builds set.
const COMMIT: Option<&str> = option_env!("PODGRAFT_COMMIT");

/// Print the version
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  podgraft version\n  podgraft version -o json")]
pub(super) struct VersionCommand {
    /// Output format
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    Json,
    Yaml,
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
            Some(Output::Json) => manifest::json(&facts) + "\n",
            Some(Output::Yaml) => manifest::yaml(&facts),
        };
        io::stdout().write_all(text.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}
