//! One table per system: configurations, and what becomes of each.

mod admission_policies;
mod any_input;
mod cel_values;
mod kyverno_anchors;
mod kyverno_rules;
mod profiles;
mod selection;
mod sidecar_lists;
mod sidecar_sets;

use std::path::Path;

use serde_json::Value;

use super::{SourceDocument, Strictness, Translation, translate};
use crate::json::field_path;
use crate::manifest;

/// Translates the documents of a text, which is the file `dir/a.yaml`.
fn translated(text: &str) -> Vec<Translation> {
    translated_files(&[("dir/a.yaml", text)])
}

fn translated_files(files: &[(&str, &str)]) -> Vec<Translation> {
    let read: Vec<_> = files.iter().map(|(path, text)| (*path, manifest::read(text.as_bytes()))).collect();
    let mut documents = Vec::new();
    for (path, all) in &read {
        let values = all.iter().filter_map(|document| document.as_ref().ok()?.value.as_ref());
        documents.extend(values.map(|value| SourceDocument { path: Path::new(*path), value }));
    }
    translate(&documents, Strictness::Errors)
}

/// The only companion of a text.
fn companion(text: &str) -> Value {
    let mut all = translated(text);
    assert_eq!(all.len(), 1);
    let one = all.remove(0);
    one.companion.unwrap_or_else(|| panic!("{:#?}", one.losses))
}

/// One line for each configuration, what it became, and one for each loss.
fn lines(all: &[Translation]) -> Vec<String> {
    all.iter()
        .flat_map(|one| {
            [outcome(one)]
                .into_iter()
                .chain(one.losses.iter().map(|loss| format!("{}: {}", field_path(&loss.at.pointer), loss.message)))
        })
        .collect()
}

fn outcome(translation: &Translation) -> String {
    let Some(companion) = &translation.companion else { return format!("nothing: {}", translation.title) };
    let activation = companion["spec"]["activation"].as_str().unwrap_or("OnRequest");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{activation} {} {}", text(&companion["kind"]), text(&companion["metadata"]["name"]))
}

/// Compares the lines of a text with their beginnings.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    check_lines(&lines(&translated(text)), expected);
}

#[track_caller]
fn check_lines(lines: &[String], expected: &[&str]) {
    let fits = lines.len() == expected.len() && lines.iter().zip(expected).all(|(line, start)| line.starts_with(start));
    assert!(fits, "{lines:#?}\nexpected:\n{expected:#?}");
}
