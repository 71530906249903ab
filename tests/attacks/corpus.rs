//! The fuzz targets without a fuzzer: over what was found once, and over the seeds.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use podgraft::internals::manifest;
use proptest::prelude::*;
use serde_json::Value;

use crate::hostile::{companions, manifests, pods};
use crate::support::review_of;
use crate::targets::ALL;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder of the repository with one of these endings; none where there is no such folder.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Inputs for each target: goldens, recorded reviews, and small hostile ones.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut seeds = Vec::new();
    for path in files(&root().join("tests/golden"), ".yaml") {
        let bytes = fs::read(&path).unwrap();
        for document in manifest::read(&bytes).into_iter().flatten() {
            seeds.extend(document.value.iter().flat_map(seeds_of));
        }
        seeds.push(("companion", bytes.clone()));
        seeds.push(("manifest", bytes));
    }
    for path in files(&root().join("tests/admission/reviews"), ".json") {
        let bytes = fs::read(path).unwrap();
        seeds.extend(["reader", "review", "preview"].map(|target| (target, bytes.clone())));
    }
    for (_, make) in pods::SHAPES {
        let pod = make(300).into_bytes();
        seeds.extend(["reader", "review", "preview", "uninject"].map(|target| (target, pod.clone())));
    }
    seeds.extend(companions::SHAPES.iter().map(|(_, make)| ("companion", make(300).into_bytes())));
    seeds.extend(manifests::SHAPES.iter().map(|(_, make)| ("manifest", make(300).into_bytes())));
    seeds
}

/// What a document of a golden is a seed for.
fn seeds_of(value: &Value) -> Vec<(&'static str, Vec<u8>)> {
    let pod = if value["pod"].is_object() { &value["pod"] } else { value };
    let text = pod.to_string().into_bytes();
    let mut seeds = vec![("reader", text.clone()), ("uninject", text.clone())];
    match pod["kind"].as_str() {
        Some("Pod") => {
            seeds.push(("review", text));
            seeds.push(("review", review_of(pod, "team").to_string().into_bytes()));
        }
        Some("ClusterCompanion" | "Companion") => seeds.push(("companion", text)),
        _ => seeds.push(("preview", text)),
    }
    if let Some(status) = pod["metadata"]["annotations"]["podgraft.dev/status"].as_str() {
        seeds.push(("status", status.as_bytes().to_vec()));
    }
    seeds
}

#[test]
fn every_input_of_the_corpus_holds() {
    let corpus = root().join("fuzz/corpus");
    let targets: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
    for folder in fs::read_dir(&corpus).into_iter().flatten().map(|entry| entry.unwrap()) {
        let name = folder.file_name().to_string_lossy().into_owned();
        assert!(targets.contains(&&*name), "fuzz/corpus/{name} belongs to no target");
    }
    for (name, target) in ALL {
        for path in files(&corpus.join(name), "") {
            eprintln!("{}", path.display());
            target(&fs::read(path).unwrap());
        }
    }
}

/// `FUZZ_SEEDS=<folder>` also writes them, for `make fuzz`.
#[test]
fn every_seed_holds_and_every_target_has_some() {
    let folder = std::env::var_os("FUZZ_SEEDS").map(PathBuf::from);
    let seeds = seeds();
    for (name, target) in ALL {
        let of: Vec<&Vec<u8>> = seeds.iter().filter(|(of, _)| *of == name).map(|(_, bytes)| bytes).collect();
        assert!(!of.is_empty(), "{name} has no seeds");
        for (number, seed) in of.into_iter().enumerate() {
            if let Some(folder) = &folder {
                fs::create_dir_all(folder.join(name)).unwrap();
                fs::write(folder.join(name).join(number.to_string()), seed).unwrap();
            }
            eprintln!("{name}: {}", String::from_utf8_lossy(&seed[..seed.len().min(2_000)]));
            target(seed);
        }
    }
}

#[test]
fn every_target_has_a_file() {
    let mut there = files(&root().join("fuzz/fuzz_targets"), ".rs");
    let mut names: Vec<String> = ALL.iter().map(|(name, _)| format!("{name}.rs")).collect();
    names.sort();
    assert_eq!(
        there.drain(..).map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect::<Vec<_>>(),
        names
    );
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for (name, _) in ALL {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml does not name {name}");
    }
}

/// What a mutation puts in: what has a meaning in JSON, YAML or here.
const PIECES: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0001",
    "\\ud800",
    "null",
    "-0",
    "1e999",
    "\n",
    "\n---\n",
    "- ",
    "&a ",
    "*a",
    "podgraft.dev/",
    "sync",
    "app",
    "name",
    "\u{202e}",
    "\u{0}",
];

/// One change: where, in parts of 10 000, how many bytes go, and which piece comes.
type Change = (usize, usize, usize);

fn mutated(seed: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for (at, gone, piece) in changes {
        let at = bytes.len() * at / 10_000;
        let end = bytes.len().min(at + gone);
        bytes.splice(at..end, PIECES[piece % PIECES.len()].bytes());
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A fuzzer for those who have none: `PROPTEST_CASES` changes how many are tried.
    #[test]
    fn seeds_with_a_few_changes_hold(
        number in any::<prop::sample::Index>(), changes in prop::collection::vec((0..10_000_usize, 0..4_usize, any::<usize>()), 1..4),
    ) {
        let seeds = SEEDS.get_or_init(seeds);
        let (name, seed) = &seeds[number.index(seeds.len())];
        let input = mutated(seed, &changes);
        let (_, target) = ALL.iter().find(|(of, _)| of == name).unwrap();
        eprintln!("{name}: {}", String::from_utf8_lossy(&input[..input.len().min(2_000)]));
        target(&input);
    }
}

static SEEDS: OnceLock<Vec<(&str, Vec<u8>)>> = OnceLock::new();
