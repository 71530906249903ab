//! The command line, with kubectl's habits: one file per subcommand.
//!
//! Data goes to stdout and talk to stderr.

pub mod certs;
mod companions;
mod completion;
mod crds;
mod exit;
mod explain;
mod inject;
mod input;
mod output;
mod probe;
mod reference;
mod review;
pub mod serve;
mod talk;
mod uninject;
mod validate;
mod version;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use reference::reference;

/// podgraft grafts sidecar, ambassador and adapter containers onto Pods, and says why.
#[derive(Debug, Parser)]
#[command(name = "podgraft", version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  something was denied or is invalid; with `-o diff`, also: there are differences
  2  wrong usage
  3  any other failure, such as a file that cannot be read, or no objects";

#[derive(Debug, Subcommand)]
enum Command {
    Inject(inject::Inject),
    Uninject(uninject::Uninject),
    Explain(explain::Explain),
    Validate(validate::Validate),
    Crds(crds::Crds),
    Serve(Box<serve::Serve>),
    Certs(certs::Certs),
    Probe(probe::Probe),
    Completion(completion::Completion),
    Version(version::Version),
}

impl Cli {
    /// Runs the subcommand, and says what went wrong.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let result = match self.command {
            Command::Inject(command) => command.run(),
            Command::Uninject(command) => command.run(),
            Command::Explain(command) => command.run(),
            Command::Validate(command) => command.run(),
            Command::Crds(command) => command.run(),
            Command::Serve(command) => command.run(),
            Command::Certs(command) => command.run(),
            Command::Probe(command) => command.run(),
            Command::Completion(command) => command.run(),
            Command::Version(command) => command.run(),
        };
        result.unwrap_or_else(|error| {
            if !is_broken_pipe(&error) {
                talk::error(&format!("{error:#}"));
            }
            ExitCode::from(exit::FAILED)
        })
    }
}

/// Whether nobody reads any more what is written: `podgraft ... | head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}
