//! The examples of the help texts, which users copy from a terminal.

mod screens;

use std::fs;
use std::path::{Path, PathBuf};

/// clap wraps help texts at the width of the terminal, and at 100 columns if that is wider or unknown. A wrapped command has
/// no backslash where it is wrapped, so every line of an example must fit the usual width.
const WIDTH: usize = 80;
const START: &str = "const EXAMPLES: &str = \"\\\n";

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The examples of a source, as they are printed.
fn examples(source: &str) -> Option<String> {
    let (examples, _) = source.split_once(START)?.1.split_once("\";\n")?;
    Some(examples.replace("\\\\", "\\").replace("\\\"", "\""))
}

#[test]
fn no_line_of_an_example_is_wrapped() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
    let mut found = 0;
    for path in sources(&folder) {
        let Some(examples) = examples(&fs::read_to_string(&path).unwrap()) else { continue };
        found += 1;
        for line in examples.lines() {
            assert!(line.chars().count() <= WIDTH, "{}: {line}", path.display());
        }
    }
    assert!(found >= 8, "the examples were found");
}
