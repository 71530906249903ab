//! The command line, as a user sees it: what is written where, and the exit codes.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use support::golden;
use tempfile::TempDir;

mod created;
mod examples;
mod explain;
mod function;
mod inject;
mod injected;
mod live;
mod messages;
mod policies;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod tools;
mod usage;
mod validate;

/// A folder with one companion, `companion.yaml`, that is asked for by the name `logger`.
struct Folder(TempDir);

/// What a run came to.
struct Run {
    code: i32,
    out: String,
    err: String,
}

const COMPANION: &str = "\
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata:
  name: logger
spec:
  pattern: Sidecar
  containers:
  - name: logger
    image: registry.example/logger:v1
";

impl Folder {
    fn new() -> Self {
        let folder = Folder(TempDir::new().unwrap());
        folder.with("companion.yaml", COMPANION)
    }

    fn with(self, name: &str, text: &str) -> Self {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn run(&self, arguments: &str) -> Run {
        self.pipe(arguments, "")
    }

    fn pipe(&self, arguments: &str, stdin: &str) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_podgraft"));
        command.current_dir(self.0.path()).args(arguments.split_whitespace()).write_stdin(stdin);
        let output = command.output().unwrap();
        Run {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A Deployment that asks for companions.
fn deployment(name: &str, companions: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  selector: {{}}\n  template:\n    metadata:\n      \
         annotations:\n        podgraft.dev/companions: {companions}\n    spec:\n      containers:\n      - name: app\n        \
         image: app:1\n"
    )
}

#[test]
fn the_reference_page_is_the_help_of_every_command() {
    golden::check("docs/cli.md", &podgraft::internals::cli::reference());
}

/// The page is generated from clap's command, so that its sections are the subcommands that there are.
#[test]
fn every_subcommand_shows_examples() {
    let page = podgraft::internals::cli::reference();
    let sections: Vec<(&str, &str)> =
        page.split("\n### podgraft ").skip(1).filter_map(|section| section.split_once('\n')).collect();
    assert!(sections.iter().any(|(command, _)| *command == "inject"), "the subcommands were found");
    // The chart runs `serve`, with flags of its values.
    for (command, section) in sections.into_iter().filter(|(command, _)| *command != "serve") {
        assert!(section.contains("Examples:\n  "), "{command}");
    }
}

#[test]
fn a_wrong_command_line_is_exit_code_2_with_a_message_on_stderr() {
    let folder = Folder::new();
    for arguments in ["", "nonsense", "inject", "inject -f x -o nonsense", "completion tcsh", "inject --nonsense"] {
        let run = folder.run(arguments);
        assert_eq!((run.code, &*run.out), (2, ""), "{arguments}: {}", run.err);
        assert!(!run.err.is_empty(), "{arguments}");
    }
}

#[test]
fn without_input_both_ways_to_name_it_are_in_the_message() {
    for command in ["inject", "uninject", "explain", "validate", "probe"] {
        let run = Folder::new().run(command);
        assert_eq!(run.code, 2, "{command}");
        assert_eq!(run.err, "error: no input: name files or folders, or `-` for the standard input\n", "{command}");
    }
}

#[test]
fn version_completion_and_crds_are_data() {
    let folder = Folder::new();
    let version = folder.run("version -o json");
    let facts: serde_json::Value = serde_json::from_str(&version.out).unwrap();
    assert_eq!(facts["version"], env!("CARGO_PKG_VERSION"));
    assert!(folder.run("version").out.starts_with("podgraft "));
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let run = folder.run(&format!("completion {shell}"));
        assert!(run.code == 0 && run.out.contains("uninject"), "{shell}");
    }
    let crds = folder.run("crds");
    assert!(crds.code == 0 && crds.out.contains("kind: CustomResourceDefinition"));
    assert_eq!(crds.err, "");
}
