//! What a review asks of the heap: a count that no noise of the machine can hide.

#![allow(clippy::unwrap_used)]

mod support;

use podgraft::admission;
use podgraft::inject::world::Entry;
use support::{Reply, sized, world};

fn allocations(body: &[u8]) -> u64 {
    let world = world(&[sized::companion("sync", 1)]);
    let mut answer = None;
    let info = allocation_counter::measure(|| answer = Some(admission::review(body, Entry::Requested, &world, |_| {})));
    let reply = Reply::read(&answer.unwrap());
    assert!(reply.patch.is_some(), "{}", reply.body);
    info.count_total
}

#[test]
fn a_review_of_12_kb_makes_at_most_40_allocations() {
    let count = allocations(&sized::review("sync", 12_000));
    assert!(count <= 40, "{count} allocations");
}

#[test]
fn tenfold_managed_fields_cost_no_allocation() {
    let body = |managed| support::review_of(&sized::pod("sync", managed, 6_000), "team").to_string();
    assert_eq!(allocations(body(3_000).as_bytes()), allocations(body(30_000).as_bytes()));
}
