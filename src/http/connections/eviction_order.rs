//! The order in which connections are evicted when there are too many.
//!
//! The order is updated whenever a connection opens, sends its first valid review, or closes. So a choice costs the same
//! however many connections there are, which matters because a flood forces one choice for each new connection.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::peer_group::PeerGroup;
use crate::http::metrics::Eviction;

/// Upper bound on the connections that one choice inspects, where it depends on what they are doing.
const MAX_INSPECTED: usize = 32;
/// With at most this many connections without a valid review, an address may be an API server whose first reviews are in
/// flight.
const UNPROVEN_ALLOWANCE: usize = 16;

/// All connections of a port, by serial number, indexed by what decides which one is evicted first.
#[derive(Debug, Default)]
pub(super) struct EvictionOrder {
    peers: HashMap<PeerGroup, PeerConnections>,
    /// Peers by how many connections without a valid review they have.
    by_unproven: BTreeSet<(usize, PeerGroup)>,
    /// Peers by how many connections they have.
    by_all: BTreeSet<(usize, PeerGroup)>,
    /// Connections without a valid review, oldest first.
    unproven: BTreeSet<u64>,
    proven: BTreeSet<u64>,
    /// The proven connection that was inspected last; the next search continues after it.
    cursor: u64,
}

/// The connections of one peer.
#[derive(Debug)]
struct PeerConnections {
    unproven: BTreeSet<u64>,
    all: BTreeSet<u64>,
    handshakes: Arc<Semaphore>,
}

/// What a connection is doing, as far as a choice depends on it.
pub(super) trait Activity {
    /// Whether it has been open for so long that a first request should have arrived.
    fn has_settled(&self, serial: u64) -> bool;
    /// Whether no request is in progress.
    fn is_idle(&self, serial: u64) -> bool;
    /// Whether it has been idle for so long that its last valid review no longer protects it.
    fn has_lapsed(&self, serial: u64) -> bool;
    /// Whether it is still in its TLS handshake, and has been for too long.
    fn is_stuck_in_handshake(&self, serial: u64) -> bool;
}

impl EvictionOrder {
    /// Adds a connection, which ranks lowest until it sends a valid review. Returns the handshake permits of its peer.
    pub(super) fn insert(&mut self, serial: u64, peer: PeerGroup, handshakes: usize) -> Arc<Semaphore> {
        let new = || PeerConnections {
            unproven: BTreeSet::new(),
            all: BTreeSet::new(),
            handshakes: Arc::new(Semaphore::new(handshakes)),
        };
        let permits = Arc::clone(&self.peers.entry(peer).or_insert_with(new).handshakes);
        self.unproven.insert(serial);
        self.update(peer, |connections| {
            connections.unproven.insert(serial);
            connections.all.insert(serial);
        });
        permits
    }

    /// Records that a connection has sent a valid review.
    pub(super) fn prove(&mut self, serial: u64, peer: PeerGroup) {
        if self.unproven.remove(&serial) {
            self.proven.insert(serial);
            self.update(peer, |connections| {
                connections.unproven.remove(&serial);
            });
        }
    }

    /// Removes a connection. Returns whether it was present.
    pub(super) fn remove(&mut self, serial: u64, peer: PeerGroup) -> bool {
        let was_present = self.unproven.remove(&serial) | self.proven.remove(&serial);
        if was_present {
            self.update(peer, |connections| {
                connections.unproven.remove(&serial);
                connections.all.remove(&serial);
            });
        }
        was_present
    }

    /// The connection to evict for a newcomer, and the reason; `None` where every connection is protected.
    ///
    /// 1. Connections without a valid review, first those of the peer with the most of them. As long as they are few, and
    ///    the newcomer's peer has as many, they are given the time to send one.
    /// 2. Connections of the peer with the most, except its first `kept_per_peer`.
    /// 3. Connections whose last valid review was long ago.
    pub(super) fn next_to_evict(
        &mut self,
        kept_per_peer: usize,
        newcomer: PeerGroup,
        activity: &impl Activity,
    ) -> Option<(u64, Eviction)> {
        let unproven = self.first_unproven(newcomer, activity).map(|serial| (serial, Eviction::Unproven));
        unproven
            .or_else(|| Some((self.first_of_the_largest(kept_per_peer, activity)?, Eviction::Address)))
            .or_else(|| Some((self.next_lapsed(activity)?, Eviction::Idle)))
    }

    /// The oldest connection of a peer that is stuck in its handshake.
    pub(super) fn stuck_in_handshake(&self, peer: PeerGroup, activity: &impl Activity) -> Option<u64> {
        let unproven = self.peers.get(&peer)?.unproven.iter().take(MAX_INSPECTED);
        unproven.copied().find(|serial| activity.is_stuck_in_handshake(*serial))
    }

    fn first_unproven(&self, newcomer: PeerGroup, activity: &impl Activity) -> Option<u64> {
        let (count, largest) = self.by_unproven.last()?;
        let oldest_of_largest = *self.peers.get(largest)?.unproven.first()?;
        let own = self.peers.get(&newcomer).map_or(0, |connections| connections.unproven.len());
        if *count > UNPROVEN_ALLOWANCE.min(own + 1) || activity.has_settled(oldest_of_largest) {
            return Some(oldest_of_largest);
        }
        self.unproven.first().copied().filter(|serial| activity.has_settled(*serial))
    }

    fn first_of_the_largest(&self, kept_per_peer: usize, activity: &impl Activity) -> Option<u64> {
        let (_, largest) = self.by_all.last()?;
        let all = || self.peers.get(largest).into_iter().flat_map(|connections| connections.all.iter());
        // There are few connections without a valid review at this point, and they still have time to send one.
        let beyond = || all().skip(kept_per_peer).filter(|serial| self.proven.contains(serial));
        let idle = beyond().take(MAX_INSPECTED).find(|serial| activity.is_idle(**serial));
        idle.or_else(|| beyond().next()).copied()
    }

    /// Searches the proven connections round-robin, a few at a time. Proven connections are not evicted for clients that
    /// send nothing valid: while there are more than a few of those, newcomers wait until those clients have settled.
    fn next_lapsed(&mut self, activity: &impl Activity) -> Option<u64> {
        if self.unproven.len() > UNPROVEN_ALLOWANCE {
            return None;
        }
        let after = self.proven.range((Excluded(self.cursor), Unbounded));
        let inspected = after.chain(self.proven.range(..=self.cursor)).take(MAX_INSPECTED);
        let mut lapsed = None;
        let mut cursor = self.cursor;
        for serial in inspected {
            cursor = *serial;
            if activity.has_lapsed(cursor) {
                lapsed = Some(cursor);
                break;
            }
        }
        self.cursor = cursor;
        lapsed
    }

    /// Changes the connections of a peer, and keeps the indexes consistent.
    fn update(&mut self, peer: PeerGroup, change: impl FnOnce(&mut PeerConnections)) {
        let Some(connections) = self.peers.get_mut(&peer) else { return };
        self.by_unproven.remove(&(connections.unproven.len(), peer));
        self.by_all.remove(&(connections.all.len(), peer));
        change(connections);
        let (unproven, all) = (connections.unproven.len(), connections.all.len());
        if unproven > 0 {
            self.by_unproven.insert((unproven, peer));
        }
        if all > 0 {
            self.by_all.insert((all, peer));
        } else {
            self.peers.remove(&peer);
        }
    }
}
