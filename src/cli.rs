//! The command line, which follows kubectl's conventions: one file per subcommand.
//!
//! Data is written to stdout, and messages to stderr.

mod author;
mod complete;
mod completion;
mod exit;
mod flags;
mod input;
mod live;
mod offline;
mod operator;
mod output;
mod reference;
pub mod server;
mod stderr;
mod usage;
mod version;

use author::explain;
use author::function;
use author::inject;
use author::migrate;
use author::policies;
use author::uninject;
use author::validate;
use operator::check;
use operator::restart;
use operator::status;
use server::certs;
use server::crds;
use server::probe;
use server::serve;
use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

/// The command line of podgraft.
#[derive(Debug, Parser)]
#[command(name = "podgraft", version, about = ABOUT, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const ABOUT: &str = "Injects sidecar, ambassador and adapter containers into Kubernetes Pods";

const AFTER_HELP: &str = "\
A companion is a ClusterCompanion or a Companion object, which Pods request with an annotation; see
`podgraft inject --help`. Where the definitions of `podgraft crds` are installed,
`kubectl explain clustercompanion.spec` documents the fields. How to write a companion:
https://github.com/podgraft/podgraft/blob/main/docs/companions.md

Exit codes:
  0  success
  1  something was denied, is invalid or was not translated; with `-o diff`, also:
     there are differences
  2  wrong usage
  3  any other failure, for example a file that cannot be read or no objects";

#[derive(Debug, Subcommand)]
enum Command {
    Inject(inject::Inject),
    Uninject(uninject::Uninject),
    Explain(explain::Explain),
    Validate(validate::Validate),
    Check(check::Check),
    Status(status::StatusCommand),
    Restart(restart::RestartCommand),
    Function(function::Function),
    Migrate(migrate::Migrate),
    Policies(policies::Policies),
    Crds(crds::Crds),
    Serve(Box<serve::Serve>),
    Certs(certs::Certs),
    Probe(probe::Probe),
    Completion(completion::Completion),
    Version(version::VersionCommand),
}

impl Cli {
    /// Parses the command line and runs the subcommand.
    #[must_use]
    pub fn main() -> ExitCode {
        let mut arguments = std::env::args_os();
        let program = arguments.next().unwrap_or_default();
        let mut command = Cli::command();
        // kubectl runs a plugin by its file name; help texts then show the command as the user typed it.
        if Path::new(&program).file_stem().is_some_and(|stem| stem == "kubectl-podgraft") {
            command = command.bin_name("kubectl podgraft");
        }
        if arguments.next().is_none()
            && let Some(code) = resource_list_on_stdin()
        {
            return code;
        }
        let words = usage::without_help_of_help(std::env::args_os().collect());
        if words.get(1).is_some_and(|word| word == complete::NAME) {
            return code(complete::run(command, &words[2..]));
        }
        let parsed = command.try_get_matches_from_mut(&words).and_then(|matches| Cli::from_arg_matches(&matches));
        match parsed {
            Ok(cli) => cli.run(),
            Err(error) => match usage::text(&error, &command, &words) {
                Some(text) => {
                    stderr::error(&text);
                    ExitCode::from(exit::USAGE)
                }
                None => usage::with_tips(error).exit(),
            },
        }
    }

    /// Runs the subcommand, and reports an error on stderr.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let result = match self.command {
            Command::Inject(command) => command.run(),
            Command::Uninject(command) => command.run(),
            Command::Explain(command) => command.run(),
            Command::Validate(command) => command.run(),
            Command::Check(command) => command.run(),
            Command::Status(command) => command.run(),
            Command::Restart(command) => command.run(),
            Command::Function(command) => command.run(),
            Command::Migrate(command) => command.run(),
            Command::Policies(command) => command.run(),
            Command::Crds(command) => command.run(),
            Command::Serve(command) => command.run(),
            Command::Certs(command) => command.run(),
            Command::Probe(command) => command.run(),
            Command::Completion(command) => command.run(Cli::command()),
            Command::Version(command) => command.run(),
        };
        code(result)
    }
}

/// Runs as a KRM function if stdin is a ResourceList: kustomize and kpt call functions without arguments.
fn resource_list_on_stdin() -> Option<ExitCode> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return None;
    }
    let mut bytes = Vec::new();
    stdin.lock().read_to_end(&mut bytes).ok()?;
    function::is_resource_list(&bytes).then(|| code(function::run_on(&bytes)))
}

/// The reference page of the command line, `docs/cli.md`.
#[must_use]
pub fn reference() -> String {
    reference::page(Cli::command())
}

fn code(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        if !is_broken_pipe(&error) {
            stderr::error(&format!("{error:#}"));
        }
        ExitCode::from(if error.is::<input::NoInput>() { exit::USAGE } else { exit::FAILED })
    })
}

/// Whether the reader of stdout closed the pipe, as in `podgraft ... | head`. That is no failure worth a message.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}
