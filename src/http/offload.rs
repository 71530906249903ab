//! Reviews that take too long for the threads that answer: they run on other threads, few at a time and with a deadline.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::admission::Answer;

use super::body::ReceivedBody;
use super::refusal::Refusal;
use super::route::{ReviewFn, Route};

/// Runs some reviews on another runtime, by default one at a time. A review that cannot start at once, or that misses the deadline,
/// gets the fallback answer. There is no queue, so no more of these reviews are in memory than run.
#[derive(Clone)]
pub struct Offload {
    applies_to: Arc<RouteFilter>,
    review: Arc<ReviewFn>,
    fallback: Arc<ReviewFn>,
    permits: Arc<Semaphore>,
    deadline: Duration,
    runtime: Handle,
}

type RouteFilter = dyn Fn(Route, &[u8]) -> bool + Send + Sync;

impl Offload {
    /// `applies_to` selects the reviews, `review` answers them on a blocking thread of `runtime`, and `fallback` answers
    /// those that cannot be done within the deadline.
    pub fn new(
        applies_to: impl Fn(Route, &[u8]) -> bool + Send + Sync + 'static,
        review: impl Fn(Route, &[u8]) -> Answer + Send + Sync + 'static,
        fallback: impl Fn(Route, &[u8]) -> Answer + Send + Sync + 'static,
        deadline: Duration,
        runtime: Handle,
    ) -> Self {
        Offload {
            applies_to: Arc::new(applies_to),
            review: Arc::new(review),
            fallback: Arc::new(fallback),
            permits: Arc::new(Semaphore::new(1)),
            deadline,
            runtime,
        }
    }

    /// Runs up to this many reviews at a time.
    #[must_use]
    pub fn on_threads(self, threads: usize) -> Self {
        Offload { permits: Arc::new(Semaphore::new(threads)), ..self }
    }

    pub(super) fn applies_to(&self, route: Route, body: &[u8]) -> bool {
        (self.applies_to)(route, body)
    }

    /// Answers a review. A thread cannot be stopped, so a review that misses the deadline runs to its end all the same. Until
    /// then it keeps its body in memory, and its thread is not free for another review.
    pub(super) async fn review(&self, route: Route, body: Arc<ReceivedBody>) -> Result<Answer, Refusal> {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            return Ok((self.fallback)(route, body.bytes()));
        };
        let (review, held_body) = (Arc::clone(&self.review), Arc::clone(&body));
        let work = self.runtime.spawn_blocking(move || {
            let answer = catch_unwind(AssertUnwindSafe(|| review(route, held_body.bytes())));
            drop((held_body, permit));
            answer
        });
        match timeout(self.deadline, work).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(_))) => Err(Refusal::Panicked),
            // The runtime has ended, or the deadline has passed.
            Ok(Err(_)) | Err(_) => Ok((self.fallback)(route, body.bytes())),
        }
    }
}

impl fmt::Debug for Offload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offload").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
