//! How many instructions the stages of a review need, as valgrind's callgrind counts them. Where valgrind is not installed, this
//! is reported in one line, and nothing is counted.
//!
//! The crate `gungraun` does this for benchmarks; it needs a runner that is installed in the same version beforehand.

#![allow(clippy::unwrap_used, clippy::format_collect)]

mod support;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use podgraft::internals::admission;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use podgraft::internals::metrics::Metrics;
use podgraft::internals::telemetry;
use podgraft::internals::telemetry::{Log, LogFormat};
use support::counts::Count;
use support::{counts, sized, snapshot};

/// The stages of a review, and the functions that are one each.
const STAGES: [(&str, &str); 5] = [
    ("reading", "podgraft::admission::request::AdmissionRequest::read"),
    ("deciding and patching", "podgraft::inject::review::review"),
    ("responding", "podgraft::admission::response::Answer::of"),
    ("metrics", "podgraft::metrics::Metrics::review"),
    ("log line", "podgraft::telemetry::review"),
];

/// What is reviewed: a name, the size of the review in bytes, and how many containers are injected.
const CASES: [(&str, usize, usize); 5] = [
    ("4 kB", 4_000, 1),
    ("12 kB", 12_000, 1),
    ("63 kB", 63_000, 1),
    ("1 MB", 1_000_000, 1),
    ("12 kB, 16 injected containers", 12_000, 16),
];

/// How often each case is reviewed. The seeds of hash maps differ from process to process, and the mean hides that.
const REVIEWS: u64 = 10;

/// The variable that makes this test the program whose instructions are counted.
const COUNTED: &str = "PODGRAFT_TEST_COUNTED";

#[test]
fn the_stages_of_a_review_need_no_more_instructions_than_are_recorded() {
    if std::env::var_os(COUNTED).is_some() {
        return review_all_cases();
    }
    if let Err(reason) = countable() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{reason}");
        // Unlike `eprintln`, this is not captured.
        let _ = writeln!(std::io::stderr(), "not run on this machine: {reason}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    run_counted(&folder.path().join("counts"));
    let counts: Vec<Count> = (0..).zip(CASES).flat_map(|(i, (case, ..))| counts_of(folder.path(), i, case)).collect();
    counts::check("tests/counts/instructions.txt", &counts);
}

/// Whether instructions can be counted here and compared with the recorded ones.
fn countable() -> Result<(), String> {
    if cfg!(not(target_arch = "x86_64")) {
        return Err("the recorded instructions are those of x86_64".into());
    }
    let installed = Command::new("valgrind").arg("--version").output().is_ok_and(|version| version.status.success());
    installed.then_some(()).ok_or_else(|| "valgrind is not installed, which counts instructions".into())
}

// ---- the program whose instructions are counted ----

/// Reviews each case, as `podgraft serve` does it. Callgrind writes one file for what happens before each boundary.
fn review_all_cases() {
    let _log = Log::open(LogFormat::Json, "info").unwrap();
    let metrics = Metrics::default();
    for (_, bytes, containers) in CASES {
        let snapshot = snapshot(&sized::companions(1, containers));
        let body = sized::review("sync", bytes);
        // What the first review alone needs, such as memory for its labels in the metrics, is not counted.
        review(&body, &snapshot, &metrics);
        boundary_of_a_case();
        for _ in 0..REVIEWS {
            review(&body, &snapshot, &metrics);
        }
        boundary_of_a_case();
    }
}

fn review(body: &[u8], snapshot: &Snapshot, metrics: &Metrics) {
    let took = Duration::from_micros(20);
    let answer = admission::review(body, Webhook::Requested, snapshot, |record| {
        metrics.review(record, took);
        telemetry::review(record, took);
    });
    assert_eq!(answer.status, 200);
}

/// Callgrind looks for this name. Without an effect, calls of this function would be removed.
#[inline(never)]
fn boundary_of_a_case() {
    std::hint::black_box(());
}

// ---- the counts ----

/// Runs this test under valgrind, which writes files whose names begin with `counts`.
fn run_counted(counts: &Path) {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--demangle=no", "--dump-before=*18boundary_of_a_case17h*"]);
    valgrind.arg(format!("--callgrind-out-file={}", counts.display())).arg(std::env::current_exe().unwrap());
    valgrind.args(["--exact", "the_stages_of_a_review_need_no_more_instructions_than_are_recorded"]);
    let ran = valgrind.env(COUNTED, "1").env_remove("RUST_LOG").output().unwrap();
    assert!(ran.status.success(), "{}\n{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
}

/// The instructions of one review of a case, by stage.
fn counts_of(folder: &Path, case: usize, name: &str) -> Vec<Count> {
    // Boundaries are numbered from 1, and the first one of each case ends its preparation.
    let counts = fs::read_to_string(folder.join(format!("counts.{}", 2 * case + 2))).unwrap();
    let count = |(stage, function): (&str, &str)| {
        let (calls, instructions) = inclusive(&counts, function);
        assert!(
            calls == REVIEWS && instructions > 0,
            "{name}: {calls} calls of {function} were counted for {REVIEWS} reviews; correct its name in tests/instructions.rs, \
             and mark it #[inline(never)] if it is inlined"
        );
        (format!("{name}: {stage}"), instructions / REVIEWS)
    };
    STAGES.into_iter().map(count).collect()
}

/// How often a function was called, and the instructions of these calls and of what they called. In callgrind's format
/// (valgrind's manual, "Callgrind Format Specification") a line with the callee, and one with the number of calls, precede the
/// line with the position and the instructions. A name is written once, and is a number elsewhere.
fn inclusive(counts: &str, function: &str) -> (u64, u64) {
    let symbol = mangled(function);
    let (mut id, mut is_callee, mut calls) = (None, false, None);
    let (mut all_calls, mut instructions) = (0, 0);
    for line in counts.lines() {
        if let Some(made) = calls.take() {
            all_calls += made;
            instructions += line.split(' ').nth(1).unwrap().parse::<u64>().unwrap();
        } else if let Some((field, rest)) = line.split_once("fn=") {
            let (number, name) = rest.split_once(')').unwrap();
            if name.trim_start().starts_with(&symbol) {
                id = Some(number.to_owned());
            }
            is_callee = field == "c" && id.as_deref() == Some(number);
        } else if let Some(rest) = line.strip_prefix("calls=").filter(|_| is_callee) {
            calls = Some(rest.split(' ').next().unwrap().parse::<u64>().unwrap());
        }
    }
    (all_calls, instructions)
}

/// The begin of a function's symbol, up to its hash.
fn mangled(path: &str) -> String {
    let segments: String = path.split("::").map(|segment| format!("{}{segment}", segment.len())).collect();
    format!("_ZN{segments}17h")
}

#[test]
fn the_calls_of_a_function_and_their_instructions_are_added_up() {
    let counts = "fn=(1) main\n16 400\ncfn=(2) _ZN1a1f17h0123E\ncalls=2 0\n17 90\ncfn=(3) _ZN1a2ff17h0123E\ncalls=5 0\n18 7\n\
                  fn=(2)\n20 30\nfn=(4) other\n+1 5\ncfn=(2)\ncalls=1 0\n+3 45\n";
    assert_eq!(inclusive(counts, "a::f"), (3, 135));
    assert_eq!(inclusive(counts, "a::missing"), (0, 0));
}
