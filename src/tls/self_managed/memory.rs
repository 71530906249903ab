//! What this process knows of certificates by itself, whatever becomes of the Secret.

use std::sync::Arc;
use std::time::SystemTime;

use super::rotation::{CaState, IssuedPair};
use super::trust::trusted;
use crate::tls::Pair;
use crate::tls::ca::TrustAnchor;

/// What was in the Secret last, and what is being served.
#[derive(Debug, Clone, Default)]
pub(super) struct ReplicaMemory {
    last: CaState,
    served: Option<Served>,
}

#[derive(Debug, Clone)]
struct Served {
    leaf: IssuedPair,
    issuer: TrustAnchor,
}

impl ReplicaMemory {
    /// What was read, completed: a Secret that lost everything gets back what was in it, and the authority of what is
    /// being served here stays trusted, whoever has taken it out.
    pub(super) fn complete(&self, read: &CaState, now: SystemTime) -> CaState {
        let mut state = if *read == CaState::default() { self.last.clone() } else { read.clone() };
        if let Some(served) = self.served.as_ref().filter(|served| served.leaf.pair.expires() > now) {
            state.trust(&served.issuer);
        }
        state
    }

    /// Keeps in mind what is in the Secret now.
    pub(super) fn note(&mut self, state: &CaState) {
        self.last = state.clone();
    }

    /// What is to be served from now on, if that changes. As long as the old pair is good, a pair of another authority
    /// waits until API servers have heard of that authority.
    pub(super) fn adopt(
        &mut self,
        names: &[String],
        relied_on: impl Fn(&TrustAnchor) -> bool,
        now: SystemTime,
    ) -> Option<Arc<Pair>> {
        let leaf = self.last.pair.as_ref()?;
        if self.served.as_ref().is_some_and(|served| served.leaf == *leaf) {
            return None;
        }
        let issuer = self.last.anchors().find(|anchor| trusted([*anchor], leaf.pair.chain(), names, now))?;
        let nothing_to_lose = match &self.served {
            Some(served) => served.leaf.pair.expires() <= now || served.issuer == *issuer,
            None => true,
        };
        if !nothing_to_lose && !relied_on(issuer) {
            return None;
        }
        self.served = Some(Served { leaf: leaf.clone(), issuer: issuer.clone() });
        Some(Arc::clone(&leaf.pair))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tls::ca::Ca;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000 + seconds)
    }

    fn names() -> [String; 1] {
        ["podgraft.ns.svc".to_owned()]
    }

    /// An authority and its pair, which is valid for thirty seconds.
    fn state() -> CaState {
        let signing = Ca::new("a CA", at(0), Duration::from_secs(90)).unwrap();
        let fresh = signing.issue(names().to_vec(), at(0), at(30)).unwrap();
        let pair = IssuedPair::parse(fresh.certificate.as_bytes(), fresh.key.pem().as_bytes());
        CaState { signing: Some(signing), pair, ..CaState::default() }
    }

    fn anchor(state: &CaState) -> TrustAnchor {
        state.signing.as_ref().unwrap().anchor.clone()
    }

    /// Somebody who serves the pair of a state.
    fn serving(state: &CaState) -> ReplicaMemory {
        let mut memory = ReplicaMemory::default();
        memory.note(state);
        assert!(memory.adopt(&names(), |_| false, at(1)).is_some(), "with nothing to lose it is served at once");
        assert!(memory.adopt(&names(), |_| true, at(1)).is_none(), "it is served already");
        memory
    }

    #[test]
    fn a_secret_that_lost_everything_gets_it_back() {
        let state = state();
        assert_eq!(serving(&state).complete(&CaState::default(), at(1)), state);
        assert_eq!(ReplicaMemory::default().complete(&CaState::default(), at(1)), CaState::default());
    }

    #[test]
    fn the_authority_of_what_is_served_stays_trusted_until_that_expires() {
        let (mine, theirs) = (state(), state());
        let memory = serving(&mine);
        assert_eq!(memory.complete(&theirs, at(29)), CaState { others: vec![anchor(&mine)], ..theirs.clone() });
        assert_eq!(memory.complete(&theirs, at(30)), theirs);
        assert_eq!(memory.complete(&mine, at(1)), mine);
    }

    #[test]
    fn a_pair_of_another_authority_waits_until_that_is_trusted_everywhere() {
        let (mine, theirs) = (state(), state());
        let changed = |held: bool, now| {
            let mut memory = serving(&mine);
            memory.note(&memory.complete(&theirs, at(now)));
            memory.adopt(&names(), |issuer| held && *issuer == anchor(&theirs), at(now)).is_some()
        };
        assert!(!changed(false, 2));
        assert!(changed(true, 2));
        let mut late = serving(&mine);
        let signing = theirs.signing.clone().unwrap();
        let fresh = signing.issue(names().to_vec(), at(30), at(60)).unwrap();
        let pair = IssuedPair::parse(fresh.certificate.as_bytes(), fresh.key.pem().as_bytes());
        late.note(&CaState { pair, ..theirs });
        assert!(late.adopt(&names(), |_| false, at(29)).is_none());
        assert!(late.adopt(&names(), |_| false, at(30)).is_some(), "there is nothing to lose any more");
    }

    #[test]
    fn a_new_pair_of_the_same_authority_is_served_at_once() {
        let mine = state();
        let mut memory = serving(&mine);
        let fresh = mine.signing.as_ref().unwrap().issue(names().to_vec(), at(20), at(50)).unwrap();
        let pair = IssuedPair::parse(fresh.certificate.as_bytes(), fresh.key.pem().as_bytes());
        memory.note(&CaState { pair, ..mine });
        assert_eq!(memory.adopt(&names(), |_| false, at(20)).map(|pair| pair.expires()), Some(at(50)));
    }

    #[test]
    fn what_nobody_trusts_is_not_served() {
        let mut memory = ReplicaMemory::default();
        memory.note(&CaState { signing: None, ..state() });
        assert!(memory.adopt(&names(), |_| true, at(1)).is_none());
    }
}
