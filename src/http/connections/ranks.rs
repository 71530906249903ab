//! The order in which connections have to go when there are too many. It is kept up to date with every connection that
//! comes, proves itself or goes, so that the choice costs the same however many there are: under a flood it is made for
//! each newcomer.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::http::event::Eviction;
use crate::http::peer_group::PeerGroup;

/// How many connections are looked at where the choice depends on what they are doing.
const LOOKED_AT: usize = 32;
/// An address with so many connections without a valid review may still be one whose first reviews are under way.
const FEW: usize = 16;

/// All connections of a port, by serial number, and what tells which of them goes first.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    addresses: HashMap<PeerGroup, Address>,
    /// Addresses by how many connections without a valid review they have.
    by_unproven: BTreeSet<(usize, PeerGroup)>,
    /// Addresses by how many connections they have.
    by_all: BTreeSet<(usize, PeerGroup)>,
    /// Connections without a valid review, the oldest first.
    unproven: BTreeSet<u64>,
    proven: BTreeSet<u64>,
    /// Where the last look at those with a valid review ended.
    hand: u64,
}

/// The connections of one address.
#[derive(Debug)]
struct Address {
    unproven: BTreeSet<u64>,
    all: BTreeSet<u64>,
    handshakes: Arc<Semaphore>,
}

/// What a choice depends on besides the ranks.
pub(super) trait Conduct {
    /// Whether it has been open for so long that a first request would have come.
    fn had_its_time(&self, serial: u64) -> bool;
    /// Whether no request is under way.
    fn rests(&self, serial: u64) -> bool;
    /// Whether its last review was so long ago that it proves little.
    fn lapsed(&self, serial: u64) -> bool;
    /// Whether it is still in its TLS handshake, and has been for too long.
    fn stuck_in_handshake(&self, serial: u64) -> bool;
}

impl Ranks {
    /// Adds a connection, which is as good as none until it proves itself. The permits for handshakes of its address.
    pub(super) fn insert(&mut self, serial: u64, source: PeerGroup, handshakes: usize) -> Arc<Semaphore> {
        let new = || Address {
            unproven: BTreeSet::new(),
            all: BTreeSet::new(),
            handshakes: Arc::new(Semaphore::new(handshakes)),
        };
        let permits = Arc::clone(&self.addresses.entry(source).or_insert_with(new).handshakes);
        self.unproven.insert(serial);
        self.change(source, |address| {
            address.unproven.insert(serial);
            address.all.insert(serial);
        });
        permits
    }

    /// Notes that a connection has sent a valid review.
    pub(super) fn prove(&mut self, serial: u64, source: PeerGroup) {
        if self.unproven.remove(&serial) {
            self.proven.insert(serial);
            self.change(source, |address| {
                address.unproven.remove(&serial);
            });
        }
    }

    /// Forgets a connection; whether it was known.
    pub(super) fn remove(&mut self, serial: u64, source: PeerGroup) -> bool {
        let known = self.unproven.remove(&serial) | self.proven.remove(&serial);
        if known {
            self.change(source, |address| {
                address.unproven.remove(&serial);
                address.all.remove(&serial);
            });
        }
        known
    }

    /// Which connection has to go first for a newcomer of an address, and why; none where all that there are have a right to
    /// stay.
    ///
    /// First go connections without a valid review, those of the address with the most of them before others. As long as
    /// they are few, and no more than the newcomer's own address has, they are given the time to send one. Then go those of the address with the most
    /// connections, though never the first ones of an address, of which there are `kept`; and at last those whose only
    /// merit was long ago.
    pub(super) fn first_to_go(
        &mut self,
        kept: usize,
        newcomer: PeerGroup,
        conduct: &impl Conduct,
    ) -> Option<(u64, Eviction)> {
        let unproven = self.first_unproven(newcomer, conduct).map(|serial| (serial, Eviction::Unproven));
        unproven
            .or_else(|| Some((self.first_of_the_largest(kept, conduct)?, Eviction::Address)))
            .or_else(|| Some((self.first_lapsed(conduct)?, Eviction::Resting)))
    }

    /// The oldest connection of an address that is stuck in its handshake.
    pub(super) fn stuck_in_handshake(&self, source: PeerGroup, conduct: &impl Conduct) -> Option<u64> {
        let unproven = self.addresses.get(&source)?.unproven.iter().take(LOOKED_AT);
        unproven.copied().find(|serial| conduct.stuck_in_handshake(*serial))
    }

    fn first_unproven(&self, newcomer: PeerGroup, conduct: &impl Conduct) -> Option<u64> {
        let (count, most) = self.by_unproven.last()?;
        let of_most = *self.addresses.get(most)?.unproven.first()?;
        let own = self.addresses.get(&newcomer).map_or(0, |address| address.unproven.len());
        if *count > FEW.min(own + 1) || conduct.had_its_time(of_most) {
            return Some(of_most);
        }
        self.unproven.first().copied().filter(|serial| conduct.had_its_time(*serial))
    }

    fn first_of_the_largest(&self, kept: usize, conduct: &impl Conduct) -> Option<u64> {
        let (_, largest) = self.by_all.last()?;
        let all = || self.addresses.get(largest).into_iter().flat_map(|address| address.all.iter());
        // Those without a valid review are few here, and have not had their time yet.
        let beyond = || all().skip(kept).filter(|serial| self.proven.contains(serial));
        let resting = beyond().take(LOOKED_AT).find(|serial| conduct.rests(**serial));
        resting.or_else(|| beyond().next()).copied()
    }

    /// Goes around among those with a valid review, a few at a time. They do not go for clients that have sent none: where
    /// there are more than a few of those, newcomers have to wait until these have had their time.
    fn first_lapsed(&mut self, conduct: &impl Conduct) -> Option<u64> {
        if self.unproven.len() > FEW {
            return None;
        }
        let after = self.proven.range((Excluded(self.hand), Unbounded));
        let around = after.chain(self.proven.range(..=self.hand)).take(LOOKED_AT);
        let mut lapsed = None;
        let mut hand = self.hand;
        for serial in around {
            hand = *serial;
            if conduct.lapsed(hand) {
                lapsed = Some(hand);
                break;
            }
        }
        self.hand = hand;
        lapsed
    }

    /// Changes what is known of an address, and its ranks with it.
    fn change(&mut self, source: PeerGroup, change: impl FnOnce(&mut Address)) {
        let Some(address) = self.addresses.get_mut(&source) else { return };
        self.by_unproven.remove(&(address.unproven.len(), source));
        self.by_all.remove(&(address.all.len(), source));
        change(address);
        let (unproven, all) = (address.unproven.len(), address.all.len());
        if unproven > 0 {
            self.by_unproven.insert((unproven, source));
        }
        if all > 0 {
            self.by_all.insert((all, source));
        } else {
            self.addresses.remove(&source);
        }
    }
}
