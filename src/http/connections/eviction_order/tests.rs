//! Which connection is evicted first, by example.

use std::cell::Cell;
use std::net::IpAddr;

use super::*;

/// Connections below these serial numbers have settled, are idle, and have lapsed.
#[derive(Default)]
struct Below {
    settled: u64,
    idle: u64,
    lapsed: u64,
    inspected: Cell<usize>,
}

impl Below {
    fn is_below(&self, serial: u64, bound: u64) -> bool {
        self.inspected.set(self.inspected.get() + 1);
        serial < bound
    }
}

impl Activity for Below {
    fn has_settled(&self, serial: u64) -> bool {
        self.is_below(serial, self.settled)
    }
    fn is_idle(&self, serial: u64) -> bool {
        self.is_below(serial, self.idle)
    }
    fn has_lapsed(&self, serial: u64) -> bool {
        self.is_below(serial, self.lapsed)
    }
    fn is_stuck_in_handshake(&self, serial: u64) -> bool {
        self.is_below(serial, self.settled)
    }
}

fn peer(n: u8) -> PeerGroup {
    PeerGroup::from(IpAddr::from([10, 0, 0, n]))
}

/// This many connections of each peer, numbered from 0, those of the first peer first.
fn order_of(counts: &[u64], proven: bool) -> EvictionOrder {
    let mut order = EvictionOrder::default();
    let mut serial = 0;
    for (n, count) in counts.iter().enumerate() {
        for _ in 0..*count {
            let peer = peer(u8::try_from(n).unwrap());
            order.insert(serial, peer, 16);
            if proven {
                order.prove(serial, peer);
            }
            serial += 1;
        }
    }
    order
}

const KEPT: usize = 64;

#[test]
fn few_connections_are_given_the_time_for_a_first_review() {
    let mut order = order_of(&[16, 16], false);
    assert_eq!(order.next_to_evict(KEPT, peer(0), &Below::default()), None);
    // The oldest of the address with the most; of two that have as many, either will do.
    assert_eq!(
        order.next_to_evict(KEPT, peer(0), &Below { settled: 17, ..Below::default() }),
        Some((16, Eviction::Unproven))
    );
    assert_eq!(
        order.next_to_evict(KEPT, peer(0), &Below { settled: 1, ..Below::default() }),
        Some((0, Eviction::Unproven))
    );
}

#[test]
fn the_address_with_the_most_connections_without_a_valid_review_loses_its_oldest_at_once() {
    let mut order = order_of(&[3, 17, 5], false);
    assert_eq!(order.next_to_evict(KEPT, peer(1), &Below::default()), Some((3, Eviction::Unproven)));
    order.prove(3, peer(1));
    assert_eq!(order.next_to_evict(KEPT, peer(1), &Below::default()), None);
}

#[test]
fn a_newcomer_of_an_address_with_fewer_connections_does_not_wait_for_others_to_settle() {
    let mut order = order_of(&[1, 2, 3], false);
    let evicted = |order: &mut EvictionOrder, newcomer| order.next_to_evict(KEPT, peer(newcomer), &Below::default());
    assert_eq!(evicted(&mut order, 9), Some((3, Eviction::Unproven)));
    assert_eq!(evicted(&mut order, 0), Some((3, Eviction::Unproven)));
    assert_eq!(evicted(&mut order, 1), None, "it would have as many then");
    order.remove(3, peer(2));
    assert_eq!(evicted(&mut order, 9), Some((4, Eviction::Unproven)));
    order.remove(4, peer(2));
    order.remove(1, peer(1));
    assert_eq!(evicted(&mut order, 9), None, "every address has one");
}

#[test]
fn the_largest_address_does_not_lose_the_few_that_are_about_to_send_a_review() {
    let mut order = order_of(&[70], true);
    for serial in 66..70 {
        order.remove(serial, peer(0));
        order.insert(serial, peer(0), 16);
    }
    assert_eq!(order.next_to_evict(KEPT, peer(0), &Below::default()), Some((64, Eviction::Address)));
    order.remove(64, peer(0));
    order.remove(65, peer(0));
    assert_eq!(order.next_to_evict(KEPT, peer(0), &Below::default()), None);
}

#[test]
fn connections_without_a_valid_review_go_before_those_of_the_largest_address() {
    let mut order = order_of(&[100, 1], true);
    assert_eq!(order.next_to_evict(KEPT, peer(0), &Below::default()), Some((64, Eviction::Address)));
    order.insert(200, peer(1), 16);
    assert_eq!(
        order.next_to_evict(KEPT, peer(0), &Below { settled: 300, ..Below::default() }),
        Some((200, Eviction::Unproven))
    );
}

#[test]
fn the_first_connections_of_an_address_are_never_evicted_and_idle_ones_go_first() {
    let mut order = order_of(&[64, 70, 64], true);
    let evicted =
        |order: &mut EvictionOrder, idle| order.next_to_evict(KEPT, peer(0), &Below { idle, ..Below::default() });
    // 64 to 127 are the first of the second address.
    assert_eq!(evicted(&mut order, 0), Some((128, Eviction::Address)));
    for serial in 128..134 {
        assert_eq!(evicted(&mut order, 134), Some((serial, Eviction::Address)));
        assert!(order.remove(serial, peer(1)));
    }
    assert_eq!(evicted(&mut order, 134), None);
}

/// Only this connection has lapsed; no other condition holds for any.
struct Only(u64);
impl Activity for Only {
    fn has_settled(&self, _: u64) -> bool {
        false
    }
    fn is_idle(&self, _: u64) -> bool {
        false
    }
    fn has_lapsed(&self, serial: u64) -> bool {
        serial == self.0
    }
    fn is_stuck_in_handshake(&self, _: u64) -> bool {
        false
    }
}

#[test]
fn a_lapsed_connection_is_found_although_each_choice_inspects_a_few() {
    let mut order = order_of(&[64, 64], true);
    order.remove(100, peer(1));
    order.insert(100, peer(1), 16);
    order.prove(100, peer(1));
    let found = (0..=128 / MAX_INSPECTED).find_map(|_| order.next_to_evict(KEPT, peer(0), &Only(100)));
    assert_eq!(found, Some((100, Eviction::Idle)));
}

#[test]
fn a_connection_that_was_idle_for_long_is_not_evicted_for_clients_that_send_nothing_valid() {
    let mut order = order_of(&[3], true);
    for n in 0..17 {
        order.insert(100 + u64::from(n), peer(1 + n), 16);
    }
    let lapsed = Below { lapsed: 3, ..Below::default() };
    assert_eq!(order.next_to_evict(KEPT, peer(1), &lapsed), None);
    order.remove(100, peer(1));
    assert_eq!(order.next_to_evict(KEPT, peer(1), &lapsed), Some((1, Eviction::Idle)));
}

#[test]
fn a_choice_inspects_as_many_of_a_hundred_connections_as_of_a_hundred_thousand() {
    for proven in [false, true] {
        for count in [100, 100_000] {
            let mut order = order_of(&[count, 3], proven);
            let activity = Below::default();
            assert!(order.next_to_evict(KEPT, peer(0), &activity).is_some());
            order.next_to_evict(usize::MAX, peer(0), &activity);
            assert!(activity.inspected.get() <= 3 * MAX_INSPECTED, "{}", activity.inspected.get());
        }
    }
}

#[test]
fn removed_connections_leave_nothing_in_the_indexes() {
    let mut order = order_of(&[5, 7], false);
    for serial in 0..12 {
        let peer = peer(u8::from(serial >= 5));
        order.prove(serial, peer);
        assert!(order.remove(serial, peer));
        assert!(!order.remove(serial, peer));
    }
    assert!(order.peers.is_empty() && order.by_all.is_empty() && order.by_unproven.is_empty());
}
