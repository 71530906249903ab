//! A bounded buffer of log lines that a thread of its own writes, so that logging never blocks.
//!
//! The crate `tracing-appender` bounds its buffer by lines. Lines can be long, and the memory of a replica is bounded, so this
//! buffer is bounded by bytes.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tracing_subscriber::fmt::MakeWriter;

/// How many bytes may wait to be written.
const CAPACITY: usize = 1 << 20;
/// How long lines are gathered before they are written together: to wake a thread for each costs more than the review.
const GATHER: Duration = Duration::from_millis(10);
/// How long the last lines may take.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// The way out for lines. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct LogWriter(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    dropped: Counter,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Whether the thread has to be woken for a line.
    asleep: bool,
    closing: bool,
    closed: bool,
}

impl LogWriter {
    /// Writes to a sink from now on. A sink that blocks, as a full pipe does, holds up its own thread only.
    pub(super) fn open(sink: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let emptied = Arc::clone(&shared);
        let empty = move || emptied.empty(sink);
        thread::Builder::new().name("log".into()).stack_size(128 << 10).spawn(empty)?;
        Ok(LogWriter(shared))
    }

    /// How many lines were dropped.
    pub(super) fn dropped(&self) -> Counter {
        self.0.dropped.clone()
    }

    /// Brings out what waits, for as long as that is bearable.
    pub(super) fn close(&self) {
        let mut state = self.0.state();
        state.closing = true;
        self.0.changed.notify_all();
        let _ = self.0.changed.wait_timeout_while(state, SHUTDOWN_GRACE, |state| !state.closed);
    }
}

impl Shared {
    fn empty(&self, mut sink: impl Write) {
        let mut batch = Vec::new();
        loop {
            let mut state = self.state();
            state.asleep = true;
            while state.waiting.is_empty() && !state.closing {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.asleep = false;
            let gathering = self.changed.wait_timeout_while(state, GATHER, |state| !state.closing);
            let mut state = gathering.unwrap_or_else(PoisonError::into_inner).0;
            if state.waiting.is_empty() {
                state.closed = true;
                self.changed.notify_all();
                return;
            }
            mem::swap(&mut state.waiting, &mut batch);
            drop(state);
            // A log that cannot be written cannot be complained about.
            let _ = sink.write_all(&batch).and_then(|()| sink.flush());
            batch.clear();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line comes in one piece, so it is taken whole or dropped whole.
impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = self.0.state();
        if state.waiting.len() + line.len() > CAPACITY {
            self.0.dropped.inc();
            return Ok(line.len());
        }
        let wake = state.asleep && state.waiting.is_empty();
        state.waiting.extend_from_slice(line);
        drop(state);
        if wake {
            self.0.changed.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = LogWriter;

    fn make_writer(&'a self) -> LogWriter {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// A pipe that nobody reads until it is told to.
    struct Blocked(Receiver<()>, Sender<Vec<u8>>);

    impl Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            let _ = self.1.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn drops_whole_lines_and_never_waits_while_the_pipe_is_blocked() {
        let (unblock, blocked) = channel();
        let (written, came) = channel();
        let mut outlet = LogWriter::open(Blocked(blocked, written)).unwrap();
        let line = [b'x'; 1000];
        for _ in 0..3000 {
            outlet.write_all(&line).unwrap();
        }
        let dropped = outlet.dropped().get();
        assert!(dropped >= 3000 - 2 * (CAPACITY as u64 / 1000) && dropped < 3000, "{dropped}");
        drop(unblock);
        outlet.close();
        let bytes: usize = came.iter().map(|batch| batch.len()).sum();
        assert_eq!(bytes as u64, (3000 - dropped) * 1000);
    }

    #[test]
    fn a_blocked_pipe_does_not_keep_the_process() {
        let (_unblock, blocked) = channel::<()>();
        let (written, _came) = channel();
        let mut outlet = LogWriter::open(Blocked(blocked, written)).unwrap();
        outlet.write_all(b"last words\n").unwrap();
        outlet.close();
    }
}
