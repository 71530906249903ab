//! A table of every reason: an input that produces it on the real API server, and the places where it is found.
//!
//! Each row creates a workload with kubectl. The reason must be found at each of the six [`Door`]s, or the row says why it is
//! not. Reasons are matched without a wildcard, so a new one needs a row.

mod conflicts;
mod door;
mod outcomes;
mod present;
mod remarks;
mod row;
mod templates;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;
use podgraft::internals::inject::verdict::examples::examples;
use podgraft::internals::inject::verdict::reason::Reason;
use serde_json::{Value, json};

use super::settled::{caught_up, install, settled};
use crate::cluster::{Cluster, TIMEOUT, printed};
use crate::tests;
use crate::workload::{pod, workload};
use door::{Door, Records};
use row::{Place, ReasonRow};

tests![every_reason_is_found_at_every_door_or_the_row_says_why_not];

/// How many workloads are created at the same time.
const HANDS: usize = 6;

/// A row in the cluster.
struct Produced {
    label: &'static str,
    row: ReasonRow,
    namespace: String,
    /// What kubectl printed when the workload was created.
    printed: String,
}

async fn every_reason_is_found_at_every_door_or_the_row_says_why_not(cluster: &Cluster) {
    let rows: BTreeMap<&'static str, ReasonRow> =
        examples().iter().map(|reason| (reason.label(), row_of(reason).named(reason.label()))).collect();
    install(cluster).await;
    settled(cluster).await;
    apply_companions(cluster, &rows).await;
    let before = Records::read(cluster).await;
    let made = stream::iter(rows).map(|(label, row)| produce(cluster, label, row));
    let mut made: Vec<Produced> = made.buffer_unordered(HANDS).collect().await;
    made.sort_by_key(|produced| produced.label);
    let mut wrong = Vec::new();
    println!("    reason                   {}", Door::ALL.map(|door| format!("{door:<8}")).concat());
    for produced in &made {
        wrong.extend(compare(cluster, produced, &before).await);
    }
    let mut sentences: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for produced in &made {
        produced.row.sentences().into_iter().for_each(|why| sentences.entry(why).or_default().push(produced.label));
    }
    for ((why, doors), labels) in &sentences {
        println!("    not in {doors}: {}: {why}", labels.join(", "));
    }
    assert!(wrong.is_empty(), "{} places differ from the table:\n{}", wrong.len(), wrong.join("\n"));
}

fn row_of(reason: &Reason) -> ReasonRow {
    match reason {
        Reason::Outcome(outcome) => outcomes::row(outcome),
        Reason::Remark(remark) => remarks::row(remark),
    }
}

/// Applies the companions of all rows at once, and waits until the replicas know them.
async fn apply_companions(cluster: &Cluster, rows: &BTreeMap<&'static str, ReasonRow>) {
    let items: Vec<&Value> = rows.values().flat_map(|row| &row.companions).collect();
    let file = cluster.folder.join("reasons.json");
    std::fs::write(&file, json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()).expect("a file");
    printed(cluster.kubectl(["apply", "--filename", &file.display().to_string()]));
    caught_up(cluster).await;
}

/// Creates the workload of a row with kubectl.
async fn produce(cluster: &Cluster, label: &'static str, row: ReasonRow) -> Produced {
    let namespace = match row.place {
        Place::Namespace(name) => name.to_owned(),
        Place::Own => cluster.namespace(row.namespace.clone()).await,
        Place::Nowhere => return Produced { label, row, namespace: String::new(), printed: String::new() },
    };
    let mut object =
        if row.kind == "Pod" { pod("web", &row.template) } else { workload(row.kind, "web", &row.template) };
    object["kind"] = row.kind.into();
    object["apiVersion"] = match row.kind {
        "Pod" => "v1",
        "Job" => "batch/v1",
        _ => "apps/v1",
    }
    .into();
    let file = cluster.folder.join(format!("reason-{label}.json"));
    std::fs::write(&file, object.to_string()).expect("a file");
    // Not `apply`: its annotation would repeat all others, which one row has very many of.
    let created = cluster.kubectl(["--namespace", &namespace, "create", "--filename", &file.display().to_string()]);
    let printed = String::from_utf8_lossy(&created.stderr).into_owned();
    assert!(created.status.success() || row.kind == "Pod", "{label}: {printed}");
    Produced { label, row, namespace, printed }
}

/// Looks for the reason of a row at every door, and prints the line of the table. What differs from the row.
async fn compare(cluster: &Cluster, produced: &Produced, before: &Records) -> Vec<String> {
    let Produced { label, row, .. } = produced;
    let mut wrong = Vec::new();
    let mut line = format!("    {label:<25}");
    for door in Door::ALL {
        let expected = row.why_not(door).is_none();
        // Controllers and logs need a moment.
        let started = Instant::now();
        let mut found = door.has(cluster, produced, before).await.is_some();
        while expected && !found && started.elapsed() < TIMEOUT {
            tokio::time::sleep(Duration::from_millis(200)).await;
            found = door.has(cluster, produced, before).await.is_some();
        }
        if found != expected {
            wrong.push(format!("{label}: {door}: found: {found}\n  {}", produced.printed));
        }
        line += &format!("{:<8}", if found { "yes" } else { "no" });
    }
    println!("{line}");
    wrong
}
