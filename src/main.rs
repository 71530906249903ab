//! Parses the command line and hands over.

use std::process::ExitCode;

use clap::Parser as _;
use podgraft::cli::Cli;

fn main() -> anyhow::Result<ExitCode> {
    Cli::parse().run()
}
