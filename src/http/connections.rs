//! All connections of a port, and who goes when there are too many.

mod ranks;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::task::yield_now;
use tokio::time::Instant;

use ranks::{Conduct, Ranks};

use super::event::Eviction;
use super::peer_group::PeerGroup;
use super::slot::{ConnectionSlot, Phase};
use super::{ConnectionEvent, HttpLimits, Observer};

/// How many connections that were chosen to go may still be on their way out, besides those that stay.
const LEAVING: usize = 64;
/// After how many times of settling the last review of a connection proves little.
const LAPSE: u32 = 10;

/// The connections of a port.
#[derive(Debug)]
pub(super) struct Connections {
    limits: Arc<HttpLimits>,
    observer: Observer,
    seats: Mutex<ConnectionTable>,
    /// Told whenever a seat becomes free.
    freed: Notify,
}

#[derive(Debug, Default)]
struct ConnectionTable {
    serial: u64,
    taken: HashMap<u64, Arc<ConnectionSlot>>,
    ranks: Ranks,
    /// How many have been chosen to go, and are not gone yet.
    leaving: usize,
}

/// A seat that is taken. It becomes free when this is dropped.
#[derive(Debug)]
pub(super) struct SlotGuard {
    connections: Arc<Connections>,
    serial: u64,
    pub(super) seat: Arc<ConnectionSlot>,
    /// The permits for handshakes of its address.
    pub(super) handshakes: Arc<Semaphore>,
}

impl Connections {
    pub(super) fn new(limits: Arc<HttpLimits>, observer: Observer) -> Arc<Self> {
        Arc::new(Connections { limits, observer, seats: Mutex::default(), freed: Notify::new() })
    }

    /// A seat for a newcomer. Where all are taken another connection makes room, see [`Ranks::first_to_go`]; where all
    /// have a right to stay, there is no seat.
    pub(super) async fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<SlotGuard> {
        let (taken, evicted) = self.take(peer.into());
        if evicted {
            // It is closed by its own task, which gets its turn now, however fast newcomers arrive.
            yield_now().await;
        }
        if taken.is_none() {
            self.observer.notify(ConnectionEvent::Rejected);
        }
        taken
    }

    /// Waits until everyone has left.
    pub(super) async fn wait_until_empty(&self) {
        loop {
            let freed = self.freed.notified();
            if self.len() == 0 {
                return;
            }
            freed.await;
        }
    }

    pub(super) fn len(&self) -> usize {
        let seats = self.seats();
        seats.taken.len() + seats.leaving
    }

    /// Takes a seat, and whether another connection had to go for it.
    fn take(self: &Arc<Self>, source: PeerGroup) -> (Option<SlotGuard>, bool) {
        let mut seats = self.seats();
        let full = seats.taken.len() >= self.limits.connections;
        let evicted = full && seats.leaving < LEAVING && seats.evict_first(source, &self.limits, &self.observer);
        if full && !evicted {
            return (None, false);
        }
        seats.serial += 1;
        let serial = seats.serial;
        let seat = Arc::new(ConnectionSlot::new(serial, source, &self.limits));
        seats.taken.insert(serial, Arc::clone(&seat));
        let handshakes = seats.ranks.insert(serial, source, self.limits.handshakes_per_address);
        drop(seats);
        self.observer.notify(ConnectionEvent::Opened);
        (Some(SlotGuard { connections: Arc::clone(self), serial, seat, handshakes }), evicted)
    }

    fn seats(&self) -> MutexGuard<'_, ConnectionTable> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionTable {
    fn evict_first(&mut self, newcomer: PeerGroup, limits: &HttpLimits, observer: &Observer) -> bool {
        let conduct = Observed { taken: &self.taken, settle: limits.settle, now: Instant::now() };
        let Some((serial, why)) = self.ranks.first_to_go(limits.kept_per_address(), newcomer, &conduct) else {
            return false;
        };
        self.evict(serial, why, observer);
        true
    }

    fn evict(&mut self, serial: u64, why: Eviction, observer: &Observer) {
        let Some(seat) = self.taken.remove(&serial) else { return };
        self.ranks.remove(serial, seat.source());
        self.leaving += 1;
        seat.leave();
        observer.notify(ConnectionEvent::Evicted(why));
    }
}

impl SlotGuard {
    /// Notes that the connection has sent a valid review.
    pub(super) fn prove(&self) {
        if self.seat.prove() {
            self.connections.seats().ranks.prove(self.serial, self.seat.source());
        }
    }

    /// Asks the oldest handshake of the same address to leave that takes too long: another one waits for its turn.
    pub(super) fn evict_stuck_handshake(&self) {
        let connections = &self.connections;
        let mut seats = connections.seats();
        let conduct = Observed { taken: &seats.taken, settle: connections.limits.settle, now: Instant::now() };
        let stuck =
            seats.ranks.stuck_in_handshake(self.seat.source(), &conduct).filter(|serial| *serial != self.serial);
        if let Some(serial) = stuck {
            seats.evict(serial, Eviction::Unproven, &connections.observer);
        }
    }
}

impl Drop for SlotGuard {
    fn drop(&mut self) {
        let mut seats = self.connections.seats();
        if seats.taken.remove(&self.serial).is_some() {
            seats.ranks.remove(self.serial, self.seat.source());
        } else {
            seats.leaving -= 1;
        }
        drop(seats);
        self.connections.freed.notify_waiters();
        self.connections.observer.notify(ConnectionEvent::Closed);
    }
}

/// What connections are doing at one moment.
struct Observed<'a> {
    taken: &'a HashMap<u64, Arc<ConnectionSlot>>,
    settle: Duration,
    now: Instant,
}

impl Observed<'_> {
    fn seat(&self, serial: u64, is: impl FnOnce(&ConnectionSlot) -> bool) -> bool {
        self.taken.get(&serial).is_some_and(|seat| is(seat))
    }
}

impl Conduct for Observed<'_> {
    fn had_its_time(&self, serial: u64) -> bool {
        self.seat(serial, |seat| self.now >= seat.opened() + self.settle)
    }

    fn rests(&self, serial: u64) -> bool {
        self.seat(serial, |seat| seat.phase().0 == Phase::Idle)
    }

    fn lapsed(&self, serial: u64) -> bool {
        self.seat(serial, |seat| {
            let (phase, since) = seat.phase();
            phase == Phase::Idle && self.now >= since + self.settle * LAPSE
        })
    }

    fn stuck_in_handshake(&self, serial: u64) -> bool {
        self.seat(serial, |seat| {
            let (phase, since) = seat.phase();
            phase == Phase::Handshake && self.now >= since + self.settle
        })
    }
}
