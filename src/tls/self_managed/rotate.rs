//! When certificates and CAs are issued: the step from one state to the next. It has no I/O; the time is an argument.
//!
//! ```text
//! no CA and no pair                             -> a CA that signs, and a pair
//! a third of the pair's lifetime is left        -> a new pair
//! a third of the signing CA's lifetime is left  -> the next CA: trusted beside the old one, signs nothing yet
//! the next CA is in every caBundle for ca_pause -> the next CA signs, with a new pair; the old one is trusted until it
//!                                                  expires
//! ```
//!
//! Whatever is missing, unreadable or expired is replaced by the same rules. Deleting a key of the Secret is therefore
//! how a user has it issued again.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use rcgen::Error;

use super::policy::RotationPolicy;
use super::state::{CaState, IssuedPair};
use crate::tls::ca::{BACKDATED, Ca, TrustAnchor};

/// The next state, and how it differs from the one before.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rotated {
    pub(super) state: CaState,
    pub(super) events: Vec<Event>,
}

/// A change of the state, for log and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// There was no CA, and no pair in use that one could have issued.
    CaCreated(TrustAnchor),
    /// The next CA was created; API servers are to trust it.
    NextCaAdded(TrustAnchor),
    /// The next CA has become the signing CA.
    CaPromoted(TrustAnchor),
    /// A CA has expired and is no longer trusted.
    CaExpired(TrustAnchor),
    /// A pair was issued, which is valid until then.
    PairIssued(SystemTime),
}

impl CaState {
    /// The state that follows from this one; `None` where nothing is to be changed.
    ///
    /// `held_since` is the time since when every `caBundle` is known to hold the next CA.
    ///
    /// # Errors
    /// Nothing can be issued: there is no randomness, or a name is not valid in a certificate.
    pub(super) fn rotate(
        &self,
        policy: &RotationPolicy,
        now: SystemTime,
        held_since: Option<SystemTime>,
    ) -> Result<Option<Rotated>, Error> {
        let mut rotation = Rotation { state: self.clone(), events: Vec::new(), policy, now };
        rotation.run(held_since)?;
        let Rotation { state, events, .. } = rotation;
        Ok((state != *self).then_some(Rotated { state, events }))
    }
}

struct Rotation<'a> {
    state: CaState,
    events: Vec<Event>,
    policy: &'a RotationPolicy,
    now: SystemTime,
}

impl Rotation<'_> {
    fn run(&mut self, held_since: Option<SystemTime>) -> Result<(), Error> {
        self.drop_expired();
        if !self.state.pair_is_trusted(self.policy, self.now) {
            self.state.pair = None;
        }
        if self.state.pair.is_none() && !self.has_begun(self.state.signing.as_ref()) {
            self.start_over()?;
        }
        if held_since.is_some_and(|since| self.policy.pause_is_over(since, self.now)) {
            self.promote_next();
        }
        if self.state.next.is_none()
            && self.state.signing.as_ref().is_none_or(|ca| is_anchor_late(&ca.anchor, self.now))
        {
            let next = self.new_ca()?;
            self.events.push(Event::NextCaAdded(next.anchor.clone()));
            self.state.next = Some(next);
        }
        self.issue_pair()
    }

    fn drop_expired(&mut self) {
        let (state, now) = (&mut self.state, self.now);
        let mut expired: Vec<TrustAnchor> = state.others.extract_if(.., |anchor| anchor.expires() <= now).collect();
        for ca in [&mut state.signing, &mut state.next] {
            expired.extend(ca.take_if(|ca| ca.anchor.expires() <= now).map(|ca| ca.anchor));
        }
        self.events.extend(expired.into_iter().map(Event::CaExpired));
    }

    /// Has a CA sign at once. No pair is in use, so there is no client to wait for.
    fn start_over(&mut self) -> Result<(), Error> {
        if !self.promote_next() {
            let first = self.new_ca()?;
            self.events.push(Event::CaCreated(first.anchor.clone()));
            self.replace_signing(first);
        }
        Ok(())
    }

    /// Makes the next CA the signing one, where there is a next CA and it is valid already. The pair is dropped, so that
    /// the new CA issues one.
    fn promote_next(&mut self) -> bool {
        if !self.has_begun(self.state.next.as_ref()) {
            return false;
        }
        if let Some(next) = self.state.next.take() {
            self.events.push(Event::CaPromoted(next.anchor.clone()));
            self.replace_signing(next);
            self.state.pair = None;
        }
        true
    }

    fn replace_signing(&mut self, ca: Ca) {
        self.state.others.extend(self.state.signing.replace(ca).map(|old| old.anchor));
        self.state.others.sort();
    }

    /// Issues a pair where there is none, or where the present one is late and a new one is valid for longer.
    fn issue_pair(&mut self) -> Result<(), Error> {
        let Some(signing) = &self.state.signing else { return Ok(()) };
        let expires = signing.anchor.expires().min(self.now + self.policy.pair_lifetime);
        let stays = |issued: &IssuedPair| !is_pair_late(issued, self.now) || issued.pair.expires() >= expires;
        if !self.state.pair.as_ref().is_some_and(stays) {
            let text = signing.issue(self.policy.names.clone(), self.now, expires)?;
            let issued = IssuedPair::parse(text.certificate.as_bytes(), text.key.pem().as_bytes());
            let issued = issued.ok_or(Error::CouldNotParseCertificate)?;
            self.events.push(Event::PairIssued(issued.pair.expires()));
            self.state.pair = Some(issued);
        }
        Ok(())
    }

    /// The common name holds the time, so that people and verifiers can distinguish CAs.
    fn new_ca(&self) -> Result<Ca, Error> {
        let seconds = self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        Ca::new(&format!("podgraft CA {seconds}"), self.now, self.policy.ca_lifetime)
    }

    fn has_begun(&self, ca: Option<&Ca>) -> bool {
        ca.is_some_and(|ca| ca.anchor.has_begun(self.now))
    }
}

fn is_pair_late(issued: &IssuedPair, now: SystemTime) -> bool {
    is_late(issued.pair.begins() + BACKDATED, issued.pair.expires(), now)
}

fn is_anchor_late(anchor: &TrustAnchor, now: SystemTime) -> bool {
    is_late(anchor.issued(), anchor.expires(), now)
}

/// Whether at most a third of a lifetime is left.
fn is_late(issued: SystemTime, expires: SystemTime, now: SystemTime) -> bool {
    let lifetime: Duration = expires.duration_since(issued).unwrap_or_default();
    now + lifetime / 3 >= expires
}
