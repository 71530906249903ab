//! The test data and the documents of the other projects. `make migrate-sources` downloads those that Go's proxy has as modules;
//! clones of others can be named: `FOLDERS=/src/k8s-sidecar-injector:/src/kubernetes-sidecar-injector make migrate-sources`.
//! Nothing of them is part of this repository.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use podgraft::internals::manifest;
use podgraft::internals::migrate::{SourceDocument, Strictness, Translation, translate};
use serde_json::Value;

use super::injected;

/// A module, and the versions that are tried in this order.
struct Module {
    path: &'static str,
    versions: &'static [&'static str],
    /// At least so many configurations are found, and at least so many are translated, as a whole or in part.
    least: (usize, usize),
}

const MODULES: [Module; 4] = [
    Module { path: "github.com/openkruise/kruise", versions: &["v1.8.0", "v1.7.0"], least: (4, 3) },
    Module { path: "github.com/kyverno/kyverno", versions: &["v1.19.1", "v1.18.2", "v1.13.4"], least: (40, 0) },
    Module { path: "github.com/tumblr/k8s-sidecar-injector", versions: &["latest"], least: (20, 5) },
    Module { path: "github.com/expediagroup/kubernetes-sidecar-injector", versions: &["latest"], least: (1, 1) },
];

/// What became of the configurations of one kind.
#[derive(Default)]
struct Tally {
    whole: usize,
    part: usize,
    not: usize,
}

#[test]
#[ignore = "downloads the modules; make migrate-sources runs it"]
fn the_configurations_of_other_projects() {
    let mut companions = Vec::new();
    for module in &MODULES {
        let Some((version, folder)) = downloaded(module) else {
            println!("\n{}: not available from Go's proxy; name a clone with FOLDERS", module.path);
            continue;
        };
        let all = translations(&folder);
        print(&format!("{} {version}", module.path), &all);
        let written = written(&all);
        let (found, translated) = module.least;
        assert!(all.len() >= found && written.len() >= translated, "{}: too few", module.path);
        companions.extend(written);
    }
    let folders = std::env::var("FOLDERS").unwrap_or_default();
    for folder in folders.split(':').filter(|folder| !folder.is_empty()) {
        let all = translations(Path::new(folder));
        print(folder, &all);
        companions.extend(written(&all));
    }
    injected::check(&companions);
    println!("{} companions are valid, and each was injected into a Pod", companions.len());
}

fn written(all: &[Translation]) -> Vec<Value> {
    all.iter().filter_map(|one| one.companion.clone()).collect()
}

/// Downloads a module, and returns its version and its folder in Go's cache; `None` if the proxy has no version of these.
fn downloaded(module: &Module) -> Option<(String, PathBuf)> {
    let here = tempfile::tempdir().unwrap();
    module.versions.iter().find_map(|version| {
        let mut go = Command::new("go");
        go.args(["mod", "download", "-json"]).arg(format!("{}@{version}", module.path)).current_dir(here.path());
        let facts: Value = serde_json::from_slice(&go.output().expect("Go is installed").stdout).unwrap_or_default();
        Some((facts["Version"].as_str()?.to_owned(), facts["Dir"].as_str()?.into()))
    })
}

/// Translates each file below a folder.
fn translations(folder: &Path) -> Vec<Translation> {
    let mut files = Vec::new();
    collect(folder, &mut files);
    files.sort();
    files.iter().flat_map(|file| translated(file, &texts(file))).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            collect(&entry, files);
        } else {
            files.push(entry);
        }
    }
}

/// The texts of a file that may be manifests: the file, or the blocks of YAML in a page of Markdown.
fn texts(file: &Path) -> Vec<String> {
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let read = || fs::read_to_string(file).unwrap_or_default();
    match extension {
        "yaml" | "yml" => vec![read()],
        "md" => {
            let page = read();
            let blocks = page.split("\n```yaml\n").skip(1).filter_map(|rest| rest.split("\n```").next());
            blocks.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Translates the texts of one file, and the files next to it from which a profile inherits.
fn translated(file: &Path, texts: &[String]) -> Vec<Translation> {
    let mut all = Vec::new();
    for text in texts {
        let others = if text.contains("inherits:") { neighbors(file) } else { Vec::new() };
        let own = manifest::read(text.as_bytes()).into_iter().filter_map(|document| document.ok()?.value);
        let values: Vec<(PathBuf, Value)> = own.map(|value| (file.to_owned(), value)).collect();
        let count = values.len();
        let values: Vec<_> = values.into_iter().chain(others).collect();
        let documents: Vec<_> = values.iter().map(|(path, value)| SourceDocument { path, value }).collect();
        all.extend(translate(&documents, Strictness::Errors).into_iter().filter(|one| one.at.document < count));
    }
    all
}

fn neighbors(file: &Path) -> Vec<(PathBuf, Value)> {
    let mut files = Vec::new();
    collect(file.parent().unwrap(), &mut files);
    files.retain(|other| other != file);
    let values = files.iter().flat_map(|other| {
        let read = manifest::read(&fs::read(other).unwrap()).into_iter();
        read.filter_map(|document| document.ok()?.value).map(|value| (other.clone(), value)).collect::<Vec<_>>()
    });
    values.collect()
}

fn print(title: &str, all: &[Translation]) {
    let mut kinds: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for one in all {
        let tally = kinds.entry(one.title.split(' ').next().unwrap_or_default()).or_default();
        match (&one.companion, one.losses.is_empty()) {
            (Some(_), true) => tally.whole += 1,
            (Some(_), false) => tally.part += 1,
            (None, _) => tally.not += 1,
        }
        for loss in &one.losses {
            *reasons.entry(&loss.message).or_default() += 1;
        }
    }
    println!("\n{title}");
    for (kind, Tally { whole, part, not }) in kinds {
        println!("  {kind:<24} {whole:>4} translated {part:>4} in part {not:>4} not");
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (reason, count) in reasons.iter().take(12) {
        println!("    {count:>4} x {reason}");
    }
}
