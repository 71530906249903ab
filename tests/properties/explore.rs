use crate::support::created_pod::{FIRST, OTHER, created_pod};
use crate::support::verdict::{Verdict, of_pod, of_workload};
use crate::support::workloads::{Undeclared, case, cluster, named};
use proptest::test_runner::TestRunner;
use std::cell::RefCell;
use std::collections::BTreeMap;

#[test]
#[ignore]
fn explore() {
    let namespaces = named(["quiet", "opted-in", "with-a-list", "opted-out"]);
    let cluster = cluster(&namespaces);
    let groups: RefCell<BTreeMap<String, (usize, String)>> = RefCell::default();
    let mut runner = TestRunner::new(crate::created::cases());
    let _ = runner.run(&case(Undeclared::Kept), |case| {
        let ns = &namespaces[case.namespace];
        let mut offline = of_workload(&case.workload, ns["metadata"]["name"].as_str().unwrap(), &cluster);
        offline.findings.retain(|f| f.label != "PullSecretsReplaced");
        if offline.with("SelectorUndecided").next().is_some() {
            return Ok(());
        }
        for which in [FIRST, OTHER] {
            let server = of_pod(&created_pod(&case.workload, which), ns, &cluster);
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
                let d = |a: &Verdict, b: &Verdict| {
                    a.findings
                        .iter()
                        .filter(|x| !b.findings.contains(x))
                        .map(|x| format!("   {}: {} {}", x.companion, x.label, x.sentence))
                        .collect::<Vec<_>>()
                        .join("\n")
                };
                let text = format!(
                    "off {}\n{}\nsrv {}\n{}\n{}",
                    offline.decision,
                    d(&offline, &server),
                    server.decision,
                    d(&server, &offline),
                    case.workload
                );
                let mut groups = groups.borrow_mut();
                let entry = groups.entry(key).or_insert((0, text.clone()));
                entry.0 += 1;
                if text.len() < entry.1.len() {
                    entry.1 = text;
                }
                break;
            }
        }
        Ok(())
    });
    for (key, (count, text)) in &*groups.borrow() {
        println!("##### {count} {key}\n{text}");
    }
}
