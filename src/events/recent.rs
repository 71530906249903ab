//! The events that this replica has created a short time ago.

/// How many events are remembered. One that is forgotten costs a request, which the API server answers with `AlreadyExists`.
const SLOTS: usize = 1024;

/// Digests of events, in a table of a fixed size.
#[derive(Debug)]
pub(super) struct RecentEvents(Box<[u64; SLOTS]>);

impl Default for RecentEvents {
    fn default() -> Self {
        RecentEvents(Box::new([0; SLOTS]))
    }
}

impl RecentEvents {
    /// Remembers a digest. Returns whether it was not known.
    pub(super) fn insert(&mut self, digest: u64) -> bool {
        std::mem::replace(self.slot(digest), digest) != digest
    }

    /// Forgets a digest, so that its event can be tried again.
    pub(super) fn remove(&mut self, digest: u64) {
        let slot = self.slot(digest);
        if *slot == digest {
            *slot = 0;
        }
    }

    fn slot(&mut self, digest: u64) -> &mut u64 {
        let place = usize::try_from(digest % SLOTS as u64).unwrap_or_default();
        &mut self.0[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_new_once_until_it_is_removed_or_overwritten() {
        let mut recent = RecentEvents::default();
        assert_eq!([5, 5, 6, 5].map(|digest| recent.insert(digest)), [true, false, true, false]);
        recent.remove(5);
        assert_eq!([5, 6].map(|digest| recent.insert(digest)), [true, false]);
        let in_the_same_slot = 5 + SLOTS as u64;
        recent.remove(in_the_same_slot);
        assert_eq!([5, in_the_same_slot, 5].map(|digest| recent.insert(digest)), [false, true, true]);
    }
}
