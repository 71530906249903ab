//! What runs behind the answering: tasks that a bug does not end, and that a replica which goes puts down.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::metrics::Metrics;
use crate::watch::{Backoff, ResetAfter};

/// The pauses before a task starts anew: the first, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// The tasks of a server. They end with it.
pub(crate) struct Background {
    metrics: Arc<Metrics>,
    /// Where they run.
    runtime: Handle,
    lasting: JoinSet<()>,
    writing: JoinSet<()>,
}

/// What a task does, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    FilesWatch,
    ClusterWatch,
    StatusWriter,
    Snapshots,
    CertificateKeeper,
    PolicyWatch,
    PolicyWriter,
}

impl Background {
    pub(crate) fn new(metrics: &Arc<Metrics>, runtime: Handle) -> Self {
        Background { metrics: Arc::clone(metrics), runtime, lasting: JoinSet::new(), writing: JoinSet::new() }
    }

    /// Runs a task until the process ends. Whenever it panics it is counted, logged and made anew, after a pause that
    /// doubles each time; one that returns is done.
    pub(crate) fn run<F>(&mut self, task: Task, make: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.lasting.spawn_on(keep(task, make, Arc::clone(&self.metrics)), &self.runtime);
    }

    /// Runs a task that writes into the cluster, in the same way, until [`Background::stop_writing`].
    pub(crate) fn write<F>(&mut self, task: Task, make: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.writing.spawn_on(keep(task, make, Arc::clone(&self.metrics)), &self.runtime);
    }

    /// Ends all tasks that write into the cluster, and returns when none is left.
    ///
    /// A replica that is told to end may be the last of an installation that was taken out: what it would put in order
    /// now is nobody's any more, and stands in the way of the next installation.
    pub(crate) async fn stop_writing(&mut self) {
        self.writing.shutdown().await;
    }
}

impl Task {
    fn as_str(self) -> &'static str {
        match self {
            Task::FilesWatch => "files watch",
            Task::ClusterWatch => "cluster watch",
            Task::StatusWriter => "status writer",
            Task::Snapshots => "snapshots",
            Task::CertificateKeeper => "certificate keeper",
            Task::PolicyWatch => "policy watch",
            Task::PolicyWriter => "policy writer",
        }
    }
}

async fn keep<F>(task: Task, mut make: impl FnMut() -> F, metrics: Arc<Metrics>)
where
    F: Future<Output = ()>,
{
    let mut backoff = Backoff::new(PAUSES[0], PAUSES[1], ResetAfter::Quiet(PAUSES[1]));
    loop {
        // Nothing of a task that panicked is used again but what it shares, which is replaced as a whole or not at all.
        if AssertUnwindSafe(async { make().await }).catch_unwind().await.is_ok() {
            return;
        }
        metrics.panics.inc();
        let pause = backoff.fail(Instant::now());
        tracing::error!(task = task.as_str(), ?pause, "a task panicked, and starts anew after a pause");
        sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::Mutex;

    use tokio::time::interval;

    use super::*;

    /// A task that panics whenever it starts, but for the starts from a number on; and when it started, in milliseconds.
    fn panics_until(
        good: usize,
        lasts: Duration,
    ) -> (Arc<Mutex<Vec<u128>>>, impl FnMut() -> futures_util::future::BoxFuture<'static, ()> + Send) {
        let starts = Arc::new(Mutex::new(Vec::new()));
        let (all, began) = (Arc::clone(&starts), Instant::now());
        let make = move || {
            let count = {
                let mut starts = starts.lock().unwrap();
                starts.push(began.elapsed().as_millis());
                starts.len()
            };
            async move {
                sleep(lasts).await;
                assert!(count >= good, "a bug");
                pending::<()>().await;
            }
            .boxed()
        };
        (all, make)
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_twice_goes_on_after_pauses_and_each_panic_is_counted() {
        let metrics = Arc::new(Metrics::default());
        let (starts, make) = panics_until(3, Duration::ZERO);
        let mut background = Background::new(&metrics, Handle::current());
        background.run(Task::ClusterWatch, make);
        sleep(Duration::from_secs(600)).await;
        assert_eq!(*starts.lock().unwrap(), [0, 1_000, 3_000]);
        assert_eq!(metrics.panics.get(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_are_bounded_and_short_again_for_a_task_that_has_lasted() {
        let metrics = Arc::new(Metrics::default());
        let (always, make) = panics_until(usize::MAX, Duration::ZERO);
        let (late, make_late) = panics_until(usize::MAX, Duration::from_secs(60));
        let mut background = Background::new(&metrics, Handle::current());
        background.run(Task::ClusterWatch, make);
        background.run(Task::StatusWriter, make_late);
        sleep(Duration::from_secs(125)).await;
        let seconds = |starts: &Mutex<Vec<u128>>| starts.lock().unwrap().iter().map(|at| at / 1000).collect::<Vec<_>>();
        assert_eq!(seconds(&always), [0, 1, 3, 7, 15, 31, 61, 91, 121]);
        assert_eq!(seconds(&late), [0, 61, 122]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_while_a_task_is_made_is_one_of_the_task_and_one_that_returns_is_done() {
        let metrics = Arc::new(Metrics::default());
        let mut background = Background::new(&metrics, Handle::current());
        let mut made = 0;
        background.run(Task::FilesWatch, move || {
            made += 1;
            assert!(made == 2, "a bug, or made once more after it was done");
            ready(())
        });
        sleep(Duration::from_secs(600)).await;
        assert_eq!(metrics.panics.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_writes_stops_at_once_even_while_pausing_and_who_reads_goes_on() {
        let metrics = Arc::new(Metrics::default());
        let mut background = Background::new(&metrics, Handle::current());
        let ticks = Arc::new([const { Mutex::new(0) }; 2]);
        let ticking = |which: usize| {
            let ticks = Arc::clone(&ticks);
            move || {
                let ticks = Arc::clone(&ticks);
                async move {
                    let mut clock = interval(Duration::from_secs(1));
                    loop {
                        clock.tick().await;
                        *ticks[which].lock().unwrap() += 1;
                    }
                }
            }
        };
        let (paused, make) = panics_until(usize::MAX, Duration::ZERO);
        background.write(Task::CertificateKeeper, ticking(0));
        background.write(Task::StatusWriter, make);
        background.run(Task::Snapshots, ticking(1));
        sleep(Duration::from_millis(500)).await;
        background.stop_writing().await;
        sleep(Duration::from_secs(60)).await;
        assert_eq!(*ticks[0].lock().unwrap(), 1);
        assert_eq!(paused.lock().unwrap().len(), 1);
        assert_eq!(*ticks[1].lock().unwrap(), 61);
    }
}
