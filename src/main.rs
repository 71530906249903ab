//! The `podgraft` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    podgraft::Cli::main()
}
