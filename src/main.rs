//! Parses the command line and hands over.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    podgraft::cli::Cli::parse().run()
}
