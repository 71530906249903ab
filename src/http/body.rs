//! Takes in the body of a request: not too long, not too slowly, and not too many at once.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::http::HeaderMap;
use axum::http::header::EXPECT;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::{Limits, Refusal};

/// How much of each body is not charged: most are not longer, and the number of connections bounds them.
const FREE: usize = 16 << 10;
/// How much is set aside at first for a body of several pieces, whatever length it claims to have.
const FIRST: usize = 256 << 10;
/// How long, and within how many bytes, the rest of a refused body is read, so that its sender gets to the answer: to
/// close a connection that still has something to read resets it.
const DISCARD: (Duration, usize) = (Duration::from_secs(1), 16 << 20);

/// The way in for bodies, shared by all requests of a port.
#[derive(Debug)]
pub(super) struct Intake {
    limit: usize,
    deadline: Duration,
    patience: Duration,
    budget: Arc<Semaphore>,
}

/// A body that has arrived. Its share of the budget is given back when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    /// Most bodies are one piece, and are never copied.
    first: Bytes,
    grown: Vec<u8>,
    charged: Option<OwnedSemaphorePermit>,
    waited: Duration,
}

impl Intake {
    pub(super) fn new(limits: &Limits) -> Self {
        Intake {
            limit: limits.body_bytes,
            deadline: limits.body,
            patience: limits.patience,
            budget: Arc::new(Semaphore::new(limits.bytes_in_flight.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// Reads a body to its end.
    pub(super) async fn read(&self, headers: &HeaderMap, mut body: Body) -> Result<Arrived, Refusal> {
        match timeout(self.deadline, self.collect(&mut body)).await {
            Ok(Ok(arrived)) => Ok(arrived),
            Ok(Err(refusal)) => {
                // Whoever asked before sending has sent nothing yet.
                if !headers.contains_key(EXPECT) {
                    let _ = timeout(DISCARD.0, discard(&mut body)).await;
                }
                Err(refusal)
            }
            Err(_) => Err(Refusal::TooSlow { deadline: self.deadline }),
        }
    }

    async fn collect(&self, body: &mut Body) -> Result<Arrived, Refusal> {
        let mut arrived = Arrived::default();
        let claimed = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        self.within_limit(claimed)?;
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.map_err(|_| Refusal::BrokenOff)?.into_data() else { continue };
            let length = arrived.len() + piece.len();
            self.within_limit(length)?;
            self.charge(&mut arrived, length).await?;
            arrived.push(piece, claimed);
        }
        Ok(arrived)
    }

    fn within_limit(&self, length: usize) -> Result<(), Refusal> {
        if length > self.limit { Err(Refusal::TooLarge { limit: self.limit }) } else { Ok(()) }
    }

    /// Charges what has arrived, not what was announced: otherwise announcing would be enough to shut everyone out.
    async fn charge(&self, arrived: &mut Arrived, length: usize) -> Result<(), Refusal> {
        let charged = arrived.charged.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let due = length.saturating_sub(FREE).saturating_sub(charged);
        if due == 0 {
            return Ok(());
        }
        let due = u32::try_from(due).map_err(|_| Refusal::Busy)?;
        let share = match Arc::clone(&self.budget).try_acquire_many_owned(due) {
            Ok(share) => share,
            Err(_) => self.wait(arrived, due).await?,
        };
        match &mut arrived.charged {
            Some(charged) => charged.merge(share),
            none => *none = Some(share),
        }
        Ok(())
    }

    /// Waits for a share, but no longer than all pieces of a body may wait together.
    async fn wait(&self, arrived: &mut Arrived, due: u32) -> Result<OwnedSemaphorePermit, Refusal> {
        let began = Instant::now();
        let left = self.patience.saturating_sub(arrived.waited);
        let share = timeout(left, Arc::clone(&self.budget).acquire_many_owned(due)).await;
        arrived.waited += began.elapsed();
        share.ok().and_then(Result::ok).ok_or(Refusal::Busy)
    }
}

impl Arrived {
    /// The whole body.
    pub(super) fn bytes(&self) -> &[u8] {
        if self.grown.is_empty() { &self.first } else { &self.grown }
    }

    fn len(&self) -> usize {
        self.bytes().len()
    }

    fn push(&mut self, piece: Bytes, claimed: usize) {
        if self.len() == 0 {
            self.first = piece;
            return;
        }
        if self.grown.is_empty() {
            self.grown.reserve_exact(claimed.min(FIRST).max(self.first.len() + piece.len()));
            self.grown.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.grown.extend_from_slice(&piece);
    }
}

async fn discard(body: &mut Body) {
    let mut left = DISCARD.1;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        left = left.saturating_sub(length);
        if left == 0 {
            return;
        }
    }
}
