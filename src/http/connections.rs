//! All connections of a port, and which one is evicted when there are too many.

mod eviction_order;
mod peer_group;
pub(super) mod phase;
pub(super) mod slot;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::task::yield_now;
use tokio::time::Instant;

use eviction_order::{Activity, EvictionOrder};
use peer_group::PeerGroup;
use phase::Phase;
use slot::ConnectionSlot;

use super::limits::HttpLimits;
use super::metrics::{Eviction, HttpMetrics};

/// How many evicted connections may still be closing, besides those that hold a slot.
const MAX_CLOSING: usize = 64;
/// After how many settle times of idling a connection's last valid review no longer protects it.
const LAPSE: u32 = 10;

/// The connections of a port.
#[derive(Debug)]
pub(super) struct Connections {
    limits: Arc<HttpLimits>,
    metrics: Arc<HttpMetrics>,
    table: Mutex<ConnectionTable>,
    /// Notified whenever a connection has closed.
    freed: Notify,
}

#[derive(Debug, Default)]
struct ConnectionTable {
    serial: u64,
    slots: HashMap<u64, Arc<ConnectionSlot>>,
    order: EvictionOrder,
    /// How many connections were evicted and have not closed yet.
    closing: usize,
}

/// A slot that is taken. Dropping it frees the slot.
#[derive(Debug)]
pub(super) struct SlotGuard {
    connections: Arc<Connections>,
    serial: u64,
    pub(super) slot: Arc<ConnectionSlot>,
    /// The handshake permits of its peer.
    pub(super) handshakes: Arc<Semaphore>,
}

impl Connections {
    pub(super) fn new(limits: Arc<HttpLimits>, metrics: Arc<HttpMetrics>) -> Arc<Self> {
        Arc::new(Connections { limits, metrics, table: Mutex::default(), freed: Notify::new() })
    }

    /// Takes a slot for a new connection. Where all slots are taken, [`EvictionOrder::next_to_evict`] names the connection
    /// that makes room; `None` where every connection is protected.
    pub(super) async fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<SlotGuard> {
        let (guard, evicted) = self.take(peer.into());
        if evicted {
            // The evicted connection is closed by its own task. Yielding lets that task run, however fast new connections
            // arrive.
            yield_now().await;
        }
        if guard.is_none() {
            self.metrics.record_rejected();
        }
        guard
    }

    /// Waits until every connection has closed.
    pub(super) async fn wait_until_empty(&self) {
        loop {
            let freed = self.freed.notified();
            if self.len() == 0 {
                return;
            }
            freed.await;
        }
    }

    /// How many connections are open, including those that are closing.
    pub(super) fn len(&self) -> usize {
        let table = self.table();
        table.slots.len() + table.closing
    }

    /// Takes a slot. Returns also whether another connection was evicted for it.
    fn take(self: &Arc<Self>, peer: PeerGroup) -> (Option<SlotGuard>, bool) {
        let mut table = self.table();
        let full = table.slots.len() >= self.limits.connections;
        let evicted = full && table.closing < MAX_CLOSING && table.evict_next(peer, &self.limits, &self.metrics);
        if full && !evicted {
            return (None, false);
        }
        table.serial += 1;
        let serial = table.serial;
        let slot = Arc::new(ConnectionSlot::new(serial, peer, &self.limits));
        table.slots.insert(serial, Arc::clone(&slot));
        let handshakes = table.order.insert(serial, peer, self.limits.handshakes_per_address);
        drop(table);
        self.metrics.record_opened();
        (Some(SlotGuard { connections: Arc::clone(self), serial, slot, handshakes }), evicted)
    }

    fn table(&self) -> MutexGuard<'_, ConnectionTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionTable {
    fn evict_next(&mut self, newcomer: PeerGroup, limits: &HttpLimits, metrics: &HttpMetrics) -> bool {
        let activity = ActivityAt { slots: &self.slots, settle: limits.settle, now: Instant::now() };
        let next = self.order.next_to_evict(limits.kept_per_address(), newcomer, &activity);
        let Some((serial, reason)) = next else { return false };
        self.evict(serial, reason, metrics);
        true
    }

    fn evict(&mut self, serial: u64, reason: Eviction, metrics: &HttpMetrics) {
        let Some(slot) = self.slots.remove(&serial) else { return };
        self.order.remove(serial, slot.peer());
        self.closing += 1;
        slot.evict();
        metrics.record_eviction(reason);
    }
}

impl SlotGuard {
    /// Records that the connection has sent a valid review.
    pub(super) fn prove(&self) {
        if self.slot.prove() {
            self.connections.table().order.prove(self.serial, self.slot.peer());
        }
    }

    /// Evicts the oldest handshake of the same peer that takes too long, because another one waits for its permit.
    pub(super) fn evict_stuck_handshake(&self) {
        let connections = &self.connections;
        let mut table = connections.table();
        let activity = ActivityAt { slots: &table.slots, settle: connections.limits.settle, now: Instant::now() };
        let stuck = table.order.stuck_in_handshake(self.slot.peer(), &activity);
        if let Some(serial) = stuck.filter(|serial| *serial != self.serial) {
            table.evict(serial, Eviction::Unproven, &connections.metrics);
        }
    }
}

impl Drop for SlotGuard {
    fn drop(&mut self) {
        let mut table = self.connections.table();
        if table.slots.remove(&self.serial).is_some() {
            table.order.remove(self.serial, self.slot.peer());
        } else {
            table.closing -= 1;
        }
        drop(table);
        self.connections.freed.notify_waiters();
        self.connections.metrics.record_closed();
    }
}

/// What the connections are doing at one point in time.
struct ActivityAt<'a> {
    slots: &'a HashMap<u64, Arc<ConnectionSlot>>,
    settle: Duration,
    now: Instant,
}

impl ActivityAt<'_> {
    fn slot(&self, serial: u64, is: impl FnOnce(&ConnectionSlot) -> bool) -> bool {
        self.slots.get(&serial).is_some_and(|slot| is(slot))
    }

    /// Whether a connection has been in this phase for at least this long.
    fn in_phase_for(&self, serial: u64, phase: Phase, duration: Duration) -> bool {
        self.slot(serial, |slot| {
            let (current, since) = slot.phase();
            current == phase && self.now >= since + duration
        })
    }
}

impl Activity for ActivityAt<'_> {
    fn has_settled(&self, serial: u64) -> bool {
        self.slot(serial, |slot| self.now >= slot.opened() + self.settle)
    }

    fn is_idle(&self, serial: u64) -> bool {
        self.slot(serial, |slot| slot.phase().0 == Phase::Idle)
    }

    fn has_lapsed(&self, serial: u64) -> bool {
        self.in_phase_for(serial, Phase::Idle, self.settle * LAPSE)
    }

    fn is_stuck_in_handshake(&self, serial: u64) -> bool {
        self.in_phase_for(serial, Phase::Handshake, self.settle)
    }
}
