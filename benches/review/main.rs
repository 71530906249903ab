//! What a review costs, as ratios to a webhook of the same binary that reads the body and answers a constant.
//!
//! Every server runs in a process of its own with TLS; the kernel accounts the CPU time of its threads. Servers take turns, and
//! medians over rounds are printed, so that a machine whose speed drifts does not favor one of them. Ratios carry over to other
//! machines; microseconds do not.
//!
//! The variable `ROUNDS` sets the number of rounds (21). An argument selects a part: `ratios`, `paced` or `growth`.

#[path = "../support/mod.rs"]
mod bench;
#[path = "../../tests/support/mod.rs"]
mod support;

mod growth;
mod paced;
mod ratios;
mod svg;

fn main() {
    bench::composed::serve_if_asked();
    let rounds = std::env::var("ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(21);
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    if is_wanted("ratios") {
        ratios::measure(rounds);
    }
    if is_wanted("paced") {
        paced::measure(rounds);
    }
    if is_wanted("growth") {
        growth::measure(rounds);
    }
}
