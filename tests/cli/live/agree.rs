//! `explain`, `inject` and the webhook never disagree about a workload: neither in the decision nor in the reasons.

use std::fs;

use serde_json::{Value, json};

use crate::live::folder;
use crate::support::api_server::ApiServer;
use crate::support::created_pod::{FIRST, created_pod};
use crate::support::verdict::{Verdict, of_pod};
use crate::support::workloads::{cases, cluster, companions, named};
use crate::{Folder, Run};

const NAMESPACES: [&str; 4] = ["quiet", "opted-in", "with-a-list", "opted-out"];
/// How many workloads are compared.
const WORKLOADS: usize = 600;

/// What was decided about the Pods of a workload, and for each companion the reason.
type Decided = (String, Vec<(String, String)>);

/// Workloads in their namespaces, each with a name of its own.
fn workloads() -> Vec<Value> {
    let cases = cases(23, WORKLOADS).into_iter().enumerate();
    let stored = cases.map(|(index, case)| {
        let mut workload = case.workload;
        workload["metadata"]["name"] = format!("w-{index}").into();
        workload["metadata"]["namespace"] = NAMESPACES[case.namespace].into();
        workload
    });
    stored.collect()
}

fn decided(run: &Run) -> Vec<(String, Decided)> {
    let facts: Value = serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {}{}", run.out, run.err));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of = |workload: &Value| {
        let companions = workload["companions"].as_array().into_iter().flatten();
        let reasons = companions.map(|companion| (text(&companion["name"]), text(&companion["reason"])));
        (text(&workload["qualifiedName"]), (text(&workload["decision"]), reasons.collect()))
    };
    let mut all: Vec<_> = facts["workloads"].as_array().into_iter().flatten().map(of).collect();
    all.sort();
    all
}

/// The decision of the webhook about the Pod that a controller creates; `None` if the reviews of two such Pods can differ.
fn of_webhook(workload: &Value, namespaces: &[Value; 4], explained: &Decided) -> Option<Decided> {
    if explained.1.iter().any(|(_, reason)| reason == "SelectorUndecided") {
        return None;
    }
    let name = workload["metadata"]["namespace"].as_str().unwrap();
    let namespace = &namespaces[NAMESPACES.iter().position(|other| *other == name).unwrap()];
    let Verdict { decision, findings } = of_pod(&created_pod(workload, FIRST), namespace, &cluster(namespaces));
    let decision = if decision == "admitted" { "unchanged" } else { decision };
    let outcomes = findings.into_iter().filter(|finding| finding.outcome);
    Some((decision.to_owned(), outcomes.map(|finding| (finding.companion, finding.label)).collect()))
}

fn run(folder: &Folder, command: &str) -> Run {
    let run = folder.run(command);
    assert!(matches!(run.code, 0 | 1), "{command}: {}", run.err);
    run
}

#[test]
fn explain_inject_and_the_webhook_agree_about_every_workload() {
    let (workloads, namespaces) = (workloads(), named(NAMESPACES));
    let folder = folder();
    let write = |name: &str, items: &[Value]| {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        fs::write(folder.0.path().join(name), list.to_string()).unwrap();
    };
    write("workloads.json", &workloads);
    write("cluster.json", &[companions(), namespaces.to_vec()].concat());
    let server = ApiServer::start([companions(), namespaces.to_vec(), workloads.clone()].concat(), &[]);
    let kubeconfig = server.kubeconfig(folder.0.path());

    let offline = decided(&run(&folder, "explain workloads.json -c cluster.json -o json"));
    let live = decided(&run(&folder, &format!("explain -A -o json --kubeconfig {}", kubeconfig.display())));
    // Kinds that are not built in are explained in manifests only.
    let names: Vec<&String> = live.iter().map(|(name, _)| name).collect();
    let built_in: Vec<_> = offline.iter().filter(|(name, _)| names.contains(&name)).cloned().collect();
    assert!(live.len() > WORKLOADS / 2, "{} of {WORKLOADS}", live.len());
    assert_eq!(live, built_in);

    // inject leaves some workloads of other kinds alone, whatever becomes of their Pods.
    let is_built_in = |workload: &&Value| {
        let suffix = format!("/{}", workload["metadata"]["name"].as_str().unwrap());
        names.iter().any(|name| name.ends_with(&suffix))
    };
    write("built-in.json", &workloads.iter().filter(is_built_in).cloned().collect::<Vec<_>>());
    let injected = run(&folder, "inject built-in.json -c cluster.json --keep-going");
    let [changed, same, denied] = ["injected", "unchanged", "denied"]
        .map(|decision| built_in.iter().filter(|(_, (other, _))| other == decision).count());
    let counts = format!("workloads: {changed} injected, {same} unchanged, {denied} denied");
    assert_eq!(injected.err.lines().last(), Some(&*counts));

    let mut compared = 0;
    for workload in &workloads {
        let suffix = format!("/{}", workload["metadata"]["name"].as_str().unwrap());
        let (name, explained) = offline.iter().find(|(name, _)| name.ends_with(&suffix)).unwrap();
        let Some(decided) = of_webhook(workload, &namespaces, explained) else { continue };
        assert_eq!(decided, *explained, "{name}: left: the webhook, right: explain");
        compared += 1;
    }
    assert!(compared > WORKLOADS / 2, "{compared} of {WORKLOADS}");
}
