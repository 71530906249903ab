//! Files have at most 300 lines, folders at most 16 files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::none;
use crate::tree::{below, root};

const LINES: usize = 300;
const FILES: usize = 16;

/// Folders that are lists: of one file a case. `src` itself is one of one file a room, as [`crate::doors`] names them.
const LISTS: [&str; 9] = [
    "tests/golden/",
    "tests/policies",
    "tests/text/inputs",
    "tests/mistakes/cases",
    "tests/api/cases",
    "tests/migrate/cases",
    "tests/admission/reviews",
    "fuzz/corpus/",
    "fuzz/target/",
];

fn files() -> Vec<PathBuf> {
    let folders = ["src", "tests", "benches", "fuzz", "charts/podgraft/templates"];
    let all: Vec<PathBuf> = folders.iter().flat_map(|folder| below(&root().join(folder))).collect();
    assert!(all.len() > 400, "the files were found");
    all.iter().map(|path| path.strip_prefix(root()).unwrap().to_owned()).collect()
}

fn too_full(files: &[PathBuf]) -> Vec<String> {
    let mut counts: BTreeMap<&Path, usize> = BTreeMap::new();
    for path in files {
        *counts.entry(path.parent().unwrap()).or_default() += 1;
    }
    let is_list = |folder: &Path| folder == "src" || LISTS.iter().any(|list| folder.starts_with(list));
    counts.retain(|folder, count| *count > FILES && !is_list(folder));
    counts.iter().map(|(folder, count)| format!("{}: {count} files", folder.display())).collect()
}

fn too_long(files: impl IntoIterator<Item = (PathBuf, String)>) -> Vec<String> {
    let lines = files.into_iter().map(|(path, text)| (path, text.lines().count()));
    lines
        .filter(|(_, lines)| *lines > LINES)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect()
}

#[test]
fn no_folder_has_more_than_16_files() {
    none(&too_full(&files()));
}

#[test]
fn no_source_file_has_more_than_300_lines() {
    let rust = files().into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
    let rust = rust.filter(|path| !path.starts_with("fuzz/target"));
    none(&too_long(rust.map(|path| (path.clone(), std::fs::read_to_string(root().join(path)).unwrap()))));
}

#[test]
fn a_long_file_and_a_full_folder_are_found() {
    let file = |lines: usize| [("src/a.rs".into(), "x\n".repeat(lines))];
    assert_eq!((too_long(file(LINES)).len(), too_long(file(LINES + 1)).len()), (0, 1));
    let folder = |folder: &str, files: usize| (0..files).map(|i| format!("{folder}/{i}.rs").into()).collect::<Vec<_>>();
    assert_eq!((too_full(&folder("src/a", FILES)).len(), too_full(&folder("src/a", FILES + 1)).len()), (0, 1));
    assert_eq!(too_full(&folder("tests/golden/private", FILES + 1)), [""; 0]);
}
