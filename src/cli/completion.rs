//! `podgraft completion`: what makes a shell complete the command line.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::Shell;

use super::Cli;

/// Print the completion script of a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Completion {
    /// The shell
    #[arg(value_enum)]
    shell: Supported,
}

const EXAMPLES: &str = "\
Examples:
  # Bash, for this session
  source <(podgraft completion bash)

  # Zsh, for good
  podgraft completion zsh > \"${fpath[1]}/_podgraft\"

  # Fish, for good
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
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let shell = match self.shell {
            Supported::Bash => Shell::Bash,
            Supported::Zsh => Shell::Zsh,
            Supported::Fish => Shell::Fish,
            Supported::PowerShell => Shell::PowerShell,
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "podgraft", &mut script);
        io::stdout().write_all(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
