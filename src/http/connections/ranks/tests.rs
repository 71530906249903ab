//! Who goes first, by example.

use std::cell::Cell;
use std::net::IpAddr;

use super::*;

/// Connections below these serial numbers have had their time, rest, and have lapsed.
#[derive(Default)]
struct Below {
    time: u64,
    rest: u64,
    lapse: u64,
    asked: Cell<usize>,
}

impl Below {
    fn ask(&self, serial: u64, bound: u64) -> bool {
        self.asked.set(self.asked.get() + 1);
        serial < bound
    }
}

impl Conduct for Below {
    fn had_its_time(&self, serial: u64) -> bool {
        self.ask(serial, self.time)
    }
    fn rests(&self, serial: u64) -> bool {
        self.ask(serial, self.rest)
    }
    fn lapsed(&self, serial: u64) -> bool {
        self.ask(serial, self.lapse)
    }
    fn stuck_in_handshake(&self, serial: u64) -> bool {
        self.ask(serial, self.time)
    }
}

fn source(n: u8) -> PeerGroup {
    PeerGroup::from(IpAddr::from([10, 0, 0, n]))
}

/// So many connections of each address, numbered from 0; the first address first.
fn ranks(counts: &[u64], proven: bool) -> Ranks {
    let mut ranks = Ranks::default();
    let mut serial = 0;
    for (n, count) in counts.iter().enumerate() {
        for _ in 0..*count {
            let source = source(u8::try_from(n).unwrap());
            ranks.insert(serial, source, 16);
            if proven {
                ranks.prove(serial, source);
            }
            serial += 1;
        }
    }
    ranks
}

const KEPT: usize = 64;

#[test]
fn few_connections_are_given_the_time_for_a_first_review() {
    let mut ranks = ranks(&[16, 16], false);
    assert_eq!(ranks.first_to_go(KEPT, source(0), &Below::default()), None);
    // The oldest of the address with the most; of two that have as many, either will do.
    assert_eq!(
        ranks.first_to_go(KEPT, source(0), &Below { time: 17, ..Below::default() }),
        Some((16, Eviction::Unproven))
    );
    assert_eq!(
        ranks.first_to_go(KEPT, source(0), &Below { time: 1, ..Below::default() }),
        Some((0, Eviction::Unproven))
    );
}

#[test]
fn the_address_with_the_most_connections_without_a_valid_review_loses_its_oldest_at_once() {
    let mut ranks = ranks(&[3, 17, 5], false);
    assert_eq!(ranks.first_to_go(KEPT, source(1), &Below::default()), Some((3, Eviction::Unproven)));
    ranks.prove(3, source(1));
    assert_eq!(ranks.first_to_go(KEPT, source(1), &Below::default()), None);
}

#[test]
fn a_newcomer_of_an_address_with_fewer_connections_need_not_wait_for_the_others_time() {
    let mut ranks = ranks(&[1, 2, 3], false);
    let go = |ranks: &mut Ranks, newcomer| ranks.first_to_go(KEPT, source(newcomer), &Below::default());
    assert_eq!(go(&mut ranks, 9), Some((3, Eviction::Unproven)));
    assert_eq!(go(&mut ranks, 0), Some((3, Eviction::Unproven)));
    assert_eq!(go(&mut ranks, 1), None, "it would have as many then");
    ranks.remove(3, source(2));
    assert_eq!(go(&mut ranks, 9), Some((4, Eviction::Unproven)));
    ranks.remove(4, source(2));
    ranks.remove(1, source(1));
    assert_eq!(go(&mut ranks, 9), None, "everybody has one");
}

#[test]
fn the_largest_address_does_not_lose_the_few_that_are_about_to_send_a_review() {
    let mut ranks = ranks(&[70], true);
    for serial in 66..70 {
        ranks.remove(serial, source(0));
        ranks.insert(serial, source(0), 16);
    }
    assert_eq!(ranks.first_to_go(KEPT, source(0), &Below::default()), Some((64, Eviction::Address)));
    ranks.remove(64, source(0));
    ranks.remove(65, source(0));
    assert_eq!(ranks.first_to_go(KEPT, source(0), &Below::default()), None);
}

#[test]
fn those_without_a_valid_review_go_before_the_ones_of_the_largest_address() {
    let mut ranks = ranks(&[100, 1], true);
    assert_eq!(ranks.first_to_go(KEPT, source(0), &Below::default()), Some((64, Eviction::Address)));
    ranks.insert(200, source(1), 16);
    assert_eq!(
        ranks.first_to_go(KEPT, source(0), &Below { time: 300, ..Below::default() }),
        Some((200, Eviction::Unproven))
    );
}

#[test]
fn never_one_of_the_first_of_an_address_and_rather_one_that_rests() {
    let mut ranks = ranks(&[64, 70, 64], true);
    let go = |ranks: &mut Ranks, rest| ranks.first_to_go(KEPT, source(0), &Below { rest, ..Below::default() });
    // 64 to 127 are the first of the second address.
    assert_eq!(go(&mut ranks, 0), Some((128, Eviction::Address)));
    for serial in 128..134 {
        assert_eq!(go(&mut ranks, 134), Some((serial, Eviction::Address)));
        assert!(ranks.remove(serial, source(1)));
    }
    assert_eq!(go(&mut ranks, 134), None);
}

/// Only this one has lapsed, and there is nothing else to say against any.
struct Only(u64);
impl Conduct for Only {
    fn had_its_time(&self, _: u64) -> bool {
        false
    }
    fn rests(&self, _: u64) -> bool {
        false
    }
    fn lapsed(&self, serial: u64) -> bool {
        serial == self.0
    }
    fn stuck_in_handshake(&self, _: u64) -> bool {
        false
    }
}

#[test]
fn a_merit_of_long_ago_is_found_though_only_a_few_are_looked_at() {
    let mut ranks = ranks(&[64, 64], true);
    ranks.remove(100, source(1));
    ranks.insert(100, source(1), 16);
    ranks.prove(100, source(1));
    let found = (0..=128 / LOOKED_AT).find_map(|_| ranks.first_to_go(KEPT, source(0), &Only(100)));
    assert_eq!(found, Some((100, Eviction::Resting)));
}

#[test]
fn a_connection_that_has_rested_for_long_does_not_go_for_clients_that_send_nothing_valid() {
    let mut ranks = ranks(&[3], true);
    for n in 0..17 {
        ranks.insert(100 + u64::from(n), source(1 + n), 16);
    }
    let lapsed = Below { lapse: 3, ..Below::default() };
    assert_eq!(ranks.first_to_go(KEPT, source(1), &lapsed), None);
    ranks.remove(100, source(1));
    assert_eq!(ranks.first_to_go(KEPT, source(1), &lapsed), Some((1, Eviction::Resting)));
}

#[test]
fn a_choice_looks_at_as_many_connections_of_a_hundred_as_of_a_hundred_thousand() {
    for proven in [false, true] {
        for count in [100, 100_000] {
            let mut ranks = ranks(&[count, 3], proven);
            let conduct = Below::default();
            assert!(ranks.first_to_go(KEPT, source(0), &conduct).is_some());
            ranks.first_to_go(usize::MAX, source(0), &conduct);
            assert!(conduct.asked.get() <= 3 * LOOKED_AT, "{}", conduct.asked.get());
        }
    }
}

#[test]
fn nothing_is_left_of_connections_that_are_gone() {
    let mut ranks = ranks(&[5, 7], false);
    for serial in 0..12 {
        let source = source(u8::from(serial >= 5));
        ranks.prove(serial, source);
        assert!(ranks.remove(serial, source));
        assert!(!ranks.remove(serial, source));
    }
    assert!(ranks.addresses.is_empty() && ranks.by_all.is_empty() && ranks.by_unproven.is_empty());
}
