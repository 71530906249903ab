//! Goldens: `tests/golden/<topic>/<case>.yaml` holds companions, at most a Namespace, and one workload, and
//! `<case>.out.yaml` what must come of it. Each case goes through both doors, the server's and the command line's, and
//! both must report and do the same. `make golden` writes the goldens. Most companions keep the Pod's token,
//! so that a case shows one thing.

#![allow(clippy::unwrap_used, clippy::panic)] // that is how a test fails

mod binary;
mod case;
mod laws;
mod server;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use case::Case;
use podgraft::internals::manifest;
use serde_json::{Map, Value};
use server::Answer;
use similar::TextDiff;

/// How each file of what comes of a case ends.
const OUT: &str = ".out.yaml";

/// What is wrong with a case.
type Complaint = String;

#[tokio::test]
async fn every_case_matches_its_golden_in_the_server_and_in_the_command_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = files(&root);
    let cases: Vec<&PathBuf> = files.iter().filter(|f| !f.to_str().unwrap().ends_with(OUT)).collect();
    assert!(cases.len() > 70, "the cases were found");
    let mut complaints = Vec::new();
    let mut answered = BTreeSet::new();
    for path in cases {
        let out = path.with_extension("").with_extension("out.yaml");
        if let Err(complaint) = run(path, &out).await {
            complaints.push(format!("{}\n{complaint}", path.strip_prefix(&root).unwrap().display()));
        }
        answered.insert(out);
    }
    let stale = files.iter().filter(|f| f.to_str().unwrap().ends_with(OUT) && !answered.contains(*f));
    complaints.extend(stale.map(|f| format!("{}\nhas no case; remove it", f.strip_prefix(&root).unwrap().display())));
    assert!(complaints.is_empty(), "{}\n{} complaints", complaints.join("\n"), complaints.len());
}

/// All YAML files of all topics, by name.
fn files(root: &Path) -> BTreeSet<PathBuf> {
    let list = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let topics = list(root).into_iter().filter(|path| path.is_dir());
    topics.flat_map(|topic| list(&topic)).filter(|file| file.extension().is_some_and(|e| e == "yaml")).collect()
}

async fn run(path: &Path, out: &Path) -> Result<(), Complaint> {
    let case = Case::read(path)?;
    let answer = server::review(&case, &case.pod).await?;
    let told = binary::inject(&case)?;
    // Here the command line may give a cause that the server must not.
    let causes = Value::from(answer.outcomes.clone()).to_string();
    if !causes.contains("NotAvailable") && !causes.contains("CompanionInvalid") {
        same("the command line says other words than the server", &words(&answer), &told.words)?;
    } else if words(&answer).contains("refused: ") != told.words.contains("refused: ") {
        return Err(format!("the server and the command line do not agree:\n{}\n{}", words(&answer), told.words));
    }
    if let Some(pod) = &answer.pod {
        same("the command line makes another Pod than the server", &manifest::yaml(pod), &manifest::yaml(&told.pod))?;
        laws::settles(&case, pod).await?;
        laws::can_be_repaired(&case, pod).await?;
        laws::is_lossless(&case.pod, pod)?;
        laws::can_be_taken_back(&case, &told.output)?;
    } else if told.pod != case.pod {
        return Err("the command line changes a Pod that the server leaves as it is".into());
    }
    support::golden::compare(out, &manifest::yaml(&summary(&answer)))
}

/// The words of an answer, as both doors say them.
fn words(answer: &Answer) -> String {
    let refusal = answer.message.iter().map(|message| format!("refused: {message}"));
    let warnings = answer.warnings.iter().map(|warning| format!("warning: {warning}"));
    refusal.chain(warnings).fold(String::new(), |all, line| all + &line + "\n")
}

/// What comes of a case, as it is written beside it.
fn summary(answer: &Answer) -> Value {
    let mut summary = Map::new();
    let mut say = |key: &str, value: Value| summary.insert(key.to_owned(), value);
    say("decision", answer.decision().into());
    if let Some(message) = &answer.message {
        say("message", message.as_str().into());
    }
    if !answer.warnings.is_empty() {
        say("warnings", answer.warnings.clone().into());
    }
    if !answer.outcomes.is_empty() {
        say("outcomes", answer.outcomes.clone().into());
    }
    if let Some(remarks) = &answer.remarks {
        say("remarks", remarks.as_str().into());
    }
    if let Some(skipped) = &answer.skipped {
        say("skipped", skipped.as_str().into());
    }
    if let Some(pod) = &answer.pod {
        say("pod", pod.clone());
    }
    Value::Object(summary)
}

/// Two texts are the same, or else how they differ.
fn same(what: &str, expected: &str, seen: &str) -> Result<(), Complaint> {
    if expected == seen {
        return Ok(());
    }
    let diff = TextDiff::from_lines(expected, seen).unified_diff().context_radius(3).to_string();
    Err(format!("{what}:\n{diff}"))
}
