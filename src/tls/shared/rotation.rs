//! When what is issued and by whom: a state, and the step from one to the next. Nothing is read or written here, and
//! the time is told.
//!
//! ```text
//! nothing          -> an authority that signs, and a pair
//! pair at 2/3      -> a new pair
//! authority at 2/3 -> the next authority, trusted together with the old one, signing nothing yet
//! .. trusted everywhere for `pause` -> the next one signs, with a new pair; the old one is trusted until it expires
//! ```
//!
//! What is missing, unreadable or expired is mended by the same rules, so taking something out of the state is how to
//! have it made anew.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::Error;

use super::trust::trusted;
use crate::tls::Pair;
use crate::tls::authority::{Anchor, Authority, BACKDATED, Key};

/// What is to be issued.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    /// The names of the Service.
    pub(super) names: Vec<String>,
    /// How long a pair is valid.
    pub(super) pair: Duration,
    /// How long an authority is valid.
    pub(super) authority: Duration,
    /// How long an authority is trusted everywhere before it signs.
    pub(super) pause: Duration,
}

/// All that replicas share.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct State {
    /// The authority that issues pairs.
    pub(super) signing: Option<Authority>,
    /// The one that will.
    pub(super) next: Option<Authority>,
    /// Those that once did.
    pub(super) others: Vec<Anchor>,
    /// What is served.
    pub(super) pair: Option<Leaf>,
}

/// A pair with its text.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) certificate: Arc<str>,
    pub(super) key: Key,
    pub(super) pair: Arc<Pair>,
}

/// What a step did, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Did {
    /// There was no authority, and nothing that it could have issued is in use.
    Founded(Anchor),
    /// The next authority is there, and is to be trusted.
    Announced(Anchor),
    /// It signs from now on.
    Promoted(Anchor),
    /// An authority has expired.
    Forgot(Anchor),
    /// A new pair, until then.
    Issued(SystemTime),
}

impl State {
    /// The next state, and how it came about; nothing where all is as it should be.
    ///
    /// `held_since`: since when each `caBundle` is known to hold the next authority.
    ///
    /// # Errors
    /// Where nothing can be issued: for want of randomness, or for a name that cannot stand in a certificate.
    pub(super) fn step(
        &self,
        terms: &Terms,
        now: SystemTime,
        held_since: Option<SystemTime>,
    ) -> Result<Option<(State, Vec<Did>)>, Error> {
        let mut state = self.clone();
        let mut did = Vec::new();
        state.forget(now, &mut did);
        if !state.pair_fits(terms, now) {
            state.pair = None;
        }
        if state.signing.is_none() && state.pair.is_none() {
            state.begin(terms, now, &mut did)?;
        }
        let rested = held_since.and_then(|since| now.duration_since(since).ok()).is_some_and(|r| r >= terms.pause);
        if rested && let Some(next) = state.next.take() {
            state.promote(next, &mut did);
        }
        if state.next.is_none() && state.signing.as_ref().is_none_or(|a| a.anchor.is_late(now)) {
            let next = new_authority(terms, now)?;
            did.push(Did::Announced(next.anchor.clone()));
            state.next = Some(next);
        }
        state.issue(terms, now, &mut did)?;
        Ok((state != *self).then_some((state, did)))
    }

    /// All that is to be trusted.
    pub(super) fn anchors(&self) -> impl Iterator<Item = &Anchor> {
        let authorities = self.signing.iter().chain(&self.next).map(|authority| &authority.anchor);
        authorities.chain(&self.others)
    }

    /// Trusts one more, unless it is trusted already.
    pub(super) fn trust(&mut self, anchor: &Anchor) {
        if self.anchors().all(|known| known != anchor) {
            self.others.push(anchor.clone());
            self.others.sort();
        }
    }

    fn forget(&mut self, now: SystemTime, did: &mut Vec<Did>) {
        let mut expired: Vec<Anchor> = self.others.extract_if(.., |anchor| anchor.expires() <= now).collect();
        for authority in [&mut self.signing, &mut self.next] {
            expired.extend(authority.take_if(|a| a.anchor.expires() <= now).map(|a| a.anchor));
        }
        did.extend(expired.into_iter().map(Did::Forgot));
    }

    fn pair_fits(&self, terms: &Terms, now: SystemTime) -> bool {
        self.pair.as_ref().is_some_and(|leaf| trusted(self.anchors(), leaf.pair.chain(), &terms.names, now))
    }

    /// With nothing in use there is nothing to wait for.
    fn begin(&mut self, terms: &Terms, now: SystemTime, did: &mut Vec<Did>) -> Result<(), Error> {
        if let Some(next) = self.next.take() {
            self.promote(next, did);
        } else {
            let first = new_authority(terms, now)?;
            did.push(Did::Founded(first.anchor.clone()));
            self.signing = Some(first);
        }
        Ok(())
    }

    fn promote(&mut self, next: Authority, did: &mut Vec<Did>) {
        did.push(Did::Promoted(next.anchor.clone()));
        self.others.extend(self.signing.replace(next).map(|old| old.anchor));
        self.others.sort();
        self.pair = None;
    }

    /// A new pair where there is none, or where it is late and a new one would last longer.
    fn issue(&mut self, terms: &Terms, now: SystemTime, did: &mut Vec<Did>) -> Result<(), Error> {
        let Some(signing) = &self.signing else { return Ok(()) };
        let ends = signing.anchor.expires().min(now + terms.pair);
        let stays = self.pair.as_ref().is_some_and(|leaf| !leaf.is_late(now) || leaf.pair.expires() >= ends);
        if !stays {
            let fresh = signing.issue(terms.names.clone(), now, ends)?;
            let leaf = Leaf::parse(fresh.certificate.as_bytes(), fresh.key.pem().as_bytes());
            let leaf = leaf.ok_or(Error::CouldNotParseCertificate)?;
            did.push(Did::Issued(leaf.pair.expires()));
            self.pair = Some(leaf);
        }
        Ok(())
    }
}

impl Leaf {
    /// Reads a pair; nothing where it is none.
    pub(super) fn parse(certificate: &[u8], key: &[u8]) -> Option<Self> {
        let pair = Arc::new(Pair::parse(certificate, key).ok()?);
        let (certificate, key) = (std::str::from_utf8(certificate).ok()?, std::str::from_utf8(key).ok()?);
        Some(Leaf { certificate: certificate.into(), key: Key::new(key), pair })
    }

    fn is_late(&self, now: SystemTime) -> bool {
        is_late(self.pair.begins() + BACKDATED, self.pair.expires(), now)
    }
}

impl PartialEq for Leaf {
    fn eq(&self, other: &Self) -> bool {
        self.certificate == other.certificate && self.key == other.key
    }
}

impl Anchor {
    fn is_late(&self, now: SystemTime) -> bool {
        is_late(self.issued(), self.expires(), now)
    }
}

/// Whether at most a third of a life is left.
fn is_late(issued: SystemTime, expires: SystemTime, now: SystemTime) -> bool {
    let life = expires.duration_since(issued).unwrap_or_default();
    now + life / 3 >= expires
}

/// Each has a name of its own, so that people and verifiers can tell them apart.
fn new_authority(terms: &Terms, now: SystemTime) -> Result<Authority, Error> {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    Authority::new(&format!("podgraft CA {seconds}"), now, terms.authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn at(seconds: u64) -> SystemTime {
        START + Duration::from_secs(1_900_000_000 + seconds)
    }

    /// A pair lives 30 s, an authority 90 s, and it is trusted for 5 s before it signs.
    fn terms() -> Terms {
        let seconds = Duration::from_secs;
        Terms { names: vec!["podgraft.ns.svc".into()], pair: seconds(30), authority: seconds(90), pause: seconds(5) }
    }

    fn step(state: &State, now: u64, held_since: Option<u64>) -> Option<(State, Vec<Did>)> {
        state.step(&terms(), at(now), held_since.map(at)).unwrap()
    }

    fn stepped(state: &State, now: u64, held_since: Option<u64>) -> (State, String) {
        let (state, did) = step(state, now, held_since).unwrap_or_else(|| panic!("no step at {now}"));
        (state, words(&did))
    }

    fn words(did: &[Did]) -> String {
        let word = |did: &Did| match did {
            Did::Founded(_) => "founded",
            Did::Announced(_) => "announced",
            Did::Promoted(_) => "promoted",
            Did::Forgot(_) => "forgot",
            Did::Issued(_) => "issued",
        };
        did.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    fn first() -> State {
        stepped(&State::default(), 0, None).0
    }

    fn anchor(authority: Option<&Authority>) -> Anchor {
        authority.expect("an authority").anchor.clone()
    }

    fn expires(state: &State) -> SystemTime {
        state.pair.as_ref().expect("a pair").pair.expires()
    }

    #[test]
    fn out_of_nothing_comes_an_authority_with_a_pair_both_backdated() {
        let (state, did) = stepped(&State::default(), 0, None);
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

    fn first_renewed() -> State {
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
        let check = |state: State, expected: &str| {
            let (mended, did) = stepped(&state, 1, None);
            assert_eq!(did, expected);
            assert!(step(&mended, 1, None).is_none(), "{expected}: one step is enough");
            mended
        };
        let mended = check(State { pair: None, ..whole.clone() }, "issued");
        assert_eq!(mended.signing, whole.signing);
        let old = anchor(whole.signing.as_ref());
        let keyless = State { signing: None, others: vec![old.clone()], ..whole.clone() };
        let mended = check(keyless, "announced");
        assert_eq!((&mended.others, &mended.pair), (&vec![old], &whole.pair));
        assert_eq!(stepped(&mended, 6, Some(1)).1, "promoted issued");
        check(State { signing: None, ..whole }, "founded issued");
    }

    #[test]
    fn a_pair_for_other_names_is_replaced() {
        let state = first();
        let renamed = Terms { names: vec!["renamed.ns.svc".into()], ..terms() };
        let (_, did) = state.step(&renamed, at(1), None).unwrap().expect("a step");
        assert_eq!(words(&did), "issued");
    }
}
