//! `podgraft completion`: the script with which a shell, or kubectl, completes the command line.

use std::process::ExitCode;

use clap::{Arg, Args, Command, ValueEnum};
use clap_complete::Shell;

use super::complete;
use super::output::stdout;

/// Print the completion script for a shell
///
/// kubectl completes the arguments of a plugin with an executable in the PATH, which `podgraft completion kubectl` prints.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Completion {
    /// The shell to complete in, or kubectl for `kubectl podgraft` in any shell
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
  podgraft completion fish > ~/.config/fish/completions/podgraft.fish

  # kubectl podgraft, in each shell with the completion of kubectl
  podgraft completion kubectl > ~/bin/kubectl_complete-podgraft
  chmod +x ~/bin/kubectl_complete-podgraft";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Supported {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell")]
    PowerShell,
    Kubectl,
}

impl Completion {
    pub(super) fn run(self, mut root: Command) -> anyhow::Result<ExitCode> {
        let shell = match self.shell {
            Supported::Bash => Some(Shell::Bash),
            Supported::Zsh => Some(Shell::Zsh),
            Supported::Fish => Some(Shell::Fish),
            Supported::PowerShell => Some(Shell::PowerShell),
            Supported::Kubectl => None,
        };
        let mut script = format!("#!/bin/sh\nexec kubectl-podgraft {} \"$@\"\n", complete::NAME).into_bytes();
        if let Some(shell) = shell {
            script.clear();
            clap_complete::generate(shell, &mut root, "podgraft", &mut script);
        }
        if shell == Some(Shell::Fish) {
            script.extend(fish_arguments(&root).into_bytes());
        }
        stdout::write(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Completion of positional arguments, which `clap_complete` leaves out for fish, so that fish offers files for all of them.
fn fish_arguments(root: &Command) -> String {
    let without_paths = root.get_subcommands().filter(|command| !command.get_positionals().any(complete::is_path));
    let lines = without_paths.map(|command| {
        let values = command.get_positionals().flat_map(Arg::get_possible_values);
        let words: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
        let words = if words.is_empty() { String::new() } else { format!(" -a \"{}\"", words.join(" ")) };
        format!("complete -c podgraft -n \"__fish_podgraft_using_subcommand {}\" -f{words}\n", command.get_name())
    });
    lines.collect()
}
