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

/// The size of the buffer, in bytes.
const CAPACITY: usize = 1 << 20;
/// How long lines are collected before they are written together. Waking the thread for each line would cost more than a
/// review.
const BATCH_DELAY: Duration = Duration::from_millis(10);
/// How long writing the last lines may take.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// Appends lines to the buffer. Clones share it.
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
    buffer: Vec<u8>,
    /// Whether the thread has to be notified of a line.
    asleep: bool,
    closing: bool,
    closed: bool,
}

impl LogWriter {
    /// Starts a thread that writes to a sink. A sink that blocks, such as a full pipe, blocks only that thread.
    pub(super) fn open(sink: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let source = Arc::clone(&shared);
        let write = move || source.write_batches(sink);
        thread::Builder::new().name("log".into()).stack_size(128 << 10).spawn(write)?;
        Ok(LogWriter(shared))
    }

    /// Counts the lines that were dropped because the buffer was full.
    pub(super) fn dropped(&self) -> Counter {
        self.0.dropped.clone()
    }

    /// Appends one whole line, so that a line is kept or dropped as a whole.
    pub(super) fn append(&self, line: &[u8]) {
        let mut state = self.0.state();
        if state.buffer.len() + line.len() > CAPACITY {
            self.0.dropped.inc();
            return;
        }
        let wake = state.asleep && state.buffer.is_empty();
        state.buffer.extend_from_slice(line);
        drop(state);
        if wake {
            self.0.changed.notify_all();
        }
    }

    /// Writes the buffered lines, within [`SHUTDOWN_GRACE`].
    pub(super) fn close(&self) {
        let mut state = self.0.state();
        state.closing = true;
        self.0.changed.notify_all();
        let _ = self.0.changed.wait_timeout_while(state, SHUTDOWN_GRACE, |state| !state.closed);
    }
}

impl Shared {
    fn write_batches(&self, mut sink: impl Write) {
        let mut batch = Vec::new();
        loop {
            let mut state = self.state();
            state.asleep = true;
            while state.buffer.is_empty() && !state.closing {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.asleep = false;
            let collected = self.changed.wait_timeout_while(state, BATCH_DELAY, |state| !state.closing);
            let mut state = collected.unwrap_or_else(PoisonError::into_inner).0;
            if state.buffer.is_empty() {
                state.closed = true;
                self.changed.notify_all();
                return;
            }
            mem::swap(&mut state.buffer, &mut batch);
            drop(state);
            // A failure to write the log cannot be logged.
            let _ = sink.write_all(&batch).and_then(|()| sink.flush());
            batch.clear();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each write is one whole line.
impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.append(line);
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

    /// A pipe that is not read until the test allows it.
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
    fn whole_lines_are_dropped_without_waiting_while_the_pipe_is_blocked() {
        let (unblock, blocked) = channel();
        let (written, batches) = channel();
        let mut log_writer = LogWriter::open(Blocked(blocked, written)).unwrap();
        let line = [b'x'; 1000];
        for _ in 0..3000 {
            log_writer.write_all(&line).unwrap();
        }
        let dropped = log_writer.dropped().get();
        assert!(dropped >= 3000 - 2 * (CAPACITY as u64 / 1000) && dropped < 3000, "{dropped}");
        drop(unblock);
        log_writer.close();
        let bytes: usize = batches.iter().map(|batch| batch.len()).sum();
        assert_eq!(bytes as u64, (3000 - dropped) * 1000);
    }

    #[test]
    fn a_blocked_pipe_does_not_delay_the_exit() {
        let (_unblock, blocked) = channel::<()>();
        let (written, _batches) = channel();
        let mut log_writer = LogWriter::open(Blocked(blocked, written)).unwrap();
        log_writer.write_all(b"last line\n").unwrap();
        log_writer.close();
    }
}
