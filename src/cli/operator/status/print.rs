//! What `status` prints.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cli::author::explain::table::table as aligned;
use crate::cli::operator::census::{CompanionTally, WorkloadKey, WorkloadTally};
use crate::cli::stderr;

type Tallies = BTreeMap<WorkloadKey, WorkloadTally>;

/// How many digits of a content hash are shown, as in the label of Pods.
const DIGITS: usize = 8;

/// One row for each companion of each workload.
pub(super) fn table(tallies: &Tallies) -> String {
    let header = ["NAMESPACE", "WORKLOAD", "COMPANION", "PODS", "CURRENT", "OUTDATED", "MISSING", "EXTRA"];
    rows(tallies, header.map(str::to_owned), |_, _, cells| cells)
}

/// The same with versions and names of Pods.
pub(super) fn wide_table(tallies: &Tallies) -> String {
    let header = [
        "NAMESPACE",
        "WORKLOAD",
        "COMPANION",
        "PODS",
        "CURRENT",
        "OUTDATED",
        "MISSING",
        "EXTRA",
        "VERSION",
        "VERSIONS",
        "AFFECTED PODS",
    ];
    rows(tallies, header.map(str::to_owned), |_, companion, [a, b, c, d, e, f, g, h]| {
        let version = companion.version.as_deref().map_or("-", short).to_owned();
        let versions = companion.versions.iter().map(|(version, count)| format!("{}={count}", short(version)));
        let versions = versions.collect::<Vec<_>>().join(",");
        [a, b, c, d, e, f, g, h, version, or_dash(versions), or_dash(affected(companion))]
    })
}

/// For programs.
pub(super) fn document(tallies: &Tallies) -> Value {
    let companion = |name: &str, c: &CompanionTally| {
        json!({
            "name": name, "version": c.version, "current": c.current, "outdated": c.outdated, "missing": c.missing,
            "extra": c.extra, "versions": c.versions, "affectedPods": c.affected,
        })
    };
    let workload = |(key, tally): (&WorkloadKey, &WorkloadTally)| {
        json!({
            "namespace": key.namespace, "kind": key.kind, "name": key.name, "pods": tally.pods,
            "companions": tally.companions.iter().map(|(name, c)| companion(name, c)).collect::<Vec<_>>(),
            "newPodsDenied": tally.denial,
            "webhookMissing": tally.unreviewed,
            "notRestartable": tally.obstacle.map(|obstacle| obstacle.to_string()),
        })
    };
    json!({"workloads": tallies.iter().map(workload).collect::<Vec<_>>()})
}

/// What follows the table: workloads whose new Pods would be denied or not reviewed, and the next command.
pub(super) fn remarks(tallies: &Tallies) -> Vec<String> {
    let mut remarks = Vec::new();
    if tallies.is_empty() {
        remarks.push("no Pods that have or should have companions".to_owned());
    }
    for (key, tally) in tallies {
        if let Some(denial) = &tally.denial {
            remarks.push(format!("{key}: new Pods would be denied: {denial}"));
        }
        if tally.unreviewed {
            remarks.push(format!("{key}: no webhook of podgraft receives its Pods; run podgraft check"));
        }
    }
    let count = |is: fn(&WorkloadTally) -> bool| tallies.values().filter(|tally| is(tally)).count();
    let (missing, outdated) = (count(WorkloadTally::is_missing), count(WorkloadTally::is_outdated));
    if missing > 0 {
        remarks.push(format!(
            "{} with missing companions: podgraft restart --missing",
            stderr::number(missing, "workload")
        ));
    }
    if outdated > 0 {
        remarks.push(format!(
            "{} with outdated companions: podgraft restart --outdated",
            stderr::number(outdated, "workload")
        ));
    }
    remarks
}

fn rows<const N: usize>(
    tallies: &Tallies,
    header: [String; N],
    finish: impl Fn(&WorkloadTally, &CompanionTally, [String; 8]) -> [String; N],
) -> String {
    let mut rows = vec![header];
    for (key, tally) in tallies {
        for (name, c) in &tally.companions {
            let [pods, current, outdated, missing, extra] =
                [tally.pods, c.current, c.outdated, c.missing, c.extra].map(|count| count.to_string());
            let workload = format!("{}/{}", key.kind, key.name);
            let cells =
                [key.namespace.to_string(), workload, name.to_string(), pods, current, outdated, missing, extra];
            rows.push(finish(tally, c, cells));
        }
    }
    if rows.len() == 1 { String::new() } else { stderr::printable(&aligned(&rows)) }
}

fn affected(companion: &CompanionTally) -> String {
    let names = companion.affected.join(",");
    let more = companion.outdated + companion.missing - companion.affected.len();
    if more > 0 {
        return format!("{names} and {more} more");
    }
    names
}

fn short(version: &str) -> &str {
    version.get(..DIGITS).unwrap_or(version)
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tallies() -> Tallies {
        let sync = CompanionTally {
            version: Some("aaaaaaaaaaaaaaaa".into()),
            current: 1,
            outdated: 1,
            missing: 9,
            versions: BTreeMap::from([("aaaaaaaaaaaaaaaa".into(), 1), ("bbbbbbbbbbbbbbbb".into(), 1)]),
            affected: vec!["web-1".into(), "web-2".into()],
            ..CompanionTally::default()
        };
        let key = WorkloadKey { namespace: "shop".into(), kind: "deployment".into(), name: "web".into() };
        let web =
            WorkloadTally { pods: 11, companions: BTreeMap::from([("sync".into(), sync)]), ..WorkloadTally::default() };
        BTreeMap::from([(key, web)])
    }

    #[test]
    fn each_companion_of_a_workload_is_a_row() {
        let expected = "\
NAMESPACE   WORKLOAD         COMPANION   PODS   CURRENT   OUTDATED   MISSING   EXTRA
shop        deployment/web   sync        11     1         1          9         0
";
        assert_eq!(table(&tallies()), expected);
        assert_eq!(table(&Tallies::new()), "");
    }

    #[test]
    fn the_wide_table_has_versions_and_the_first_names_of_pods() {
        let wide = wide_table(&tallies());
        let end = "aaaaaaaa   aaaaaaaa=1,bbbbbbbb=1   web-1,web-2 and 8 more";
        assert!(wide.trim_end().ends_with(end), "{wide}");
    }

    #[test]
    fn remarks_name_the_next_command() {
        let mut tallies = tallies();
        assert_eq!(
            remarks(&tallies),
            [
                "1 workload with missing companions: podgraft restart --missing",
                "1 workload with outdated companions: podgraft restart --outdated",
            ]
        );
        for tally in tallies.values_mut() {
            tally.denial = Some("companion snyc: not found".to_owned());
        }
        assert_eq!(remarks(&tallies)[0], "deployment/web -n shop: new Pods would be denied: companion snyc: not found");
        assert_eq!(remarks(&Tallies::new()).len(), 1);
    }

    #[test]
    fn programs_get_every_count() {
        let document = document(&tallies());
        let sync = &document["workloads"][0]["companions"][0];
        assert_eq!((&sync["missing"], &sync["versions"]["bbbbbbbbbbbbbbbb"]), (&json!(9), &json!(1)));
        assert_eq!(document["workloads"][0]["newPodsDenied"], Value::Null);
    }
}
