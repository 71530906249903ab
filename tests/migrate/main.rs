//! `podgraft migrate` as its users see it, over configurations of each system.

#![allow(clippy::unwrap_used, clippy::panic)]

mod bounds;
mod cases;
mod injected;
mod modules;
mod selected;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::process::{Command, Stdio};

/// What a run came to.
struct Run {
    code: i32,
    out: String,
    err: String,
}

/// Runs podgraft in a folder.
fn podgraft(folder: &Path, arguments: &str) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podgraft"));
    command.current_dir(folder).args(arguments.split_whitespace()).stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}
