//! One connection, from its handshake to its last response.

mod first_byte_stream;
pub(super) mod handshake;
mod phase_timeout;

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tower::ServiceExt as _;

use first_byte_stream::FirstByteStream;
use phase_timeout::PhaseTimeout;

use super::connections::SlotGuard;
use super::connections::phase::Phase;
use super::connections::slot::ConnectionSlot;
use super::drain::Drain;
use super::limits::HttpLimits;
use super::metrics::HttpMetrics;

/// How many bytes are read at once; a head that does not fit is refused with 431. TLS hands over at most 16 KiB.
const BUFFER: usize = 32 << 10;
/// How long a head may be, in bytes.
const HEAD: usize = 16 << 10;
/// How long closing a connection may take: writing the last bytes of TLS.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);
/// How long closing may take where another connection waits for the slot.
const EVICTION_GRACE: Duration = Duration::from_millis(100);

/// What the connections of one port have in common.
#[derive(Debug, Clone)]
pub(super) struct ConnectionContext {
    pub(super) router: Router,
    pub(super) limits: Arc<HttpLimits>,
    pub(super) drain: Drain,
    pub(super) metrics: Arc<HttpMetrics>,
}

/// Why a connection is no longer served.
enum End {
    /// The peer closed it, its last response was written, or hyper failed.
    Finished(hyper::Result<()>),
    /// It has been in one phase for too long.
    TimedOut,
    /// Its slot or its memory is needed.
    Evicted,
}

/// Serves a connection until it ends, times out, or is evicted.
pub(super) async fn serve<S>(stream: S, guard: SlotGuard, context: ConnectionContext)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let guard = Arc::new(guard);
    let slot = Arc::clone(&guard.slot);
    slot.enter(Phase::Idle);
    let io = TokioIo::new(FirstByteStream::new(stream, Arc::clone(&slot)));
    let state = (context.router, guard, context.drain.clone());
    let service = hyper::service::service_fn(move |request| respond(state.clone(), request));
    let mut connection = pin!(protocol().serve_connection(io, service));
    let mut phase_timeout = pin!(PhaseTimeout::new(&slot, &context.limits, &context.drain));
    let end = tokio::select! {
        // The connection is polled first, so that bytes which have arrived are read before a timeout is noticed.
        biased;
        result = &mut connection => End::Finished(result),
        () = phase_timeout.as_mut().elapsed() => End::TimedOut,
        () = slot.evicted() => End::Evicted,
    };
    if let End::Finished(result) = end {
        return record_parse_error(&result, &context.metrics);
    }
    if let Some(grace) = grace(&end, &slot) {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(grace, connection).await;
    }
}

/// How long a connection that is cut short gets to close properly; `None` where it is dropped at once. An idle peer gets
/// TLS's close_notify, while a peer that stalls within a request would stall again. An evicted client that has sent a valid
/// review before, and is sending another one, still gets its response.
fn grace(end: &End, slot: &ConnectionSlot) -> Option<Duration> {
    let phase = slot.phase().0;
    match end {
        End::Finished(_) => None,
        End::TimedOut => (phase == Phase::Idle).then_some(SHUTDOWN_GRACE),
        End::Evicted => {
            let close = phase == Phase::Idle || slot.is_proven() && phase != Phase::Writing;
            close.then_some(EVICTION_GRACE)
        }
    }
}

/// HTTP/1.1 with small buffers. hyper's own deadline for heads is off, see [`FirstByteStream`].
fn protocol() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.header_read_timeout(None).max_buf_size(BUFFER).max_header_size(HEAD);
    builder
}

/// Responds to a request. The response closes the connection if the connection is too old, if the replica is shutting down,
/// or if the request was refused: an API server does not send such requests.
async fn respond(
    (router, guard, drain): (Router, Arc<SlotGuard>, Drain),
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let slot = &guard.slot;
    slot.enter(Phase::Responding);
    request.extensions_mut().insert(Arc::clone(slot));
    let mut response = router.oneshot(request).await?;
    let refused = match response.status() {
        StatusCode::OK => {
            guard.prove();
            false
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => false,
        _ => true,
    };
    if slot.retires_with_this_response() || refused || drain.is_announced() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    slot.enter(Phase::Writing);
    Ok(response)
}

/// Counts the requests that hyper refuses on its own.
fn record_parse_error(result: &hyper::Result<()>, metrics: &HttpMetrics) {
    match result {
        Err(error) if error.is_parse_too_large() => metrics.record_refusal(431),
        Err(error) if error.is_parse() => metrics.record_refusal(400),
        _ => {}
    }
}
