//! What this process knows of certificates by itself, whatever becomes of the Secret.

use std::sync::Arc;
use std::time::SystemTime;

use super::rotation::{Leaf, State};
use super::trust::trusted;
use crate::tls::Pair;
use crate::tls::authority::Anchor;

/// What was in the Secret last, and what is being served.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    last: State,
    served: Option<Served>,
}

#[derive(Debug, Clone)]
struct Served {
    leaf: Leaf,
    issuer: Anchor,
}

impl Memory {
    /// What was read, completed: a Secret that lost everything gets back what was in it, and the authority of what is
    /// being served here stays trusted, whoever has taken it out.
    pub(super) fn complete(&self, read: &State, now: SystemTime) -> State {
        let mut state = if *read == State::default() { self.last.clone() } else { read.clone() };
        if let Some(served) = self.served.as_ref().filter(|served| served.leaf.pair.expires() > now) {
            state.trust(&served.issuer);
        }
        state
    }

    /// Keeps in mind what is in the Secret now.
    pub(super) fn note(&mut self, state: &State) {
        self.last = state.clone();
    }

    /// What is to be served from now on, if that changes. As long as the old pair is good, a pair of another authority
    /// waits until each `caBundle` holds that authority.
    pub(super) fn adopt(
        &mut self,
        names: &[String],
        held_everywhere: impl Fn(&Anchor) -> bool,
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
        if !nothing_to_lose && !held_everywhere(issuer) {
            return None;
        }
        self.served = Some(Served { leaf: leaf.clone(), issuer: issuer.clone() });
        Some(Arc::clone(&leaf.pair))
    }
}
