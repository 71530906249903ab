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

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::Error;

use super::trust::trusted;
use crate::tls::Pair;
use crate::tls::ca::{BACKDATED, Ca, CaKey, TrustAnchor};

/// What is to be issued.
#[derive(Debug, Clone)]
pub(super) struct RotationPolicy {
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
pub(super) struct CaState {
    /// The authority that issues pairs.
    pub(super) signing: Option<Ca>,
    /// The one that will.
    pub(super) next: Option<Ca>,
    /// Those that once did.
    pub(super) others: Vec<TrustAnchor>,
    /// What is served.
    pub(super) pair: Option<IssuedPair>,
}

/// A pair with its text.
#[derive(Debug, Clone)]
pub(super) struct IssuedPair {
    pub(super) certificate: Arc<str>,
    pub(super) key: CaKey,
    pub(super) pair: Arc<Pair>,
}

/// What a step did, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// There was no authority, and nothing that it could have issued is in use.
    CaCreated(TrustAnchor),
    /// The next authority is there, and is to be trusted.
    NextCaAdded(TrustAnchor),
    /// It signs from now on.
    CaPromoted(TrustAnchor),
    /// An authority has expired.
    CaExpired(TrustAnchor),
    /// A new pair, until then.
    Issued(SystemTime),
}

impl CaState {
    /// The next state, and how it came about; nothing where all is as it should be.
    ///
    /// `held_since`: since when each `caBundle` is known to hold the next authority.
    ///
    /// # Errors
    /// Where nothing can be issued: for want of randomness, or for a name that cannot stand in a certificate.
    pub(super) fn rotate(
        &self,
        terms: &RotationPolicy,
        now: SystemTime,
        held_since: Option<SystemTime>,
    ) -> Result<Option<(CaState, Vec<Event>)>, Error> {
        let mut state = self.clone();
        let mut did = Vec::new();
        state.forget(now, &mut did);
        if !state.pair_fits(terms, now) {
            state.pair = None;
        }
        if state.signing.as_ref().is_none_or(|a| !a.anchor.has_begun(now)) && state.pair.is_none() {
            state.begin(terms, now, &mut did)?;
        }
        let rested = held_since.and_then(|since| now.duration_since(since).ok()).is_some_and(|r| r >= terms.pause);
        if rested && let Some(next) = state.next.take_if(|next| next.anchor.has_begun(now)) {
            state.promote(next, &mut did);
        }
        if state.next.is_none() && state.signing.as_ref().is_none_or(|a| a.anchor.is_late(now)) {
            let next = new_authority(terms, now)?;
            did.push(Event::NextCaAdded(next.anchor.clone()));
            state.next = Some(next);
        }
        state.issue(terms, now, &mut did)?;
        Ok((state != *self).then_some((state, did)))
    }

    /// All that is to be trusted.
    pub(super) fn anchors(&self) -> impl Iterator<Item = &TrustAnchor> {
        let authorities = self.signing.iter().chain(&self.next).map(|authority| &authority.anchor);
        authorities.chain(&self.others)
    }

    /// Trusts one more, unless it is trusted already.
    pub(super) fn trust(&mut self, anchor: &TrustAnchor) {
        if self.anchors().all(|known| known != anchor) {
            self.others.push(anchor.clone());
            self.others.sort();
        }
    }

    fn forget(&mut self, now: SystemTime, did: &mut Vec<Event>) {
        let mut expired: Vec<TrustAnchor> = self.others.extract_if(.., |anchor| anchor.expires() <= now).collect();
        for authority in [&mut self.signing, &mut self.next] {
            expired.extend(authority.take_if(|a| a.anchor.expires() <= now).map(|a| a.anchor));
        }
        did.extend(expired.into_iter().map(Event::CaExpired));
    }

    fn pair_fits(&self, terms: &RotationPolicy, now: SystemTime) -> bool {
        self.pair.as_ref().is_some_and(|leaf| trusted(self.anchors(), leaf.pair.chain(), &terms.names, now))
    }

    /// With nothing in use there is nothing to wait for.
    fn begin(&mut self, terms: &RotationPolicy, now: SystemTime, did: &mut Vec<Event>) -> Result<(), Error> {
        if let Some(next) = self.next.take_if(|next| next.anchor.has_begun(now)) {
            self.promote(next, did);
        } else {
            let first = new_authority(terms, now)?;
            did.push(Event::CaCreated(first.anchor.clone()));
            self.others.extend(self.signing.replace(first).map(|unfit| unfit.anchor));
            self.others.sort();
        }
        Ok(())
    }

    fn promote(&mut self, next: Ca, did: &mut Vec<Event>) {
        did.push(Event::CaPromoted(next.anchor.clone()));
        self.others.extend(self.signing.replace(next).map(|old| old.anchor));
        self.others.sort();
        self.pair = None;
    }

    /// A new pair where there is none, or where it is late and a new one would last longer.
    fn issue(&mut self, terms: &RotationPolicy, now: SystemTime, did: &mut Vec<Event>) -> Result<(), Error> {
        let Some(signing) = &self.signing else { return Ok(()) };
        let ends = signing.anchor.expires().min(now + terms.pair);
        let stays = self.pair.as_ref().is_some_and(|leaf| !leaf.is_late(now) || leaf.pair.expires() >= ends);
        if !stays {
            let fresh = signing.issue(terms.names.clone(), now, ends)?;
            let leaf = IssuedPair::parse(fresh.certificate.as_bytes(), fresh.key.pem().as_bytes());
            let leaf = leaf.ok_or(Error::CouldNotParseCertificate)?;
            did.push(Event::Issued(leaf.pair.expires()));
            self.pair = Some(leaf);
        }
        Ok(())
    }
}

impl IssuedPair {
    /// Reads a pair; nothing where it is none.
    pub(super) fn parse(certificate: &[u8], key: &[u8]) -> Option<Self> {
        let pair = Arc::new(Pair::parse(certificate, key).ok()?);
        let (certificate, key) = (std::str::from_utf8(certificate).ok()?, std::str::from_utf8(key).ok()?);
        Some(IssuedPair { certificate: certificate.into(), key: CaKey::new(key), pair })
    }

    fn is_late(&self, now: SystemTime) -> bool {
        is_late(self.pair.begins() + BACKDATED, self.pair.expires(), now)
    }
}

impl PartialEq for IssuedPair {
    fn eq(&self, other: &Self) -> bool {
        self.certificate == other.certificate && self.key == other.key
    }
}

impl TrustAnchor {
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
fn new_authority(terms: &RotationPolicy, now: SystemTime) -> Result<Ca, Error> {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    Ca::new(&format!("podgraft CA {seconds}"), now, terms.authority)
}
