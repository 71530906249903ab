//! A stream that keeps the phase of its connection up to date.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http::connections::phase::Phase;
use crate::http::connections::slot::ConnectionSlot;

/// A stream that records the first byte of a request and the last byte of a response in the connection's slot.
///
/// hyper has a deadline for request heads, but it starts when the connection becomes idle. It would close every connection
/// that is idle for some seconds, possibly while the API server sends a request on it. hyper has no deadline for responses.
/// It flushes the stream only when it has handed over all that it had to write, so the response is with the kernel when a
/// flush is complete.
#[derive(Debug)]
pub(super) struct FirstByteStream<S> {
    stream: S,
    slot: Arc<ConnectionSlot>,
}

impl<S> FirstByteStream<S> {
    pub(super) fn new(stream: S, slot: Arc<ConnectionSlot>) -> Self {
        FirstByteStream { stream, slot }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstByteStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before && self.slot.phase().0 == Phase::Idle {
            self.slot.enter(Phase::ReadingHead);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstByteStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) && self.slot.phase().0 == Phase::Writing {
            self.slot.enter(Phase::Idle);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        // The close_notify alert of TLS does not fit into the kernel's buffer while the peer does not read. It gets no more
        // time than a response.
        if shut.is_pending() && self.slot.phase().0 == Phase::Idle {
            self.slot.enter(Phase::Writing);
        }
        shut
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
