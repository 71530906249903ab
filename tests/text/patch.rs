//! `-o diff` is a patch: `patch -p1` and `git apply` make of it what `inject --in-place` writes.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{COMPANIONS, author};

const FILES: usize = 24;

#[test]
fn patch_and_git_apply_write_what_inject_and_uninject_write() {
    let mut runner = TestRunner::deterministic();
    let choices = prop::collection::vec(any::<u8>(), 600);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for start in ["before", "patched", "applied", "after"] {
        fs::create_dir_all(at(start).join("conf dir")).unwrap();
    }
    fs::write(at("companions.yaml"), COMPANIONS).unwrap();
    for index in 0..FILES {
        let text = author::manifest(&choices.new_tree(&mut runner).unwrap().current()).text;
        for start in ["before", "patched", "applied", "after"] {
            fs::write(at(start).join(format!("conf dir/{index}.yaml")), &text).unwrap();
        }
    }
    for command in ["inject -q -R conf@dir -c ../companions.yaml", "uninject -q -R conf@dir"] {
        let diff = podgraft(&at("before"), &format!("{command} -o diff"), 1);
        fs::write(at("the.diff"), diff).unwrap();
        podgraft(&at("after"), &format!("{command} --in-place"), 0);
        run(Command::new("patch").args(["-p1", "-s", "--binary", "-i", "../the.diff"]).current_dir(at("patched")));
        run(Command::new("git").args(["apply", "--whitespace=nowarn", "../the.diff"]).current_dir(at("applied")));
        for index in 0..FILES {
            let read = |start: &str| fs::read_to_string(at(start).join(format!("conf dir/{index}.yaml"))).unwrap();
            assert_eq!(read("patched"), read("after"), "patch, {command}");
            assert_eq!(read("applied"), read("after"), "git apply, {command}");
            fs::write(at("before").join(format!("conf dir/{index}.yaml")), read("after")).unwrap();
        }
    }
}

fn podgraft(folder: &Path, arguments: &str, code: i32) -> Vec<u8> {
    let arguments = arguments.split(' ').map(|argument| argument.replace('@', " "));
    let output = Command::new(env!("CARGO_BIN_EXE_podgraft")).current_dir(folder).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&text));
}
