//! Each step from one state to the next.

use super::*;
use crate::tls::self_managed::policy;

const START: SystemTime = SystemTime::UNIX_EPOCH;

fn at(seconds: u64) -> SystemTime {
    START + Duration::from_secs(1_900_000_000 + seconds)
}

fn rotate(state: &CaState, now: u64, held_since: Option<u64>) -> Option<Rotated> {
    state.rotate(&policy::of_seconds(), at(now), held_since.map(at)).unwrap()
}

/// The next state, which there must be, and the names of its events.
fn rotated(state: &CaState, now: u64, held_since: Option<u64>) -> (CaState, String) {
    let Rotated { state, events } = rotate(state, now, held_since).unwrap_or_else(|| panic!("no change at {now}"));
    (state, names(&events))
}

fn names(events: &[Event]) -> String {
    let name = |event: &Event| match event {
        Event::CaCreated(_) => "created",
        Event::NextCaAdded(_) => "added",
        Event::CaPromoted(_) => "promoted",
        Event::CaExpired(_) => "expired",
        Event::PairIssued(_) => "issued",
    };
    events.iter().map(name).collect::<Vec<_>>().join(" ")
}

fn first() -> CaState {
    rotated(&CaState::default(), 0, None).0
}

fn anchor(ca: Option<&Ca>) -> TrustAnchor {
    ca.expect("a CA").anchor.clone()
}

fn expires(state: &CaState) -> SystemTime {
    state.pair.as_ref().expect("a pair").pair.expires()
}

#[test]
fn an_empty_state_gets_a_ca_and_a_pair_both_backdated() {
    let (state, events) = rotated(&CaState::default(), 0, None);
    assert_eq!(events, "created issued");
    let pair = &state.pair.as_ref().unwrap().pair;
    assert_eq!((pair.begins(), pair.expires()), (at(0) - BACKDATED, at(30)));
    let ca = anchor(state.signing.as_ref());
    assert_eq!((ca.issued(), ca.expires()), (at(0), at(90)));
    assert!(state.next.is_none() && state.others.is_empty());
}

#[test]
fn a_pair_is_replaced_when_a_third_of_its_lifetime_is_left() {
    let state = first();
    for now in [0, 10, 19] {
        assert!(rotate(&state, now, None).is_none(), "at {now}");
    }
    let (later, events) = rotated(&state, 20, None);
    assert_eq!((events.as_str(), expires(&later)), ("issued", at(50)));
    assert_eq!(later.signing, state.signing);
}

#[test]
fn a_pair_never_outlives_its_ca_and_is_only_replaced_by_a_longer_one() {
    let (state, events) = rotated(&first(), 59, None);
    assert_eq!((events.as_str(), expires(&state)), ("issued", at(89)));
    let (state, events) = rotated(&state, 80, None);
    assert_eq!((events.as_str(), expires(&state)), ("added issued", at(90)));
    for now in 81..90 {
        assert!(rotate(&state, now, None).is_none(), "at {now}");
    }
}

#[test]
fn the_next_ca_is_trusted_first_and_signs_after_the_pause() {
    let old = anchor(first().signing.as_ref());
    let (state, events) = rotated(&first_renewed(), 60, None);
    assert_eq!(events, "added issued");
    let next = anchor(state.next.as_ref());
    assert_eq!(state.anchors().count(), 2);
    assert_ne!(anchor(state.signing.as_ref()), next);
    assert!(rotate(&state, 65, None).is_none(), "no caBundle is known to hold the next CA");
    assert!(rotate(&state, 65, Some(61)).is_none(), "the pause is not over");
    assert!(rotate(&state, 65, Some(70)).is_none(), "the clock was set back");
    let (state, events) = rotated(&state, 66, Some(61));
    assert_eq!((events.as_str(), anchor(state.signing.as_ref())), ("promoted issued", next.clone()));
    assert_eq!(state.others.len(), 1);
    assert_ne!(state.others, [old], "each test state has a CA of its own");
    let (state, events) = rotated(&state, 90, None);
    assert_eq!(events, "expired issued");
    assert_eq!(state.anchors().collect::<Vec<_>>(), [&next]);
}

fn first_renewed() -> CaState {
    rotated(&first(), 40, None).0
}

#[test]
fn an_expired_ca_is_replaced_at_once() {
    let (added, _) = rotated(&first(), 60, None);
    let next = anchor(added.next.as_ref());
    let (state, events) = rotated(&added, 90, None);
    assert_eq!((events.as_str(), anchor(state.signing.as_ref())), ("expired promoted issued", next));
    let (state, events) = rotated(&state, 1000, None);
    assert_eq!(events, "expired created issued");
    assert_eq!(state.anchors().count(), 1);
}

#[test]
fn removed_values_are_issued_again() {
    let whole = first();
    let check = |state: CaState, expected: &str| {
        let (repaired, events) = rotated(&state, 1, None);
        assert_eq!(events, expected);
        assert!(rotate(&repaired, 1, None).is_none(), "{expected}: one change is enough");
        repaired
    };
    let repaired = check(CaState { pair: None, ..whole.clone() }, "issued");
    assert_eq!(repaired.signing, whole.signing);
    let old = anchor(whole.signing.as_ref());
    let keyless = CaState { signing: None, others: vec![old.clone()], ..whole.clone() };
    let repaired = check(keyless, "added");
    assert_eq!((&repaired.others, &repaired.pair), (&vec![old], &whole.pair));
    assert_eq!(rotated(&repaired, 6, Some(1)).1, "promoted issued");
    check(CaState { signing: None, ..whole }, "created issued");
}

#[test]
fn a_pair_for_other_names_is_replaced() {
    let state = first();
    let renamed = RotationPolicy { names: vec!["renamed.ns.svc".into()], ..policy::of_seconds() };
    let rotated = state.rotate(&renamed, at(1), None).unwrap().expect("a change");
    assert_eq!(names(&rotated.events), "issued");
}

const MONTH: u64 = 30 * 24 * 3600;

#[test]
fn a_ca_of_a_replica_whose_clock_is_days_ahead_is_trusted() {
    let (ahead, _) = rotated(&CaState::default(), 6 * 24 * 3600, None);
    assert!(ahead.pair_is_trusted(&policy::of_seconds(), at(6 * 24 * 3600)));
    assert!(ahead.signing.unwrap().anchor.has_begun(at(0)));
}

#[test]
fn a_ca_that_is_not_valid_yet_signs_nothing_and_is_replaced() {
    let (ahead, _) = rotated(&CaState::default(), MONTH, None);
    let unfit = ahead.signing.clone().unwrap().anchor;
    let (repaired, events) = rotated(&ahead, 1, None);
    assert_eq!(events, "created issued");
    assert!(repaired.others.contains(&unfit) && repaired.pair_is_trusted(&policy::of_seconds(), at(1)));
    assert_eq!(rotate(&repaired, 2, None), None, "nothing else changes");
    // Nor does it sign when it is the next CA.
    let (good, _) = rotated(&CaState::default(), 0, None);
    let waiting = CaState { next: ahead.signing, ..good };
    assert_eq!(rotate(&waiting, 10, Some(0)), None);
}
