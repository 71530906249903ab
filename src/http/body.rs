//! Reads the bodies of requests, within the limits on length, time, and bytes in flight.

mod budget;
mod memory;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::http::HeaderMap;
use axum::http::header::EXPECT;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout};

use budget::{ByteBudget, Charge};
use memory::{BodyMemory, KeptMemory};

use super::connections::slot::ConnectionSlot;
use super::limits::HttpLimits;
use super::metrics::HttpMetrics;
use super::refusal::Refusal;

/// The most that is reserved in advance for a body of several pieces, whatever its Content-Length, in bytes.
const INITIAL_CAPACITY: usize = 256 << 10;
/// How many times the memory of a body may grow at once, up to its announced length.
const GROWTH: usize = 4;
/// For how long the rest of a refused body is read, so that its sender sees the response: closing a connection that has
/// unread data resets it.
const DISCARD_TIMEOUT: Duration = Duration::from_millis(500);
/// How many bytes of a refused body are read at most.
const DISCARD_BYTES: usize = 16 << 20;

/// Reads bodies. All requests of a port share it.
#[derive(Debug)]
pub(super) struct BodyReader {
    limit: usize,
    deadline: Duration,
    patience: Duration,
    budget: Arc<ByteBudget>,
    memory: Arc<KeptMemory>,
}

/// A body that was read completely. Dropping it returns its share of the budget.
#[derive(Debug)]
pub(super) struct ReceivedBody {
    /// Most bodies are one piece, and are never copied.
    first: Bytes,
    grown: BodyMemory,
    charge: Option<Charge>,
    waited: Duration,
    /// The connection that sent it; `None` where the router is called without a connection.
    slot: Option<Arc<ConnectionSlot>>,
    budget: Arc<ByteBudget>,
}

impl BodyReader {
    pub(super) fn new(limits: &HttpLimits, metrics: Arc<HttpMetrics>) -> Self {
        BodyReader {
            limit: limits.body_bytes,
            deadline: limits.body,
            patience: limits.patience,
            budget: ByteBudget::new(limits, metrics),
            memory: Arc::default(),
        }
    }

    /// Reads a body to its end.
    pub(super) async fn read(
        &self,
        headers: &HeaderMap,
        mut body: Body,
        slot: Option<Arc<ConnectionSlot>>,
    ) -> Result<ReceivedBody, Refusal> {
        match timeout(self.deadline, self.collect(&mut body, slot)).await {
            Ok(Ok(received)) => Ok(received),
            Ok(Err(refusal)) => {
                discard(headers, &mut body).await;
                Err(refusal)
            }
            Err(_) => Err(Refusal::TooSlow { deadline: self.deadline }),
        }
    }

    async fn collect(&self, body: &mut Body, slot: Option<Arc<ConnectionSlot>>) -> Result<ReceivedBody, Refusal> {
        let mut received = ReceivedBody::new(slot, Arc::clone(&self.budget));
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        self.check_limit(announced)?;
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.map_err(|_| Refusal::BrokenOff)?.into_data() else { continue };
            let length = received.len() + piece.len();
            self.check_limit(length)?;
            received.charge(length, self.patience).await?;
            received.push(piece, announced, &self.memory);
        }
        Ok(received)
    }

    fn check_limit(&self, length: usize) -> Result<(), Refusal> {
        if length > self.limit { Err(Refusal::TooLarge { limit: self.limit }) } else { Ok(()) }
    }
}

impl ReceivedBody {
    fn new(slot: Option<Arc<ConnectionSlot>>, budget: Arc<ByteBudget>) -> Self {
        let (first, grown) = (Bytes::new(), BodyMemory::default());
        ReceivedBody { first, grown, charge: None, waited: Duration::ZERO, slot, budget }
    }

    /// Charges the bytes that have arrived, not the announced length: otherwise announcing large bodies would be enough to
    /// keep all other clients out. `patience` bounds the waiting time of all pieces of a body together.
    async fn charge(&mut self, length: usize, patience: Duration) -> Result<(), Refusal> {
        let started = Instant::now();
        let remaining = patience.saturating_sub(self.waited);
        let charged = self.budget.charge_body(&mut self.charge, length, self.slot.as_ref(), remaining).await;
        self.waited += started.elapsed();
        charged
    }

    /// Drops the body and charges the answer in its place. The bytes of the answer stay charged until they are written.
    pub(super) fn replaced_by(self, answer: Vec<u8>) -> Result<Bytes, Refusal> {
        let ReceivedBody { first, grown, charge, slot, budget, .. } = self;
        drop((first, grown));
        let charge = budget.charge_answer(charge, answer.len(), slot.as_ref())?;
        Ok(match charge {
            Some(charge) => charge.attach_to(answer),
            None => answer.into(),
        })
    }

    /// The whole body.
    pub(super) fn bytes(&self) -> &[u8] {
        if self.grown.bytes.is_empty() { &self.first } else { &self.grown.bytes }
    }

    fn len(&self) -> usize {
        self.bytes().len()
    }

    fn push(&mut self, piece: Bytes, announced: usize, memory: &Arc<KeptMemory>) {
        if self.len() == 0 {
            self.first = piece;
            return;
        }
        if self.grown.bytes.is_empty() {
            self.grown = memory.take(announced);
            let grown = &mut self.grown.bytes;
            grown.reserve_exact(announced.min(INITIAL_CAPACITY).max(self.first.len() + piece.len()));
            grown.extend_from_slice(&std::mem::take(&mut self.first));
        }
        let grown = &mut self.grown.bytes;
        let length = grown.len() + piece.len();
        if length > grown.capacity() {
            // Each growth may copy all that has arrived.
            let capacity = announced.min(GROWTH * grown.capacity()).max(length);
            grown.reserve_exact(capacity - grown.len());
        }
        grown.extend_from_slice(&piece);
    }
}

/// Reads and drops the rest of a refused body.
pub(super) async fn discard(headers: &HeaderMap, body: &mut Body) {
    // A client that sent `Expect: 100-continue` has not sent its body yet.
    if headers.contains_key(EXPECT) {
        return;
    }
    let read_to_end = async {
        let mut remaining = DISCARD_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            remaining = remaining.saturating_sub(length);
            if remaining == 0 {
                return;
            }
        }
    };
    let _ = timeout(DISCARD_TIMEOUT, read_to_end).await;
}
