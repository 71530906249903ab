//! One file per subcommand.

pub mod certs;
pub mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Grafts companion containers onto Pods, and says why
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<serve::Serve>),
    Certs(certs::Certs),
}

impl Cli {
    /// Does what was asked for.
    ///
    /// # Errors
    /// Those of the subcommand.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve(serve) => serve.run(),
            Command::Certs(certs) => certs.run(),
        }
    }
}
