//! `-o diff` is a patch: `patch -p1` and `git apply` make of it what `inject --in-place` writes.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{COMPANIONS, author, lost};

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

/// The manifests in `tests/text/inputs`, which have labels in flow mappings, aliases and empty values, and generated ones.
fn manifests() -> Vec<String> {
    let inputs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/text/inputs");
    let read = |entry: fs::DirEntry| fs::read_to_string(entry.path()).unwrap();
    let mut runner = TestRunner::deterministic();
    let choices = prop::collection::vec(any::<u8>(), 600);
    let mut generate = || author::manifest(&choices.new_tree(&mut runner).unwrap().current()).text;
    let generated: Vec<String> = (0..FILES).map(|_| generate()).collect();
    fs::read_dir(inputs).unwrap().map(|entry| read(entry.unwrap())).chain(generated).collect()
}

#[test]
fn a_diff_has_no_more_lines_than_the_longest_common_text_allows() {
    let folder = tempfile::tempdir().unwrap();
    let examples = ["git-sync", "redis", "web-was", "metrics-adapter"].map(|name| format!("examples/{name}"));
    let example = |folder: &String, file: &str| {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(file)).unwrap()
    };
    let of_examples = examples.iter().map(|e| (example(e, "app.yaml"), example(e, "companions.yaml")));
    let all = manifests().into_iter().map(|text| (text, COMPANIONS.to_owned())).chain(of_examples);
    for (index, (before, companions)) in all.enumerate() {
        let name = format!("{index}.yaml");
        fs::write(folder.path().join(&name), &before).unwrap();
        fs::write(folder.path().join("companions.yaml"), companions).unwrap();
        let diff = podgraft(folder.path(), &format!("inject -q -c companions.yaml {name} -o diff"), 1);
        podgraft(folder.path(), &format!("inject -q -c companions.yaml {name} --in-place"), 0);
        let after = fs::read_to_string(folder.path().join(&name)).unwrap();
        let removed = lost(&before, &after).len();
        let lines = |text: &str| text.split_inclusive('\n').count();
        let added = lines(&after) + removed - lines(&before);
        let diff = String::from_utf8(diff).unwrap();
        let count = |sign: char| diff.lines().skip(2).filter(|line| line.starts_with(sign)).count();
        assert_eq!((count('-'), count('+')), (removed, added), "{diff}");
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
