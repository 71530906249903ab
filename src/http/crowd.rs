//! All connections of a port, and who goes when there are too many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::seat::Seat;
use super::{Event, Limits, Observer};

/// How long a newcomer waits for one who was asked to leave.
const LEAVING: Duration = Duration::from_millis(100);

/// The connections of a port.
#[derive(Debug)]
pub(super) struct Crowd {
    limits: Arc<Limits>,
    observer: Observer,
    seats: Mutex<Seats>,
    /// Told whenever a seat becomes free.
    freed: Notify,
}

#[derive(Debug, Default)]
struct Seats {
    serial: u64,
    taken: HashMap<u64, Arc<Seat>>,
}

/// A seat that is taken. It becomes free when this is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    crowd: Arc<Crowd>,
    serial: u64,
    pub(super) seat: Arc<Seat>,
}

impl Crowd {
    pub(super) fn new(limits: Arc<Limits>, observer: Observer) -> Arc<Self> {
        Arc::new(Crowd { limits, observer, seats: Mutex::default(), freed: Notify::new() })
    }

    /// A seat for a newcomer. Where all are taken, the connection that has stalled longest makes room; where none
    /// stalls, there is no seat.
    pub(super) async fn admit(self: &Arc<Self>) -> Option<Taken> {
        if let Some(taken) = self.take() {
            return Some(taken);
        }
        let freed = self.freed.notified();
        if self.unseat() {
            let _ = timeout(LEAVING, freed).await;
        }
        let taken = self.take();
        if taken.is_none() {
            self.observer.tell(Event::TurnedAway);
        }
        taken
    }

    /// Waits until everyone has left.
    pub(super) async fn empty(&self) {
        loop {
            let freed = self.freed.notified();
            if self.len() == 0 {
                return;
            }
            freed.await;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.seats().taken.len()
    }

    fn take(self: &Arc<Self>) -> Option<Taken> {
        let mut seats = self.seats();
        if seats.taken.len() >= self.limits.connections {
            return None;
        }
        seats.serial += 1;
        let serial = seats.serial;
        let seat = Arc::new(Seat::new(serial, &self.limits));
        seats.taken.insert(serial, Arc::clone(&seat));
        drop(seats);
        self.observer.tell(Event::Opened);
        Some(Taken { crowd: Arc::clone(self), serial, seat })
    }

    /// Asks the connection to leave that has been in one phase for longest. Whether there is one.
    fn unseat(&self) -> bool {
        let longest = self.seats().taken.values().filter(|s| !s.leaves()).min_by_key(|s| s.phase().1).map(Arc::clone);
        let Some(seat) = longest.filter(|seat| seat.stalls(self.limits.settle)) else {
            return false;
        };
        seat.leave();
        self.observer.tell(Event::Unseated);
        true
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.crowd.seats().taken.remove(&self.serial);
        self.crowd.freed.notify_waiters();
        self.crowd.observer.tell(Event::Closed);
    }
}
