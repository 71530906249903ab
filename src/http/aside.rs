//! What takes too long for the thread that answers: it is done on another one, within a time, and not much of it at once.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::admission::Answer;

use super::body::ReceivedBody;
use super::router::ReviewFn;
use super::{Refusal, Route};

/// Does some reviews away from the thread that answers, one at a time. Whatever cannot be done now, or not in time, is answered
/// in another way: nobody waits in a queue, so that there are never more of these reviews in memory than one.
#[derive(Clone)]
pub struct Aside {
    takes: Arc<Takes>,
    review: Arc<ReviewFn>,
    instead: Arc<ReviewFn>,
    turn: Arc<Semaphore>,
    time: Duration,
    runtime: Handle,
}

type Takes = dyn Fn(Route, &[u8]) -> bool + Send + Sync;

impl Aside {
    /// Names which reviews are done aside, how, how they are answered where that cannot be done within `time`, and the
    /// runtime whose threads for blocking work they are done on.
    pub fn new(
        takes: impl Fn(Route, &[u8]) -> bool + Send + Sync + 'static,
        review: impl Fn(Route, &[u8]) -> Answer + Send + Sync + 'static,
        instead: impl Fn(Route, &[u8]) -> Answer + Send + Sync + 'static,
        time: Duration,
        runtime: Handle,
    ) -> Self {
        let turn = Arc::new(Semaphore::new(1));
        Aside { takes: Arc::new(takes), review: Arc::new(review), instead: Arc::new(instead), turn, time, runtime }
    }

    pub(super) fn takes(&self, question: Route, body: &[u8]) -> bool {
        (self.takes)(question, body)
    }

    /// Answers a review. One that takes too long is finished all the same, for a thread cannot be stopped; it holds its body,
    /// and nobody gets a turn, until it is.
    pub(super) async fn answer(&self, question: Route, body: Arc<ReceivedBody>) -> Result<Answer, Refusal> {
        let Ok(turn) = Arc::clone(&self.turn).try_acquire_owned() else {
            return Ok((self.instead)(question, body.bytes()));
        };
        let (review, taken) = (Arc::clone(&self.review), Arc::clone(&body));
        let work = self.runtime.spawn_blocking(move || {
            let answer = catch_unwind(AssertUnwindSafe(|| review(question, taken.bytes())));
            drop((taken, turn));
            answer
        });
        match timeout(self.time, work).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(_))) => Err(Refusal::Panicked),
            // The runtime that it was to be done on has ended, or it takes too long.
            Ok(Err(_)) | Err(_) => Ok((self.instead)(question, body.bytes())),
        }
    }
}

impl fmt::Debug for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aside").field("time", &self.time).finish_non_exhaustive()
    }
}
