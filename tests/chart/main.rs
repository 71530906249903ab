//! The chart: what Helm makes of it, and what is made from it. `UPDATE=1` writes goldens, README and the plain manifest.

#![allow(missing_docs, unreachable_pub, dead_code, clippy::pedantic, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

#[path = "../support/golden.rs"]
mod golden;
mod monitoring;
#[path = "../cluster/parts.rs"]
mod parts;
mod platforms;
mod readme;
mod refused;
mod rendered;
mod rights;

const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/podgraft");

/// What Helm prints, or what it complains about.
fn helm(arguments: &[&str]) -> Result<String, String> {
    static HELM: OnceLock<PathBuf> = OnceLock::new();
    let helm = HELM.get_or_init(|| parts::helm().expect("Helm can be found or built"));
    let ran = Command::new(helm).args(arguments).env_remove("KUBECONFIG").output().expect("helm can be run");
    let printed = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if ran.status.success() { Ok(printed(&ran.stdout)) } else { Err(printed(&ran.stderr)) }
}

/// The chart's objects, as text, with further arguments. The image, which has no default, is named by the set `default`.
fn template(arguments: &[&str]) -> Result<String, String> {
    let values = format!("--values={CHART}/ci/default-values.yaml");
    let all = ["template", "podgraft", CHART, "--namespace=podgraft-system", "--kube-version=v1.30.0", &values];
    helm(&[&all[..], arguments].concat())
}

/// The objects of a text that Helm printed.
fn objects(text: &str) -> Vec<Value> {
    let documents = text.split("\n---\n").map(yaml);
    documents.filter(|document| !document.is_null()).collect()
}

/// Objects of the chart, with further arguments.
fn rendered(arguments: &[&str]) -> Vec<Value> {
    objects(&template(arguments).unwrap_or_else(|why| panic!("{arguments:?}: {why}")))
}

fn of_kind<'o>(objects: &'o [Value], kind: &str) -> Vec<&'o Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

fn yaml(text: &str) -> Value {
    let read: Value = serde_saphyr::from_str(text).unwrap_or_else(|why| panic!("{why}\n{text}"));
    // Numbers keep their text only when they are read from JSON.
    serde_json::from_str(&read.to_string()).unwrap()
}

/// The sets of values in `ci/`: name and path.
fn sets() -> Vec<(String, PathBuf)> {
    let mut sets: Vec<_> = fs::read_dir(Path::new(CHART).join("ci"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            (file.strip_suffix("-values.yaml").expect("called SET-values.yaml").to_owned(), path)
        })
        .collect();
    sets.sort();
    assert!(sets.len() >= 7, "the sets were found");
    sets
}
