//! A stream that tells a connection's seat what passes through it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{ConnectionSlot, Phase};

/// A stream that notices the first byte of a request, and the last one of an answer.
///
/// hyper has a deadline for heads, but it begins when the connection comes to rest, and would close each one that has
/// nothing to do for some seconds, just when the API server may be about to use it. It has none for answers. It flushes the
/// stream when it has handed over all that it had to write, and not before, so an answer is with the kernel when that is done.
#[derive(Debug)]
pub(in crate::http) struct FirstByteStream<S> {
    stream: S,
    seat: Arc<ConnectionSlot>,
}

impl<S> FirstByteStream<S> {
    pub(in crate::http) fn new(stream: S, seat: Arc<ConnectionSlot>) -> Self {
        FirstByteStream { stream, seat }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstByteStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before && self.seat.phase().0 == Phase::Idle {
            self.seat.enter(Phase::ReadingHead);
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
        if matches!(flushed, Poll::Ready(Ok(()))) && self.seat.phase().0 == Phase::Write {
            self.seat.enter(Phase::Idle);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        // The farewell of TLS does not fit behind what the peer has not read yet; it has no more time for that than for an answer.
        if shut.is_pending() && self.seat.phase().0 == Phase::Idle {
            self.seat.enter(Phase::Write);
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
