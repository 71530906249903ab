//! The heap that reviews and companions use. This is not a part of `review`, because counting allocations takes time.

#[path = "support/mod.rs"]
mod bench;
#[path = "../tests/support/mod.rs"]
mod support;

use bench::figures;
use podgraft::internals::admission;
use podgraft::internals::inject::snapshot::Webhook;
use support::{sized, snapshot};

fn main() {
    let (few, many) = (allocations(3_000), allocations(30_000));
    figures::print("P6  memory of each of 10 000 companions, KiB", memory_of_a_companion() / 1024.0, 4.0, 2.0);
    figures::print("P12 heap allocations of a review at 12 kB", few, 40.0, 20.0);
    figures::print("P12 more of them when managedFields grow tenfold", many - few, 0.0, 0.0);
}

fn memory_of_a_companion() -> f64 {
    // Memory that validation keeps for all companions is not counted as theirs.
    let _ = snapshot(&[sized::companion("sync", 1)]);
    let manifests: Vec<_> = (0..10_000).map(|i| sized::companion(&format!("other-{i}"), 1)).collect();
    let mut kept = None;
    let info = allocation_counter::measure(|| kept = Some(snapshot(&manifests)));
    drop(kept);
    f64::from(u32::try_from(info.bytes_current).expect("less than 4 GiB")) / 10_000.0
}

fn allocations(managed_fields: usize) -> f64 {
    let snapshot = snapshot(&[sized::companion("sync", 1)]);
    let body = support::review_of(&sized::pod("sync", managed_fields, 6_000), "team").to_string();
    // Validation freed much memory. Its allocator tidies up at the next large request, which is not the review's work.
    drop(std::hint::black_box(vec![1_u8; 64 << 10]));
    let mut kept = None;
    let info = allocation_counter::measure(|| {
        kept = Some(admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |_| {}));
    });
    f64::from(u32::try_from(info.count_total).expect("few allocations"))
}
