//! `explain --with` over thousands of workloads: `make explain-many` prints the time and the memory that it takes.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::live::{folder, webhooks};
use crate::support::api_server::ApiServer;
use crate::support::workloads::{cases, companions, named};

/// How many workloads the cluster has.
const WORKLOADS: usize = 5_000;

/// The built-in kinds that roll out. About half of the generated workloads are of these.
const ROLLING_OUT: [&str; 6] =
    ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "CronJob"];

/// The workloads in their namespaces, each with a name of its own, as an API server has stored them.
fn workloads(namespaces: &[&str; 4]) -> Vec<Value> {
    let is_counted = |workload: &Value| {
        let group = workload["apiVersion"].as_str().and_then(|version| version.split_once('/')).map_or("", |(g, _)| g);
        ROLLING_OUT.iter().any(|kind| workload["kind"] == *kind) && ["", "apps", "batch"].contains(&group)
    };
    let cases = cases(11, 2 * WORKLOADS + 1_000).into_iter().filter(|case| is_counted(&case.workload));
    let stored = cases.take(WORKLOADS).enumerate().map(|(index, case)| {
        let mut workload = case.workload;
        workload["metadata"]["name"] = format!("w-{index}").into();
        workload["metadata"]["namespace"] = namespaces[case.namespace].into();
        workload
    });
    stored.collect()
}

#[test]
#[ignore = "a target of its own, because it takes long: make explain-many"]
fn the_consequences_of_a_companion_for_5000_workloads_are_found() {
    let names = ["quiet", "opted-in", "with-a-list", "opted-out"];
    let objects = [companions(), webhooks(), named(names).to_vec(), workloads(&names)].concat();
    let server = ApiServer::start(objects, &[]);
    let current = companions().into_iter().find(|c| c["kind"] == "ClusterCompanion").unwrap();
    let mut changed = current.clone();
    changed["spec"]["containers"][0]["env"] = json!([{"name": "NEXT", "value": "1"}]);
    let [denied, changes] = explain(&server, "another variable", &changed);
    assert!(changes > 0, "the companion is in some workloads");
    let mut demanding = current;
    let parameter = json!({"name": "ticket", "type": "String", "required": true, "env": "TICKET"});
    demanding["spec"]["parameters"].as_array_mut().unwrap().push(parameter);
    let [newly_denied, others] = explain(&server, "another required parameter", &demanding);
    assert_eq!(newly_denied + others, changes + denied, "every workload that has the companion is affected");
    assert!(newly_denied > 0, "those that request the companion lack the parameter");
}

/// How many workloads a companion would deny, and how many it would change. Prints them with the time and the memory.
fn explain(server: &ApiServer, what: &str, next: &Value) -> [usize; 2] {
    let folder = folder();
    fs::write(folder.0.path().join("next.yaml"), next.to_string()).unwrap();
    let kubeconfig = server.kubeconfig(folder.0.path());
    let began = Instant::now();
    let child = Command::new(env!("CARGO_BIN_EXE_podgraft"))
        .args(["explain", "--with", "next.yaml", "-A", "-o", "json", "--kubeconfig"])
        .arg(kubeconfig)
        .current_dir(folder.0.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (peak, out) = peak_memory(child);
    let consequences: Value = serde_json::from_slice(&out).unwrap();
    let [denied, changed] = ["denied", "changed"].map(|field| consequences[field].as_array().map_or(0, Vec::len));
    println!(
        "{what}: {} workloads in {:.1} s, {} MiB resident at most: {denied} would be denied, {changed} would change, {} are denied already",
        consequences["workloads"],
        began.elapsed().as_secs_f32(),
        peak >> 10,
        consequences["alreadyDenied"],
    );
    assert_eq!(consequences["workloads"], WORKLOADS);
    [denied, changed]
}

/// The peak of the resident memory of a process, in KiB, and its output.
fn peak_memory(child: Child) -> (u64, Vec<u8>) {
    let status = format!("/proc/{}/status", child.id());
    let output = thread::spawn(move || child.wait_with_output());
    let mut peak = 0;
    while !output.is_finished() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0);
        peak = peak.max(now);
        thread::sleep(Duration::from_millis(5));
    }
    (peak, output.join().unwrap().unwrap().stdout)
}
