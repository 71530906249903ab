//! `make attack` in short: a few seconds, a debug build, and hard facts only.

use std::time::Duration;

use crate::storm::{MEMORY, Plan, run};

#[test]
fn all_attacks_at_once_end_no_process_and_block_no_client() {
    let patient = Duration::from_secs(10);
    let outcome = run(Plan {
        lasts: Duration::from_secs(6),
        strength: 25,
        one_address: false,
        pinned: false,
        reviews_per_second: 20,
        review_timeout: patient,
        probe_timeout: patient,
    });
    assert_eq!(outcome.restarts, 0, "{outcome}");
    assert!(outcome.largest_resident < MEMORY, "{} bytes resident\n{outcome}", outcome.largest_resident);
    assert!(
        outcome.largest_charged.is_none_or(|charged| charged < MEMORY),
        "{:?} bytes charged",
        outcome.largest_charged
    );
    assert_eq!(outcome.probes.answered, outcome.probes.asked, "probes\n{outcome}");
    assert!(
        outcome.reviews.percent() >= 99.0,
        "{}% of {} reviews\n{outcome}",
        outcome.reviews.percent(),
        outcome.reviews.asked
    );
}
