//! The manifests of Kubernetes itself, from the Go module cache, where building the cluster's parts puts them.

use std::path::{Path, PathBuf};
use std::process::Command;

use podgraft::internals::manifest;

use super::{COMPANIONS, edit, lost, may_be_opened, support};

/// The version that the cluster's parts are built from.
const MODULE: &str = "k8s.io/kubernetes@v1.37.2";
/// Folders with manifests of many authors.
const FOLDERS: [&str; 3] = ["test", "hack/testdata", "cluster/addons"];

#[test]
fn the_manifests_of_kubernetes_keep_their_lines() {
    let Some(module) = module() else {
        let message = format!("{MODULE} is not in the Go module cache; `cargo test --test cluster` puts it there");
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("not checked: {message}");
        return;
    };
    // Every Pod gets the companion, because none of them requests one.
    let companions = COMPANIONS
        .replace("pattern: Sidecar\n  containers", "pattern: Sidecar\n  activation: ClusterWide\n  containers");
    let snapshot = support::snapshot_of(&companions);
    let (mut files, mut changed, mut opened) = (0, 0, 0);
    for file in FOLDERS.iter().flat_map(|folder| manifests(&module.join(folder))) {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        if manifest::read(text.as_bytes()).iter().any(Result::is_err) {
            continue; // A template.
        }
        files += 1;
        let injected = edit::inject(&text, &snapshot);
        if injected.changed == 0 {
            continue;
        }
        changed += 1;
        let lost = lost(&text, &injected.text);
        for line in &lost {
            let gets_a_comma = injected.text.contains(&format!("{},", line.trim_end()));
            assert!(may_be_opened(line) || gets_a_comma, "{}: lost {line:?}\n{}", file.display(), injected.text);
        }
        opened += lost.len();
        assert_eq!(edit::inject(&injected.text, &snapshot).changed, 0, "{}", file.display());
        let back = edit::uninject(&injected.text);
        if lost.is_empty() {
            assert_eq!(back.text, text, "{}", file.display());
        }
        assert_eq!(edit::bare(&back.values), edit::bare(&edit::values(&text)), "{}", file.display());
    }
    println!("{files} files read, {changed} changed, {opened} lines opened");
    assert!(files >= 300 && changed >= 50, "{files} files, {changed} changed");
}

fn module() -> Option<PathBuf> {
    let go = Command::new("go").args(["env", "GOMODCACHE"]).output().ok()?;
    let cache = String::from_utf8(go.stdout).ok()?;
    Some(Path::new(cache.trim()).join(MODULE)).filter(|module| module.is_dir())
}

fn manifests(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
