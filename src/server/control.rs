//! The control thread: whatever has to do with companions, certificates, statuses and policies is done there, so that none
//! of it ever keeps a review or a probe waiting.

use std::future::Future;
use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How many threads there may be for work that blocks: snapshots, files, and companions in the preview.
const BLOCKING: usize = 4;

/// The control thread. It ends with this.
pub(crate) struct Control {
    runtime: Handle,
    _end: oneshot::Sender<()>,
}

impl Control {
    /// Starts the thread, with nothing to do.
    ///
    /// # Errors
    /// Where there can be no further thread.
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().max_blocking_threads(BLOCKING).enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        thread::Builder::new().name("control".into()).spawn(move || {
            let _ = runtime.block_on(ended);
            // What still waits on a file system that hangs does not keep the process.
            runtime.shutdown_background();
        })?;
        Ok(Control { runtime: handle, _end: end })
    }

    /// Runs something there.
    pub(crate) fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.runtime.spawn(work)
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }
}
