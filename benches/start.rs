//! How long a process takes from its start: `podgraft serve` until it has answered a review, and commands until they end,
//! beside a process that does nothing (`/bin/true`). Medians, in milliseconds of wall-clock time.

#[path = "support/mod.rs"]
mod bench;
#[path = "../tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use bench::client::request;
use bench::figures;
use bench::figures::median;
use bench::product::{Files, podgraft};
use support::sized;

/// How often each is started.
const STARTS: usize = 15;

fn main() {
    let files = Files::new(&[sized::companion("sync", 1)]);
    fs::write(files.path().join("pod.yaml"), sized::pod("sync", 400, 1_000).to_string()).expect("a Pod");
    println!("medians of {STARTS} starts, in milliseconds");
    let request = request(&sized::review("sync", 12_000));
    let answered = median((0..STARTS).map(|_| until_answered(&files, &request)).collect());
    figures::print("P9  `podgraft serve` until its first answer, from files", answered, 15.0, 8.0);
    for (what, over_nothing) in commands(files.path()) {
        figures::print(&format!("P9  `podgraft {what}` over `true`"), over_nothing, 5.0, 5.0);
    }
}

fn until_answered(files: &Files, request: &[u8]) -> f64 {
    let started = Instant::now();
    let server = files.serve();
    server.client.connect().ask(request);
    let took = milliseconds(started);
    drop(server);
    took
}

/// Each command with what it takes more than a process that does nothing. All are started in turn, so that a machine whose
/// speed changes does not favor one of them.
fn commands(folder: &Path) -> Vec<(&'static str, f64)> {
    let (companion, pod) = (folder.join("companions.yaml"), folder.join("pod.yaml"));
    let mut all: Vec<(&str, Command)> = vec![("", Command::new("/bin/true"))];
    for what in ["version", "--help", "completion bash", "crds"] {
        let mut command = podgraft();
        command.args(what.split(' '));
        all.push((what, command));
    }
    let mut validate = podgraft();
    validate.arg("validate").arg(&companion);
    all.push(("validate", validate));
    let mut inject = podgraft();
    inject.arg("inject").arg("--companions").arg(&companion).arg(&pod);
    all.push(("inject", inject));
    let mut taken = vec![Vec::new(); all.len()];
    for _ in 0..STARTS {
        for ((what, command), taken) in all.iter_mut().zip(&mut taken) {
            taken.push(until_ended(what, command));
        }
    }
    let medians: Vec<f64> = taken.into_iter().map(median).collect();
    all.iter().zip(&medians).skip(1).map(|((what, _), took)| (*what, took - medians[0])).collect()
}

fn until_ended(what: &str, command: &mut Command) -> f64 {
    let started = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let took = milliseconds(started);
    assert!(status.is_ok_and(|status| status.success()), "{what} failed");
    took
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}
