//! What a replica knows without the Secret: its last content, and the pair that is being served.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::watch;

use super::state::{CaState, IssuedPair};
use crate::tls::ca::TrustAnchor;
use crate::tls::pair::Pair;
use crate::tls::trust::is_trusted;
use crate::webhook::{Configuration, Registrations};

/// What a replica knows, kept outside of the task that rotates. A task that starts after a panic goes on with the pair that
/// is being served, and still knows which CA API servers have to trust for it.
#[derive(Debug, Clone, Default)]
pub struct SharedMemory {
    replica: Arc<Mutex<ReplicaMemory>>,
    registrations: watch::Sender<Registrations>,
}

/// The last content of the Secret, and the pair that is being served.
#[derive(Debug, Clone, Default)]
pub(super) struct ReplicaMemory {
    last: CaState,
    served: Option<Served>,
}

#[derive(Debug, Clone)]
struct Served {
    issued: IssuedPair,
    issuer: TrustAnchor,
}

impl SharedMemory {
    /// An empty memory. Which webhook configurations exist is reported to `registrations`.
    #[must_use]
    pub fn new(registrations: watch::Sender<Registrations>) -> Self {
        SharedMemory { replica: Arc::default(), registrations }
    }

    /// Reports whether a webhook configuration exists.
    pub(super) fn record_registration(&self, configuration: Configuration, exists: bool) {
        self.registrations.send_if_modified(|registrations| registrations.record(configuration, exists));
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, ReplicaMemory> {
        // Each change is one assignment, so a panic cannot have left a half-made one.
        self.replica.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplicaMemory {
    /// Adds what must not be missing from a state that was read: a Secret that is empty gets its last content back, and
    /// the issuer of the pair that is served here stays trusted, even if someone removed it.
    pub(super) fn complete(&self, read: &CaState, now: SystemTime) -> CaState {
        let mut state = if *read == CaState::default() { self.last.clone() } else { read.clone() };
        if let Some(served) = self.served.as_ref().filter(|served| served.issued.pair.expires() > now) {
            state.trust(&served.issuer);
        }
        state
    }

    /// Remembers the present content of the Secret.
    pub(super) fn remember(&mut self, state: &CaState) {
        self.last = state.clone();
    }

    pub(super) fn is_serving(&self) -> bool {
        self.served.is_some()
    }

    /// The pair to serve from now on; `None` where the served one stays. While the served pair is valid, a pair of another
    /// CA waits until API servers can be relied on to trust that CA.
    pub(super) fn adopt(
        &mut self,
        names: &[String],
        is_relied_on: impl Fn(&TrustAnchor) -> bool,
        now: SystemTime,
    ) -> Option<Arc<Pair>> {
        let latest = self.last.pair.as_ref()?;
        if self.served.as_ref().is_some_and(|served| served.issued == *latest) {
            return None;
        }
        let issuer = self.last.anchors().find(|anchor| is_trusted([*anchor], latest.pair.chain(), names, now))?;
        let nothing_to_lose =
            self.served.as_ref().is_none_or(|served| served.issued.pair.expires() <= now || served.issuer == *issuer);
        if !nothing_to_lose && !is_relied_on(issuer) {
            return None;
        }
        self.served = Some(Served { issued: latest.clone(), issuer: issuer.clone() });
        Some(Arc::clone(&latest.pair))
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

    /// A CA and a pair of it, which is valid for thirty seconds.
    fn state() -> CaState {
        let signing = Ca::new("a CA", at(0), Duration::from_secs(90)).unwrap();
        let text = signing.issue(names().to_vec(), at(0), at(30)).unwrap();
        let pair = IssuedPair::parse(text.certificate.as_bytes(), text.key.pem().as_bytes());
        CaState { signing: Some(signing), pair, ..CaState::default() }
    }

    fn anchor(state: &CaState) -> TrustAnchor {
        state.signing.as_ref().unwrap().anchor.clone()
    }

    /// The memory of a replica that serves the pair of a state.
    fn serving(state: &CaState) -> ReplicaMemory {
        let mut memory = ReplicaMemory::default();
        memory.remember(state);
        assert!(
            memory.adopt(&names(), |_| false, at(1)).is_some(),
            "without a pair in use, a new one is served at once"
        );
        assert!(memory.adopt(&names(), |_| true, at(1)).is_none(), "it is served already");
        memory
    }

    #[test]
    fn an_empty_secret_gets_its_last_content_back() {
        let state = state();
        assert_eq!(serving(&state).complete(&CaState::default(), at(1)), state);
        assert_eq!(ReplicaMemory::default().complete(&CaState::default(), at(1)), CaState::default());
    }

    #[test]
    fn the_issuer_of_the_served_pair_stays_trusted_until_the_pair_expires() {
        let (mine, theirs) = (state(), state());
        let memory = serving(&mine);
        assert_eq!(memory.complete(&theirs, at(29)), CaState { others: vec![anchor(&mine)], ..theirs.clone() });
        assert_eq!(memory.complete(&theirs, at(30)), theirs);
        assert_eq!(memory.complete(&mine, at(1)), mine);
    }

    #[test]
    fn a_pair_of_another_ca_is_served_once_that_ca_is_trusted_everywhere() {
        let (mine, theirs) = (state(), state());
        let is_adopted = |held: bool, now| {
            let mut memory = serving(&mine);
            memory.remember(&memory.complete(&theirs, at(now)));
            memory.adopt(&names(), |issuer| held && *issuer == anchor(&theirs), at(now)).is_some()
        };
        assert!(!is_adopted(false, 2));
        assert!(is_adopted(true, 2));
        let mut late = serving(&mine);
        let signing = theirs.signing.clone().unwrap();
        let text = signing.issue(names().to_vec(), at(30), at(60)).unwrap();
        let pair = IssuedPair::parse(text.certificate.as_bytes(), text.key.pem().as_bytes());
        late.remember(&CaState { pair, ..theirs });
        assert!(late.adopt(&names(), |_| false, at(29)).is_none());
        assert!(late.adopt(&names(), |_| false, at(30)).is_some(), "the served pair has expired");
    }

    #[test]
    fn a_new_pair_of_the_same_ca_is_served_at_once() {
        let mine = state();
        let mut memory = serving(&mine);
        let text = mine.signing.as_ref().unwrap().issue(names().to_vec(), at(20), at(50)).unwrap();
        let pair = IssuedPair::parse(text.certificate.as_bytes(), text.key.pem().as_bytes());
        memory.remember(&CaState { pair, ..mine });
        assert_eq!(memory.adopt(&names(), |_| false, at(20)).map(|pair| pair.expires()), Some(at(50)));
    }

    #[test]
    fn a_pair_without_a_trusted_issuer_is_not_served() {
        let mut memory = ReplicaMemory::default();
        memory.remember(&CaState { signing: None, ..state() });
        assert!(memory.adopt(&names(), |_| true, at(1)).is_none());
    }
}
