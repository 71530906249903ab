//! One connection's place in the connections: which phase it is in, since when, and when it should go.

mod stream;

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

pub(super) use stream::FirstByteStream;

use super::HttpLimits;
use super::peer_group::PeerGroup;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The TLS handshake.
    Handshake,
    /// Nothing: it waits for a request.
    Idle,
    /// A request's head has begun to arrive.
    ReadingHead,
    /// A request is being answered; reading its body counts as that, and has a deadline of its own.
    Responding,
    /// An answer is written, as fast as the peer reads it.
    Write,
}

const PHASES: [Phase; 5] = [Phase::Handshake, Phase::Idle, Phase::ReadingHead, Phase::Responding, Phase::Write];
/// How many bits of a state are the phase.
const PHASE_BITS: u32 = 3;

/// A connection's place. Its own task says what it does; the connections reads that, and may ask it to leave.
#[derive(Debug)]
pub(super) struct ConnectionSlot {
    source: PeerGroup,
    opened: Instant,
    /// The phase in the last three bits, and in front of them when it began, in milliseconds since `opened`.
    state: AtomicU64,
    answered: AtomicU32,
    /// When the connection is too old.
    retires: Instant,
    most_answers: u32,
    /// Whether it has sent a valid review.
    is_proven: AtomicBool,
    needed: Notify,
}

impl ConnectionSlot {
    pub(super) fn new(serial: u64, source: PeerGroup, limits: &HttpLimits) -> Self {
        let opened = Instant::now();
        ConnectionSlot {
            source,
            opened,
            state: AtomicU64::new(0),
            answered: AtomicU32::new(0),
            retires: opened + age(serial, limits.connection_age),
            most_answers: limits.requests_per_connection,
            is_proven: AtomicBool::new(false),
            needed: Notify::new(),
        }
    }

    /// Asks the connection to leave, for its seat or its memory is needed.
    pub(super) fn leave(&self) {
        self.needed.notify_one();
    }

    /// Waits until it is asked to leave.
    pub(super) async fn evicted(&self) {
        self.needed.notified().await;
    }

    /// Notes that it has sent a valid review; whether that is its first.
    pub(super) fn prove(&self) -> bool {
        !self.is_proven.load(Ordering::Relaxed) && !self.is_proven.swap(true, Ordering::Relaxed)
    }

    /// Whether it has sent a valid review.
    pub(super) fn proven(&self) -> bool {
        self.is_proven.load(Ordering::Relaxed)
    }

    pub(super) fn source(&self) -> PeerGroup {
        self.source
    }

    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    pub(super) fn enter(&self, phase: Phase) {
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX >> PHASE_BITS);
        self.state.store(now << PHASE_BITS | phase as u64, Ordering::Relaxed);
    }

    /// What the connection is doing, and since when.
    pub(super) fn phase(&self) -> (Phase, Instant) {
        let state = self.state.load(Ordering::Relaxed);
        let phase = PHASES.get((state & 7) as usize).copied().unwrap_or(Phase::Handshake);
        (phase, self.opened + Duration::from_millis(state >> PHASE_BITS))
    }

    /// Counts an answer. Whether it should be the connection's last one: an API server keeps to the connections that
    /// it has, so without an end to them new replicas would get nothing to do.
    pub(super) fn retires_with_this_answer(&self) -> bool {
        let answered = self.answered.fetch_add(1, Ordering::Relaxed) + 1;
        answered >= self.most_answers || Instant::now() >= self.retires
    }
}

/// One to two times the base, spread evenly over consecutive connections by the golden ratio: connections that were
/// opened together do not end together, and no randomness is needed for it.
fn age(serial: u64, base: Duration) -> Duration {
    let spread = serial.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56;
    base + base * u32::try_from(spread).unwrap_or(0) / 256
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn seat(limits: &HttpLimits) -> ConnectionSlot {
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
    async fn knows_its_phase() {
        let seat = seat(&HttpLimits::default());
        assert_eq!(seat.phase().0, Phase::Handshake);
        for phase in PHASES {
            seat.enter(phase);
            assert_eq!(seat.phase().0, phase);
        }
    }

    #[tokio::test]
    async fn retires_after_so_many_answers() {
        let seat = seat(&HttpLimits { requests_per_connection: 3, ..HttpLimits::default() });
        let retires: Vec<_> = (0..3).map(|_| seat.retires_with_this_answer()).collect();
        assert_eq!(retires, [false, false, true]);
    }

    #[tokio::test]
    async fn retires_with_age() {
        let seat = seat(&HttpLimits { connection_age: Duration::ZERO, ..HttpLimits::default() });
        assert!(seat.retires_with_this_answer());
    }
}
