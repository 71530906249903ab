//! `explain --with` over thousands of workloads: `make explain-many` prints the time and the memory that it takes.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::live::folder;
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
    let stored = workloads(&names);
    let server = ApiServer::start([companions(), named(names).to_vec(), stored].concat(), &[]);
    let folder = folder();
    let mut next = companions().into_iter().find(|c| c["kind"] == "ClusterCompanion").unwrap();
    next["spec"]["containers"][0]["env"] = json!([{"name": "NEXT", "value": "1"}]);
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
    let count = |field: &str| consequences[field].as_array().map_or(0, Vec::len);
    println!(
        "{} workloads in {:.1} s, {} MiB resident at most: {} would be denied, {} would change, {} are denied already",
        consequences["workloads"],
        began.elapsed().as_secs_f32(),
        peak >> 10,
        count("denied"),
        count("changed"),
        consequences["alreadyDenied"],
    );
    assert_eq!(consequences["workloads"], WORKLOADS);
    assert!(count("changed") > 0, "the companion is in some workloads");
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
