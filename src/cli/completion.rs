//! `podgraft completion`: the script with which a shell completes the command line.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;

/// Print the completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Completion {
    /// The shell to complete in
    #[arg(value_enum)]
    shell: Supported,
}

const EXAMPLES: &str = "\
Examples:
  # Bash, for this session
  source <(podgraft completion bash)

  # Zsh, permanently
  podgraft completion zsh > \"${fpath[1]}/_podgraft\"

  # Fish, permanently
  podgraft completion fish > ~/.config/fish/completions/podgraft.fish";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Supported {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell")]
    PowerShell,
}

impl Completion {
    pub(super) fn run(self, mut root: Command) -> anyhow::Result<ExitCode> {
        let shell = match self.shell {
            Supported::Bash => Shell::Bash,
            Supported::Zsh => Shell::Zsh,
            Supported::Fish => Shell::Fish,
            Supported::PowerShell => Shell::PowerShell,
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut root, "podgraft", &mut script);
        io::stdout().write_all(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
