//! `make attack`: one replica with the chart's memory and one core under all attacks at once, and what becomes of
//! honest reviews and probes meanwhile. Twice: hostile clients at addresses of their own, and all at one address.
//!
//! `SECONDS` sets how long each takes. The exit code says whether all goals are met.

mod storm;

use std::process::ExitCode;
use std::time::Duration;

use storm::{Outcome, Plan};

/// The most memory that the process may have resident, in MiB.
const RESIDENT: f64 = 128.0;

fn main() -> ExitCode {
    let seconds = std::env::var("SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(120);
    let plan = Plan {
        lasts: Duration::from_secs(seconds),
        strength: 100,
        one_address: false,
        pinned: true,
        reviews_per_second: 50,
        review_timeout: Duration::from_secs(2),
        probe_timeout: Duration::from_secs(1),
    };
    println!("hostile clients at addresses of their own, for {seconds} s");
    let apart = report(&storm::run(plan), true);
    println!("\nall clients at one address, for {seconds} s");
    let together = report(&storm::run(Plan { one_address: true, ..plan }), false);
    if apart && together { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints figures beside their goals; whether all are met. Reviews have a goal where addresses distinguish clients.
fn report(outcome: &Outcome, reviews_count: bool) -> bool {
    print!("{outcome}");
    let mib = |bytes: u64| f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 1024.0;
    let mut met = true;
    let mut line = |what: &str, measured: f64, goal: String, good: Option<bool>| {
        met &= good != Some(false);
        let verdict = good.map_or("-", |good| if good { "met" } else { "MISSED" });
        println!("{what:<52} {measured:>10.2} {goal:>10}  {verdict}");
    };
    let answered = outcome.reviews.percent();
    line("honest reviews answered, percent", answered, ">= 99.9".into(), reviews_count.then_some(answered >= 99.9));
    let p99 = outcome.reviews.p99().as_secs_f64();
    line("99 of 100 of them within, seconds", p99, "<= 1".into(), reviews_count.then_some(p99 <= 1.0));
    let probes = outcome.probes.percent();
    line("probes answered, percent", probes, "100".into(), Some(outcome.probes.answered == outcome.probes.asked));
    let resident = mib(outcome.largest_resident);
    line("largest resident memory, MiB", resident, format!("<= {RESIDENT}"), Some(resident <= RESIDENT));
    if let Some(charged) = outcome.largest_charged {
        line("largest memory with caches and socket buffers, MiB", mib(charged), "< 256".into(), None);
    }
    line("restarts", f64::from(outcome.restarts), "0".into(), Some(outcome.restarts == 0));
    met
}
