//! The deadline of the phase that a connection is in.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::http::connections::phase::Phase;
use crate::http::connections::slot::ConnectionSlot;
use crate::http::drain::Drain;
use crate::http::limits::HttpLimits;

/// Completes when a connection has been in one phase for too long.
///
/// Phases change with every request, and resetting a timer costs. So the timer is set to an earlier time only where it would
/// fire too late; when it fires too early, it is set again.
#[derive(Debug)]
pub(super) struct PhaseTimeout<'a> {
    slot: &'a ConnectionSlot,
    limits: &'a HttpLimits,
    drain: &'a Drain,
    timer: Pin<Box<Sleep>>,
}

impl<'a> PhaseTimeout<'a> {
    pub(super) fn new(slot: &'a ConnectionSlot, limits: &'a HttpLimits, drain: &'a Drain) -> Self {
        PhaseTimeout { slot, limits, drain, timer: Box::pin(sleep_until(Instant::now() + limits.idle)) }
    }

    /// Waits for the timeout. The drain shortens the deadline of idle connections, so closing it polls the timeout again.
    pub(super) async fn elapsed(mut self: Pin<&mut Self>) {
        let drain = self.drain;
        tokio::select! {
            biased;
            () = self.as_mut() => return,
            () = drain.closed() => {}
        }
        self.await;
    }

    /// When the current phase has to end.
    fn deadline(&self) -> Option<Instant> {
        let (phase, since) = self.slot.phase();
        match phase {
            Phase::Handshake => Some(since + self.limits.handshake),
            Phase::Idle if self.drain.is_closing() => Some(since + self.limits.settle),
            Phase::Idle => Some(since + self.limits.idle),
            Phase::ReadingHead => Some(since + self.limits.head),
            Phase::Responding => None,
            Phase::Writing => Some(since + self.limits.answer),
        }
    }
}

impl Future for PhaseTimeout<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.deadline() else { return Poll::Pending };
        if deadline < self.timer.deadline() {
            self.timer.as_mut().reset(deadline);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let Some(deadline) = self.deadline().filter(|deadline| *deadline > Instant::now()) else {
                return Poll::Ready(());
            };
            self.timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}
