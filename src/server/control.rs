//! The control thread. It does all work on companions, certificates, statuses and policies, so that none of it delays a
//! review or a probe.

use std::future::Future;
use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How many threads the runtime may have for blocking work: snapshots and files, and up to six previews.
const MAX_BLOCKING_THREADS: usize = 10;

/// The control thread and its runtime. Dropping this ends the thread.
pub(super) struct Control {
    runtime: Handle,
    _end: oneshot::Sender<()>,
}

impl Control {
    /// Starts the thread.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().max_blocking_threads(MAX_BLOCKING_THREADS).enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        thread::Builder::new().name("control".into()).spawn(move || {
            let _ = runtime.block_on(ended);
            // A blocking thread may wait for a file system that hangs. It does not delay the exit of the process.
            runtime.shutdown_background();
        })?;
        Ok(Control { runtime: handle, _end: end })
    }

    /// Spawns a task on the control thread.
    pub(super) fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.runtime.spawn(task)
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }
}
