//! A review of a workload decides as the webhook will decide about the Pod that the workload's controller creates.

mod pending;
mod verdict;

use std::collections::BTreeMap;

use podgraft::internals::inject::snapshot::Snapshot;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::Value;

use crate::support::created_pod::{FIRST, OTHER, created_pod};
use crate::support::snapshot;
use crate::support::workloads::{Case, Undeclared, case, companions, namespaces};
use verdict::{Verdict, of_pod, of_workload};

/// The names of the cluster's namespaces, each with the labels and annotations of the same index.
const NAMESPACES: [&str; 4] = ["quiet", "opted-in", "with-a-list", "opted-out"];

/// Three thousand cases, always the same ones, unless `PROPTEST_CASES` and `PROPTEST_RNG_SEED` say otherwise.
fn cases() -> ProptestConfig {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let cases = number("PROPTEST_CASES").map_or(3_000, |cases: u64| u32::try_from(cases).unwrap());
    let rng_seed = RngSeed::Fixed(number("PROPTEST_RNG_SEED").unwrap_or(7));
    ProptestConfig { cases, rng_seed, failure_persistence: None, max_shrink_iters: 4_000, ..ProptestConfig::default() }
}

fn cluster() -> Snapshot {
    let mut manifests = companions();
    manifests.extend(NAMESPACES.iter().zip(namespaces()).map(|(name, metadata)| {
        let mut namespace = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        namespace["metadata"]["name"] = (*name).into();
        namespace["metadata"]["labels"]["kubernetes.io/metadata.name"] = (*name).into();
        namespace
    }));
    snapshot(&manifests)
}

#[test]
#[ignore]
fn explore() {
    let cluster = cluster();
    let groups: std::cell::RefCell<BTreeMap<String, (usize, String)>> = std::cell::RefCell::default();
    let mut runner = TestRunner::new(cases());
    let _ = runner.run(&case(Undeclared::Kept), |case| {
        let namespace = NAMESPACES[case.namespace];
        let offline = of_workload(&case.workload, namespace, &cluster);
        let pod = created_pod(&case.workload, FIRST);
        let server = of_pod(&pod, namespace, &cluster);
        if offline != server {
            let f = |a: &Verdict, b: &Verdict| {
                a.findings
                    .iter()
                    .filter(|x| !b.findings.contains(x))
                    .map(|x| x.label.clone())
                    .collect::<Vec<_>>()
                    .join(",")
            };
            let key = format!("{} {} | {}", case.workload["kind"], f(&offline, &server), f(&server, &offline));
            let key = key.chars().take(150).collect::<String>();
            let text = format!("{offline:#?}\n{server:#?}\n{}", case.workload);
            let mut groups = groups.borrow_mut();
            let entry = groups.entry(key).or_insert((0, text.clone()));
            entry.0 += 1;
            if text.len() < entry.1.len() {
                entry.1 = text;
            }
        }
        Ok(())
    });
    for (key, (count, text)) in &*groups.borrow() {
        println!("##### {count} {key}");
        println!("{text}");
    }
}
