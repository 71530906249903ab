//! The steps, one by one.

use super::*;

const START: SystemTime = SystemTime::UNIX_EPOCH;

fn at(seconds: u64) -> SystemTime {
    START + Duration::from_secs(1_900_000_000 + seconds)
}

/// A pair lives 30 s, an authority 90 s, and it is trusted for 5 s before it signs.
fn terms() -> RotationPolicy {
    let seconds = Duration::from_secs;
    RotationPolicy {
        names: vec!["podgraft.ns.svc".into()],
        pair: seconds(30),
        authority: seconds(90),
        pause: seconds(5),
    }
}

fn step(state: &CaState, now: u64, held_since: Option<u64>) -> Option<(CaState, Vec<Event>)> {
    state.rotate(&terms(), at(now), held_since.map(at)).unwrap()
}

fn stepped(state: &CaState, now: u64, held_since: Option<u64>) -> (CaState, String) {
    let (state, did) = step(state, now, held_since).unwrap_or_else(|| panic!("no step at {now}"));
    (state, words(&did))
}

fn words(did: &[Event]) -> String {
    let word = |did: &Event| match did {
        Event::CaCreated(_) => "founded",
        Event::NextCaAdded(_) => "announced",
        Event::CaPromoted(_) => "promoted",
        Event::CaExpired(_) => "forgot",
        Event::Issued(_) => "issued",
    };
    did.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn first() -> CaState {
    stepped(&CaState::default(), 0, None).0
}

fn anchor(authority: Option<&Ca>) -> TrustAnchor {
    authority.expect("an authority").anchor.clone()
}

fn expires(state: &CaState) -> SystemTime {
    state.pair.as_ref().expect("a pair").pair.expires()
}

#[test]
fn out_of_nothing_comes_an_authority_with_a_pair_both_backdated() {
    let (state, did) = stepped(&CaState::default(), 0, None);
    assert_eq!(did, "founded issued");
    let pair = &state.pair.as_ref().unwrap().pair;
    assert_eq!((pair.begins(), pair.expires()), (at(0) - BACKDATED, at(30)));
    let ca = anchor(state.signing.as_ref());
    assert_eq!((ca.issued(), ca.expires()), (at(0), at(90)));
    assert!(state.next.is_none() && state.others.is_empty());
}

#[test]
fn a_pair_is_replaced_when_a_third_of_its_life_is_left() {
    let state = first();
    for now in [0, 10, 19] {
        assert!(step(&state, now, None).is_none(), "at {now}");
    }
    let (later, did) = stepped(&state, 20, None);
    assert_eq!((did.as_str(), expires(&later)), ("issued", at(50)));
    assert_eq!(later.signing, state.signing);
}

#[test]
fn a_pair_never_outlives_its_authority_and_is_not_replaced_for_nothing() {
    let (state, did) = stepped(&first(), 59, None);
    assert_eq!((did.as_str(), expires(&state)), ("issued", at(89)));
    let (state, did) = stepped(&state, 80, None);
    assert_eq!((did.as_str(), expires(&state)), ("announced issued", at(90)));
    for now in 81..90 {
        assert!(step(&state, now, None).is_none(), "at {now}");
    }
}

#[test]
fn the_next_authority_is_trusted_first_and_signs_after_the_pause() {
    let old = anchor(first().signing.as_ref());
    let (state, did) = stepped(&first_renewed(), 60, None);
    assert_eq!(did, "announced issued");
    let next = anchor(state.next.as_ref());
    assert_eq!(state.anchors().count(), 2);
    assert_ne!(anchor(state.signing.as_ref()), next);
    assert!(step(&state, 65, None).is_none(), "no caBundle is known to hold it");
    assert!(step(&state, 65, Some(61)).is_none(), "it has not been there for long enough");
    assert!(step(&state, 65, Some(70)).is_none(), "the clock was set back");
    let (state, did) = stepped(&state, 66, Some(61));
    assert_eq!((did.as_str(), anchor(state.signing.as_ref())), ("promoted issued", next.clone()));
    assert_eq!(state.others.len(), 1);
    assert_ne!(state.others, [old], "each test state has an authority of its own");
    let (state, did) = stepped(&state, 90, None);
    assert_eq!(did, "forgot issued");
    assert_eq!(state.anchors().collect::<Vec<_>>(), [&next]);
}

fn first_renewed() -> CaState {
    stepped(&first(), 40, None).0
}

#[test]
fn an_authority_that_expired_is_succeeded_at_once() {
    let (announced, _) = stepped(&first(), 60, None);
    let next = anchor(announced.next.as_ref());
    let (state, did) = stepped(&announced, 90, None);
    assert_eq!((did.as_str(), anchor(state.signing.as_ref())), ("forgot promoted issued", next));
    let (state, did) = stepped(&state, 1000, None);
    assert_eq!(did, "forgot founded issued");
    assert_eq!(state.anchors().count(), 1);
}

#[test]
fn what_is_taken_out_is_made_anew() {
    let whole = first();
    let check = |state: CaState, expected: &str| {
        let (mended, did) = stepped(&state, 1, None);
        assert_eq!(did, expected);
        assert!(step(&mended, 1, None).is_none(), "{expected}: one step is enough");
        mended
    };
    let mended = check(CaState { pair: None, ..whole.clone() }, "issued");
    assert_eq!(mended.signing, whole.signing);
    let old = anchor(whole.signing.as_ref());
    let keyless = CaState { signing: None, others: vec![old.clone()], ..whole.clone() };
    let mended = check(keyless, "announced");
    assert_eq!((&mended.others, &mended.pair), (&vec![old], &whole.pair));
    assert_eq!(stepped(&mended, 6, Some(1)).1, "promoted issued");
    check(CaState { signing: None, ..whole }, "founded issued");
}

#[test]
fn a_pair_for_other_names_is_replaced() {
    let state = first();
    let renamed = RotationPolicy { names: vec!["renamed.ns.svc".into()], ..terms() };
    let (_, did) = state.rotate(&renamed, at(1), None).unwrap().expect("a step");
    assert_eq!(words(&did), "issued");
}

const MONTH: u64 = 30 * 24 * 3600;

#[test]
fn who_is_ahead_by_days_makes_authorities_that_everybody_trusts() {
    let (ahead, _) = stepped(&CaState::default(), 6 * 24 * 3600, None);
    assert!(ahead.pair_fits(&terms(), at(6 * 24 * 3600)));
    assert!(ahead.signing.unwrap().anchor.has_begun(at(0)));
}

#[test]
fn an_authority_that_has_not_begun_signs_nothing_and_another_takes_its_place() {
    let (ahead, _) = stepped(&CaState::default(), MONTH, None);
    let unfit = ahead.signing.clone().unwrap().anchor;
    let (mended, did) = stepped(&ahead, 1, None);
    assert_eq!(did, "founded issued");
    assert!(mended.others.contains(&unfit) && mended.pair_fits(&terms(), at(1)));
    assert_eq!(step(&mended, 2, None), None, "and that is that");
    // Nor does it come to sign as the next one.
    let (good, _) = stepped(&CaState::default(), 0, None);
    let waiting = CaState { next: ahead.signing, ..good };
    assert_eq!(step(&waiting, 10, Some(0)), None);
}
