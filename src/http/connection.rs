//! One connection, from its first request to its last answer.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tower::ServiceExt as _;

use super::connections::SlotGuard;
use super::slot::{ConnectionSlot, FirstByteStream, Phase};
use super::{ConnectionEvent, Drain, HttpLimits, Observer};

/// How many bytes are read at once; a head that does not fit is refused with 431. TLS hands over no more than 16 KiB.
const BUFFER: usize = 32 << 10;
/// How long a head may be, in bytes.
const HEAD: usize = 16 << 10;
/// How long a farewell may take: the last bytes of TLS.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);
/// How long it may take where others wait for the seat.
const SHORT_SHUTDOWN_GRACE: Duration = Duration::from_millis(100);

/// What connections of one port have in common.
#[derive(Debug, Clone)]
pub(super) struct ConnectionContext {
    pub(super) router: Router,
    pub(super) limits: Arc<HttpLimits>,
    pub(super) drain: Drain,
    pub(super) observer: Observer,
}

/// Why a connection is no longer served.
enum End {
    /// It has ended by itself.
    Ended(hyper::Result<()>),
    /// It has been in one phase for too long.
    Stalled,
    /// Its seat or its memory is needed.
    Evicted,
}

/// Serves a connection until it ends, stalls, or its seat is needed.
pub(super) async fn serve<S>(stream: S, taken: SlotGuard, manners: ConnectionContext)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let taken = Arc::new(taken);
    let seat = Arc::clone(&taken.seat);
    seat.enter(Phase::Idle);
    let io = TokioIo::new(FirstByteStream::new(stream, Arc::clone(&seat)));
    let answering = (manners.router, taken, manners.drain.clone());
    let service = hyper::service::service_fn(move |request| answer(answering.clone(), request));
    let mut connection = pin!(protocol().serve_connection(io, service));
    let mut stall = pin!(PhaseTimeout::new(&seat, &manners.limits, &manners.drain));
    let end = tokio::select! {
        // The connection first: what has arrived is noticed before anything is called a stall.
        biased;
        ended = &mut connection => End::Ended(ended),
        () = stalls(stall.as_mut(), &manners.drain) => End::Stalled,
        () = seat.evicted() => End::Evicted,
    };
    // Whoever rests is told; whoever stalled in the middle of something would only stall again. A client that has sent a
    // valid review, and began another one just now, is answered.
    let rests = seat.phase().0 == Phase::Idle;
    let farewell = match end {
        End::Ended(Err(error)) => return report(&error, &manners.observer),
        End::Ended(Ok(())) => return,
        End::Stalled => rests.then_some(SHUTDOWN_GRACE),
        End::Evicted => (rests || seat.proven() && seat.phase().0 != Phase::Write).then_some(SHORT_SHUTDOWN_GRACE),
    };
    if let Some(farewell) = farewell {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(farewell, connection).await;
    }
}

/// HTTP/1.1 with nothing that is not needed. hyper's own deadline for heads is off, see [`Attentive`].
fn protocol() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.header_read_timeout(None).max_buf_size(BUFFER).max_header_size(HEAD);
    builder
}

/// Answers a request, and says so where the answer is the connection's last: where it is too old, where the replica ends, and
/// where the request was refused, for then it is not an API server's, or not one that anything here would help.
async fn answer(
    (router, taken, drain): (Router, Arc<SlotGuard>, Drain),
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let seat = &taken.seat;
    seat.enter(Phase::Responding);
    request.extensions_mut().insert(Arc::clone(seat));
    let mut response = router.oneshot(request).await?;
    let refused = match response.status() {
        StatusCode::OK => {
            taken.prove();
            false
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => false,
        _ => true,
    };
    if seat.retires_with_this_answer() || refused || drain.announced() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    seat.enter(Phase::Write);
    Ok(response)
}

/// Requests that hyper refuses by itself count, too.
fn report(error: &hyper::Error, observer: &Observer) {
    if error.is_parse_too_large() {
        observer.notify(ConnectionEvent::Refused(431));
    } else if error.is_parse() {
        observer.notify(ConnectionEvent::Refused(400));
    }
}

/// Waits for the stall; the drain only wakes it, for it changes what counts as one.
async fn stalls(mut stall: Pin<&mut PhaseTimeout<'_>>, drain: &Drain) {
    tokio::select! {
        biased;
        () = stall.as_mut() => return,
        () = drain.closed() => {}
    }
    stall.await;
}

/// Ends when a connection has been in one phase for too long.
///
/// Phases change with every request, and timers cost. So the timer is set back only where it would come too late, and
/// when it comes too early it is set anew.
#[derive(Debug)]
struct PhaseTimeout<'a> {
    seat: &'a ConnectionSlot,
    limits: &'a HttpLimits,
    drain: &'a Drain,
    timer: Pin<Box<Sleep>>,
}

impl<'a> PhaseTimeout<'a> {
    fn new(seat: &'a ConnectionSlot, limits: &'a HttpLimits, drain: &'a Drain) -> Self {
        PhaseTimeout { seat, limits, drain, timer: Box::pin(sleep_until(Instant::now() + limits.idle)) }
    }

    /// Until when the phase may last.
    fn deadline(&self) -> Option<Instant> {
        let (phase, since) = self.seat.phase();
        match phase {
            Phase::Handshake => Some(since + self.limits.handshake),
            Phase::Idle if self.drain.closing() => Some(since + self.limits.settle),
            Phase::Idle => Some(since + self.limits.idle),
            Phase::ReadingHead => Some(since + self.limits.head),
            Phase::Responding => None,
            Phase::Write => Some(since + self.limits.answer),
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
