//! Background tasks: a panic restarts them, and a shutdown stops those that write to the cluster.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use prometheus_client::metrics::counter::Counter;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::watch::{Backoff, ResetAfter};

/// The pauses before a task is restarted: the first, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// The background tasks of a server. Dropping this ends them.
pub(super) struct Background {
    panics: Counter,
    runtime: Handle,
    lasting: JoinSet<()>,
    writing: JoinSet<()>,
}

/// The purpose of a task, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    FilesWatch,
    ClusterWatch,
    StatusWriter,
    Snapshots,
    CertificateRotation,
    PolicyWatch,
    PolicyWriter,
    WebhookWatch,
    PodEvents,
    OwnEvents,
}

impl Background {
    /// No tasks yet; they will run on `runtime`, and their panics are counted in `panics`.
    pub(super) fn new(panics: Counter, runtime: Handle) -> Self {
        Background { panics, runtime, lasting: JoinSet::new(), writing: JoinSet::new() }
    }

    /// Runs a task until it returns or the process ends. A panic is counted and logged, and `make` creates the task again
    /// after a pause that doubles each time.
    pub(super) fn run<F>(&mut self, task: Task, make: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.lasting.spawn_on(keep(task, make, self.panics.clone()), &self.runtime);
    }

    /// Runs a task that writes to the cluster, in the same way, until [`Background::stop_writing`].
    pub(super) fn write<F>(&mut self, task: Task, make: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.writing.spawn_on(keep(task, make, self.panics.clone()), &self.runtime);
    }

    /// Stops the tasks that write to the cluster, and returns when all have stopped.
    ///
    /// A replica that shuts down may be the last of an uninstalled release. An object that it repaired now would belong to no
    /// release, and would conflict with the next installation.
    pub(super) async fn stop_writing(&mut self) {
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
            Task::CertificateRotation => "certificate rotation",
            Task::PolicyWatch => "policy watch",
            Task::PolicyWriter => "policy writer",
            Task::WebhookWatch => "webhook watch",
            Task::PodEvents => "events of Pods",
            Task::OwnEvents => "events of podgraft",
        }
    }
}

async fn keep<F>(task: Task, mut make: impl FnMut() -> F, panics: Counter)
where
    F: Future<Output = ()>,
{
    let mut backoff = Backoff::new(PAUSES[0], PAUSES[1], ResetAfter::Quiet(PAUSES[1]));
    loop {
        // Only shared values outlive a task that panicked, and those are replaced as a whole.
        if AssertUnwindSafe(async { make().await }).catch_unwind().await.is_ok() {
            return;
        }
        panics.inc();
        let pause = backoff.fail(Instant::now());
        tracing::error!(task = task.as_str(), ?pause, "a background task panicked, restarting it after a pause");
        sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::{Arc, Mutex};

    use tokio::time::interval;

    use super::*;

    /// A task that panics in every run before a given one, and the start times of its runs, in milliseconds.
    fn panics_until(
        first_good_run: usize,
        lasts: Duration,
    ) -> (Arc<Mutex<Vec<u128>>>, impl FnMut() -> futures_util::future::BoxFuture<'static, ()> + Send) {
        let starts = Arc::new(Mutex::new(Vec::new()));
        let (all, started) = (Arc::clone(&starts), Instant::now());
        let make = move || {
            let count = {
                let mut starts = starts.lock().unwrap();
                starts.push(started.elapsed().as_millis());
                starts.len()
            };
            async move {
                sleep(lasts).await;
                assert!(count >= first_good_run, "a bug");
                pending::<()>().await;
            }
            .boxed()
        };
        (all, make)
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_twice_is_restarted_after_pauses_and_each_panic_is_counted() {
        let panics = Counter::default();
        let (starts, make) = panics_until(3, Duration::ZERO);
        let mut background = Background::new(panics.clone(), Handle::current());
        background.run(Task::ClusterWatch, make);
        sleep(Duration::from_secs(600)).await;
        assert_eq!(*starts.lock().unwrap(), [0, 1_000, 3_000]);
        assert_eq!(panics.get(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_are_bounded_and_short_again_after_a_long_run() {
        let panics = Counter::default();
        let (always, make) = panics_until(usize::MAX, Duration::ZERO);
        let (late, make_late) = panics_until(usize::MAX, Duration::from_secs(60));
        let mut background = Background::new(panics.clone(), Handle::current());
        background.run(Task::ClusterWatch, make);
        background.run(Task::StatusWriter, make_late);
        sleep(Duration::from_secs(125)).await;
        let seconds = |starts: &Mutex<Vec<u128>>| starts.lock().unwrap().iter().map(|at| at / 1000).collect::<Vec<_>>();
        assert_eq!(seconds(&always), [0, 1, 3, 7, 15, 31, 61, 91, 121]);
        assert_eq!(seconds(&late), [0, 61, 122]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_while_a_task_is_created_counts_and_a_task_that_returns_is_not_restarted() {
        let panics = Counter::default();
        let mut background = Background::new(panics.clone(), Handle::current());
        let mut created = 0;
        background.run(Task::FilesWatch, move || {
            created += 1;
            assert!(created == 2, "a bug, or created again after it has returned");
            ready(())
        });
        sleep(Duration::from_secs(600)).await;
        assert_eq!(panics.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_write_stop_at_once_even_in_a_pause_and_others_continue() {
        let panics = Counter::default();
        let mut background = Background::new(panics.clone(), Handle::current());
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
        background.write(Task::CertificateRotation, ticking(0));
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
