//! Thirty mistakes, each made as users make it: with kubectl, helm and podgraft on the real API server. What their terminals
//! show is `tests/mistakes/cases`; a table says where each mistake is reported, with its cause and its fix.
//!
//! `MISTAKES=2,14 cargo test --locked --test cluster -- mistakes` runs two rows only.

mod certificate;
mod constant;
pub mod correct;
mod fate;
pub mod reasons;
mod settled;
mod table;
mod terminal;
mod transcript;

use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::{Map, Value, json};

use crate::cluster::{Cluster, printed, tree};
use crate::support::golden;
use crate::tests;
use fate::Fate;
use settled::{caught_up, install, replaced, settled};
use table::Table;
use terminal::Terminal;
use transcript::{Mistake, Role, Row, Step};

tests![every_mistake_is_reported_with_its_cause_and_fix_to_the_user_who_made_it];

/// One file for each row.
const CASES: &str = "tests/mistakes/cases";
/// How many rows there are.
const ROWS: usize = 30;
/// How many rows are at work at the same time. They wait more than they compute.
const HANDS: usize = 6;
/// How often a case is tried, in which podgraft reports that it ran out of time: a preview on a busy machine.
const ATTEMPTS: usize = 3;

/// Installs podgraft, and the companions and users of all cases.
pub async fn set_up(cluster: &Cluster) {
    install(cluster).await;
    replaced(cluster).await;
    // Those of other chapters would be suggested, and listed.
    cluster.delete_now("/apis/podgraft.dev/v1alpha1/clustercompanions").await;
    printed(cluster.kubectl(["delete", "companions", "--all", "--all-namespaces"]));
    terminal::set_up(cluster).await;
    let companions = tree().join("tests/mistakes/companions.yaml").display().to_string();
    printed(cluster.kubectl(["apply", "--filename", &companions]));
    printed(cluster.kubectl(["wait", "clustercompanions", "--all", "--for=condition=Ready", "--timeout=3m"]));
    settled(cluster).await;
}

async fn every_mistake_is_reported_with_its_cause_and_fix_to_the_user_who_made_it(cluster: &Cluster) {
    let (alone, together): (Vec<_>, Vec<_>) = rows().into_iter().partition(|(_, row)| row.is_alone());
    let made = stream::iter(together).map(|(path, row)| async { (path, make(cluster, row).await) });
    let made: Vec<(PathBuf, Row)> = made.buffer_unordered(HANDS).collect().await;
    let compare = |path: &Path, row: &Row| golden::compare(path, &row.text()).err();
    let mut differences: Vec<String> = made.iter().filter_map(|(path, row)| compare(path, row)).collect();
    let mut rows: Vec<Row> = made.into_iter().map(|(_, row)| row).collect();
    for (path, row) in alone {
        let row = make(cluster, row).await;
        differences.extend(compare(&path, &row));
        rows.push(row);
        settled(cluster).await;
    }
    let table = Table::of(&rows);
    println!("{table}");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(table.failures(), [""; 0], "cases that are not reported where they are made, or not as a whole");
    assert!(selected().is_some() || table.len() == ROWS, "{} rows", table.len());
}

/// The numbers of the rows that are asked for.
fn selected() -> Option<Vec<String>> {
    let rows = std::env::var("MISTAKES").ok()?;
    Some(rows.split(',').map(str::to_owned).collect())
}

fn rows() -> Vec<(PathBuf, Row)> {
    let files = std::fs::read_dir(tree().join(CASES)).expect("a folder");
    let mut names: Vec<_> = files.map(|file| file.expect("a file").file_name()).collect();
    names.sort();
    let read = |name| {
        let path = Path::new(CASES).join(name);
        let text = std::fs::read_to_string(tree().join(&path)).expect("a file");
        (path, Row::read(&text))
    };
    let selected = selected();
    let is_selected = |row: &Row| selected.as_ref().is_none_or(|rows| rows.iter().any(|number| number == row.number()));
    names.into_iter().map(read).filter(|(_, row)| is_selected(row)).collect()
}

/// Makes the mistakes of a row, one after the other.
async fn make(cluster: &Cluster, mut row: Row) -> Row {
    let differ = row.has_different_replicas();
    for case in &mut row.cases {
        make_one(cluster, case, differ).await;
        for _ in 1..ATTEMPTS {
            if !case.ran_out_of_time() {
                break;
            }
            println!("    {}: podgraft ran out of time, so the case is made again", case.id());
            delete_namespace(cluster, case).await;
            make_one(cluster, case, differ).await;
        }
    }
    row
}

/// Makes the mistake of a case. The replicas of podgraft know of each step before the next one, unless the case is about
/// replicas that do not.
async fn make_one(cluster: &Cluster, case: &mut Mistake, differ: bool) {
    let namespace = namespace(cluster, case).await;
    if !differ {
        caught_up(cluster).await;
    }
    let terminal = Terminal::new(cluster, &namespace);
    if let Some(seconds) = case.field("certificate") {
        terminal.issue_certificate(seconds.parse().expect("seconds"));
    }
    let user = case.field("by").unwrap_or("developer").to_owned();
    let fate = Fate::of(case);
    let mut failed = false;
    // What follows undoes the case.
    let last = case.steps.iter().rposition(|step| step.role != Role::Preparation);
    for (index, step) in case.steps.iter_mut().enumerate() {
        failed |= !take(&terminal, &user, step).await && step.role == Role::Mistake;
        match step.command().split_whitespace().next() {
            Some("install") => settled(cluster).await,
            Some("upgrade") => replaced(cluster).await,
            _ if differ => {}
            _ => caught_up(cluster).await,
        }
        if Some(index) == last {
            fate.happens(cluster, &namespace, failed).await;
        }
    }
}

/// Runs the command of a step. Whether it succeeded.
async fn take(terminal: &Terminal, user: &str, step: &mut Step) -> bool {
    let user = if step.role == Role::Preparation { "admin" } else { user };
    let shown = match &step.until {
        Some(text) => terminal.run_until(user, &step.command(), text).await,
        None => terminal.run(user, &step.command()).await,
    };
    if step.role == Role::Preparation {
        assert!(shown.succeeded, "{}\n{}", step.command(), shown.text);
    } else {
        step.shown = shown.text;
    }
    shown.succeeded
}

/// Deletes the namespace of a case with all that is in it, and waits until podgraft knows.
async fn delete_namespace(cluster: &Cluster, case: &Mistake) {
    let name = case.namespace();
    printed(cluster.kubectl(["delete", "namespace", &name, "--timeout=3m"]));
    caught_up(cluster).await;
}

/// Creates the namespace of a case.
async fn namespace(cluster: &Cluster, case: &Mistake) -> String {
    let name = case.namespace();
    let labels = case.field("labels").unwrap_or_default().split_whitespace().filter_map(|pair| pair.split_once('='));
    let labels: Map<_, _> = labels.map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
    let metadata = json!({"name": name, "labels": labels});
    cluster.create("/api/v1/namespaces", &json!({"metadata": metadata})).await.expect("a namespace");
    let account = format!("/api/v1/namespaces/{name}/serviceaccounts/default");
    cluster
        .eventually("the namespace's default ServiceAccount", async || {
            cluster.get(&account).await.status.is_success().then_some(())
        })
        .await;
    name
}
