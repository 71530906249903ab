//! The slot of one connection: its phase, since when, and when it should be closed.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::peer_group::PeerGroup;
use super::phase::Phase;
use crate::http::limits::HttpLimits;

/// The state of one connection. The connection's own task writes it; the tasks of other connections read it to decide which
/// connection to evict.
#[derive(Debug)]
pub(in crate::http) struct ConnectionSlot {
    peer: PeerGroup,
    opened: Instant,
    /// The phase in the lowest [`Phase::BITS`] bits, and above them when it began, in milliseconds since `opened`.
    state: AtomicU64,
    responses: AtomicU32,
    /// When the connection is too old.
    retires: Instant,
    max_responses: u32,
    /// Whether it has sent a valid review.
    is_proven: AtomicBool,
    eviction: Notify,
}

impl ConnectionSlot {
    /// A slot in phase [`Phase::Handshake`]. The serial number decides how the age of the connection is spread.
    pub(super) fn new(serial: u64, peer: PeerGroup, limits: &HttpLimits) -> Self {
        let opened = Instant::now();
        ConnectionSlot {
            peer,
            opened,
            state: AtomicU64::new(0),
            responses: AtomicU32::new(0),
            retires: opened + age(serial, limits.connection_age),
            max_responses: limits.requests_per_connection,
            is_proven: AtomicBool::new(false),
            eviction: Notify::new(),
        }
    }

    /// Asks the connection's task to close it, because its slot or its memory is needed.
    pub(in crate::http) fn evict(&self) {
        self.eviction.notify_one();
    }

    /// Waits until the connection is asked to close.
    pub(in crate::http) async fn evicted(&self) {
        self.eviction.notified().await;
    }

    /// Records that the connection has sent a valid review. Returns whether this is its first.
    pub(super) fn prove(&self) -> bool {
        !self.is_proven.load(Ordering::Relaxed) && !self.is_proven.swap(true, Ordering::Relaxed)
    }

    /// Whether the connection has sent a valid review.
    pub(in crate::http) fn is_proven(&self) -> bool {
        self.is_proven.load(Ordering::Relaxed)
    }

    pub(super) fn peer(&self) -> PeerGroup {
        self.peer
    }

    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    pub(in crate::http) fn enter(&self, phase: Phase) {
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX >> Phase::BITS);
        self.state.store(now << Phase::BITS | phase as u64, Ordering::Relaxed);
    }

    /// What the connection is doing, and since when.
    pub(in crate::http) fn phase(&self) -> (Phase, Instant) {
        let state = self.state.load(Ordering::Relaxed);
        (Phase::from_low_bits(state), self.opened + Duration::from_millis(state >> Phase::BITS))
    }

    /// Counts a response, and returns whether it should be the connection's last. An API server reuses its connections for
    /// as long as they are open, so without retirement new replicas would receive no load.
    pub(in crate::http) fn retires_with_this_response(&self) -> bool {
        let responses = self.responses.fetch_add(1, Ordering::Relaxed) + 1;
        responses >= self.max_responses || Instant::now() >= self.retires
    }
}

/// One to two times the base. The golden ratio spreads consecutive serial numbers evenly, so connections that were opened
/// together do not end together, without a source of randomness.
fn age(serial: u64, base: Duration) -> Duration {
    let spread = serial.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56;
    base + base * u32::try_from(spread).unwrap_or(0) / 256
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn slot(limits: &HttpLimits) -> ConnectionSlot {
        ConnectionSlot::new(0, PeerGroup::from(IpAddr::from(Ipv4Addr::LOCALHOST)), limits)
    }

    #[test]
    fn ages_are_spread_evenly() {
        let base = Duration::from_secs(60);
        let mut ages: Vec<_> = (0..60).map(|serial| age(serial, base).as_secs_f64()).collect();
        ages.sort_by(f64::total_cmp);
        assert!(ages[0] >= 60.0 && ages[59] < 120.0);
        assert!(ages.windows(2).all(|pair| pair[1] - pair[0] < 3.0), "{ages:?}");
    }

    #[tokio::test]
    async fn a_slot_returns_the_phase_that_was_entered_last() {
        let slot = slot(&HttpLimits::default());
        assert_eq!(slot.phase().0, Phase::Handshake);
        for phase in [Phase::Idle, Phase::ReadingHead, Phase::Responding, Phase::Writing, Phase::Handshake] {
            slot.enter(phase);
            assert_eq!(slot.phase().0, phase);
        }
    }

    #[tokio::test]
    async fn a_connection_retires_after_its_last_response() {
        let slot = slot(&HttpLimits { requests_per_connection: 3, ..HttpLimits::default() });
        let retires: Vec<_> = (0..3).map(|_| slot.retires_with_this_response()).collect();
        assert_eq!(retires, [false, false, true]);
    }

    #[tokio::test]
    async fn a_connection_retires_with_age() {
        let slot = slot(&HttpLimits { connection_age: Duration::ZERO, ..HttpLimits::default() });
        assert!(slot.retires_with_this_response());
    }
}
