//! One connection, from its first request to its last answer.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tower::ServiceExt as _;

use super::seat::{Attentive, Phase, Seat};
use super::{Drain, Event, Limits, Observer};

/// How many bytes are read at once; a head that does not fit is refused with 431.
const BUFFER: usize = 64 << 10;
/// How long a head may be, in bytes.
const HEAD: usize = 16 << 10;
/// How long a farewell may take: the last bytes of TLS.
const FAREWELL: Duration = Duration::from_secs(1);

/// What connections of one port have in common.
#[derive(Debug, Clone)]
pub(super) struct Manners {
    pub(super) router: Router,
    pub(super) limits: Arc<Limits>,
    pub(super) drain: Drain,
    pub(super) observer: Observer,
}

/// Serves a connection until it ends, stalls, or its seat is needed.
pub(super) async fn serve<S>(stream: S, seat: Arc<Seat>, manners: Manners)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    seat.enter(Phase::Rest);
    let io = TokioIo::new(Attentive::new(stream, Arc::clone(&seat)));
    let answering = (manners.router, Arc::clone(&seat), manners.drain.clone());
    let service = hyper::service::service_fn(move |request| answer(answering.clone(), request));
    let mut connection = pin!(protocol().serve_connection(io, service));
    let mut stall = pin!(Stall::new(&seat, &manners.limits, &manners.drain));
    let ended = tokio::select! {
        // The connection first: what has arrived is noticed before anything is called a stall.
        biased;
        ended = &mut connection => Some(ended),
        () = stalls(stall.as_mut(), &manners.drain) => None,
        () = seat.gives_way(manners.limits.settle) => None,
    };
    match ended {
        Some(Err(error)) => report(&error, &manners.observer),
        // Whoever rests is told; whoever stalled in the middle of something would only stall again.
        None if seat.phase().0 == Phase::Rest => {
            connection.as_mut().graceful_shutdown();
            let _ = timeout(FAREWELL, connection).await;
        }
        Some(Ok(())) | None => {}
    }
}

/// HTTP/1.1 with nothing that is not needed. hyper's own deadline for heads is off, see [`Attentive`].
fn protocol() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.header_read_timeout(None).max_buf_size(BUFFER).max_header_size(HEAD);
    builder
}

/// Answers a request, and says so where the answer is the connection's last.
async fn answer(
    (router, seat, drain): (Router, Arc<Seat>, Drain),
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    seat.enter(Phase::Answer);
    let mut response = router.oneshot(request).await?;
    if seat.retires_with_this_answer() || drain.announced() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    seat.enter(Phase::Rest);
    Ok(response)
}

/// Requests that hyper refuses by itself count, too.
fn report(error: &hyper::Error, observer: &Observer) {
    if error.is_parse_too_large() {
        observer.tell(Event::Refused(431));
    } else if error.is_parse() {
        observer.tell(Event::Refused(400));
    }
}

/// Waits for the stall; the drain only wakes it, for it changes what counts as one.
async fn stalls(mut stall: Pin<&mut Stall<'_>>, drain: &Drain) {
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
struct Stall<'a> {
    seat: &'a Seat,
    limits: &'a Limits,
    drain: &'a Drain,
    timer: Pin<Box<Sleep>>,
}

impl<'a> Stall<'a> {
    fn new(seat: &'a Seat, limits: &'a Limits, drain: &'a Drain) -> Self {
        Stall { seat, limits, drain, timer: Box::pin(sleep_until(Instant::now() + limits.idle)) }
    }

    /// Until when the phase may last.
    fn deadline(&self) -> Option<Instant> {
        let (phase, since) = self.seat.phase();
        match phase {
            Phase::Handshake => Some(since + self.limits.handshake),
            Phase::Rest if self.drain.closing() => Some(since + self.limits.settle),
            Phase::Rest => Some(since + self.limits.idle),
            Phase::Head => Some(since + self.limits.head),
            Phase::Answer => None,
        }
    }
}

impl Future for Stall<'_> {
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
