//! What answers the reviews that the admission port receives.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::admission::Answer;

use super::offload::Offload;
use super::refusal::Refusal;
use super::route::{ReviewFn, Route};

/// A function from a route and the bytes of a review to an answer.
#[derive(Clone)]
pub struct Reviewer {
    review: Arc<ReviewFn>,
    offloads: Vec<Offload>,
}

impl Reviewer {
    /// Wraps a function. It runs on the threads of the runtime that serves the port, so it must not block.
    pub fn new(review: impl Fn(Route, &[u8]) -> Answer + Send + Sync + 'static) -> Self {
        Reviewer { review: Arc::new(review), offloads: Vec::new() }
    }

    /// Moves reviews that take long to other threads, unless an earlier offload applies to them.
    #[must_use]
    pub fn with_offload(mut self, offload: Offload) -> Self {
        self.offloads.push(offload);
        self
    }

    /// Where this review is done, if not on the thread that reads requests.
    pub(super) fn offload_for(&self, route: Route, body: &[u8]) -> Option<&Offload> {
        self.offloads.iter().find(|offload| offload.applies_to(route, body))
    }

    /// Answers a review at once. A panic ends neither the connection nor the process, and leaves nothing half done, because
    /// a review changes nothing.
    pub(super) fn review(&self, route: Route, body: &[u8]) -> Result<Answer, Refusal> {
        catch_unwind(AssertUnwindSafe(|| (self.review)(route, body))).map_err(|_| Refusal::Panicked)
    }
}

impl fmt::Debug for Reviewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reviewer")
    }
}
