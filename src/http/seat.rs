//! One connection's place in the crowd: which phase it is in, since when, and when it should go.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Limits;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The TLS handshake.
    Handshake,
    /// Nothing: it waits for a request, or for the peer to read an answer.
    Rest,
    /// A request's head has begun to arrive.
    Head,
    /// A request is being answered; reading its body counts as that, and has a deadline of its own.
    Answer,
}

const PHASES: [Phase; 4] = [Phase::Handshake, Phase::Rest, Phase::Head, Phase::Answer];

/// A connection's place. Its own task says what it does; the crowd reads that, and may ask it to leave.
#[derive(Debug)]
pub(super) struct Seat {
    opened: Instant,
    /// The phase in the last two bits, and in front of them when it began, in milliseconds since `opened`.
    state: AtomicU64,
    answered: AtomicU32,
    /// When the connection is too old.
    retires: Instant,
    most_answers: u32,
    leaves: AtomicBool,
    needed: Notify,
}

impl Seat {
    pub(super) fn new(serial: u64, limits: &Limits) -> Self {
        let opened = Instant::now();
        Seat {
            opened,
            state: AtomicU64::new(0),
            answered: AtomicU32::new(0),
            retires: opened + age(serial, limits.connection_age),
            most_answers: limits.requests_per_connection,
            leaves: AtomicBool::new(false),
            needed: Notify::new(),
        }
    }

    /// Asks the connection to leave, for somebody else needs the seat.
    pub(super) fn leave(&self) {
        self.leaves.store(true, Ordering::Relaxed);
        self.needed.notify_one();
    }

    /// Whether it was asked to leave.
    pub(super) fn leaves(&self) -> bool {
        self.leaves.load(Ordering::Relaxed)
    }

    /// Waits until it is asked to leave, and has still nothing better to do.
    pub(super) async fn gives_way(&self, settle: Duration) {
        loop {
            self.needed.notified().await;
            if self.stalls(settle) {
                return;
            }
            self.leaves.store(false, Ordering::Relaxed);
        }
    }

    /// Whether it has been in one phase for so long that it may be closed. One that has only just come to rest may have
    /// a request under way; one that has only just begun something is probably honest.
    pub(super) fn stalls(&self, settle: Duration) -> bool {
        Instant::now() >= self.phase().1 + settle
    }

    pub(super) fn enter(&self, phase: Phase) {
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX >> 2);
        self.state.store(now << 2 | phase as u64, Ordering::Relaxed);
    }

    /// What the connection is doing, and since when.
    pub(super) fn phase(&self) -> (Phase, Instant) {
        let state = self.state.load(Ordering::Relaxed);
        (PHASES[(state & 3) as usize], self.opened + Duration::from_millis(state >> 2))
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

/// A stream that notices the first byte of a request.
///
/// hyper has a deadline for heads, but it begins when the connection comes to rest, and would close each one that has
/// nothing to do for some seconds, just when the API server may be about to use it.
#[derive(Debug)]
pub(super) struct Attentive<S> {
    stream: S,
    seat: Arc<Seat>,
}

impl<S> Attentive<S> {
    pub(super) fn new(stream: S, seat: Arc<Seat>) -> Self {
        Attentive { stream, seat }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Attentive<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before && self.seat.phase().0 == Phase::Rest {
            self.seat.enter(Phase::Head);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Attentive<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let seat = Seat::new(0, &Limits::default());
        assert_eq!(seat.phase().0, Phase::Handshake);
        for phase in PHASES {
            seat.enter(phase);
            assert_eq!(seat.phase().0, phase);
        }
    }

    #[tokio::test]
    async fn retires_after_so_many_answers() {
        let seat = Seat::new(0, &Limits { requests_per_connection: 3, ..Limits::default() });
        let retires: Vec<_> = (0..3).map(|_| seat.retires_with_this_answer()).collect();
        assert_eq!(retires, [false, false, true]);
    }

    #[tokio::test]
    async fn retires_with_age() {
        let seat = Seat::new(0, &Limits { connection_age: Duration::ZERO, ..Limits::default() });
        assert!(seat.retires_with_this_answer());
    }
}
