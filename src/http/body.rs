//! Takes in the body of a request: not too long, not too slowly, and not too many at once.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::http::HeaderMap;
use axum::http::header::EXPECT;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout};

use super::budget::{ByteBudget, Charge};
use super::slot::ConnectionSlot;
use super::{HttpLimits, Observer, Refusal};

/// How much is set aside at first for a body of several pieces, whatever length it claims to have.
const FIRST: usize = 256 << 10;
/// How long, and within how many bytes, the rest of a refused body is read, so that its sender gets to the answer: to
/// close a connection that still has something to read resets it.
const DISCARD: (Duration, usize) = (Duration::from_millis(500), 16 << 20);

/// The way in for bodies, shared by all requests of a port.
#[derive(Debug)]
pub(super) struct BodyReader {
    limit: usize,
    deadline: Duration,
    patience: Duration,
    budget: Arc<ByteBudget>,
}

/// A body that has arrived. Its share of the budget is given back when this is dropped.
#[derive(Debug)]
pub(super) struct ReceivedBody {
    /// Most bodies are one piece, and are never copied.
    first: Bytes,
    grown: Vec<u8>,
    charged: Option<Charge>,
    waited: Duration,
    /// The connection that it came by, unless the router is asked without one.
    seat: Option<Arc<ConnectionSlot>>,
    budget: Arc<ByteBudget>,
}

impl BodyReader {
    pub(super) fn new(limits: &HttpLimits, observer: Observer) -> Self {
        BodyReader {
            limit: limits.body_bytes,
            deadline: limits.body,
            patience: limits.patience,
            budget: ByteBudget::new(limits, observer),
        }
    }

    /// Reads a body to its end.
    pub(super) async fn read(
        &self,
        headers: &HeaderMap,
        mut body: Body,
        seat: Option<Arc<ConnectionSlot>>,
    ) -> Result<ReceivedBody, Refusal> {
        match timeout(self.deadline, self.collect(&mut body, seat)).await {
            Ok(Ok(arrived)) => Ok(arrived),
            Ok(Err(refusal)) => {
                discard(headers, &mut body).await;
                Err(refusal)
            }
            Err(_) => Err(Refusal::TooSlow { deadline: self.deadline }),
        }
    }

    async fn collect(&self, body: &mut Body, seat: Option<Arc<ConnectionSlot>>) -> Result<ReceivedBody, Refusal> {
        let mut arrived = ReceivedBody::new(seat, Arc::clone(&self.budget));
        let claimed = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        self.within_limit(claimed)?;
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.map_err(|_| Refusal::BrokenOff)?.into_data() else { continue };
            let length = arrived.len() + piece.len();
            self.within_limit(length)?;
            arrived.charge(length, self.patience).await?;
            arrived.push(piece, claimed);
        }
        Ok(arrived)
    }

    fn within_limit(&self, length: usize) -> Result<(), Refusal> {
        if length > self.limit { Err(Refusal::TooLarge { limit: self.limit }) } else { Ok(()) }
    }
}

impl ReceivedBody {
    fn new(seat: Option<Arc<ConnectionSlot>>, budget: Arc<ByteBudget>) -> Self {
        ReceivedBody { first: Bytes::new(), grown: Vec::new(), charged: None, waited: Duration::ZERO, seat, budget }
    }

    /// Charges what has arrived, not what was announced: otherwise announcing would be enough to shut everyone out. All
    /// pieces of a body wait together no longer than they may.
    async fn charge(&mut self, length: usize, patience: Duration) -> Result<(), Refusal> {
        let began = Instant::now();
        let left = patience.saturating_sub(self.waited);
        let charged = self.budget.charge_body(&mut self.charged, length, self.seat.as_ref(), left).await;
        self.waited += began.elapsed();
        charged
    }

    /// Charges the answer instead of the body, which is dropped; the bytes of the answer stay charged until they have been
    /// written.
    pub(super) fn answered_with(self, answer: Vec<u8>) -> Result<Bytes, Refusal> {
        let ReceivedBody { first, grown, charged, seat, budget, .. } = self;
        drop((first, grown));
        let charged = budget.charge_answer(charged, answer.len(), seat.as_ref())?;
        Ok(match charged {
            Some(charge) => charge.held_by(answer),
            None => answer.into(),
        })
    }

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

/// Reads the rest of a body that is refused.
pub(super) async fn discard(headers: &HeaderMap, body: &mut Body) {
    // Whoever asked before sending has sent nothing yet.
    if headers.contains_key(EXPECT) {
        return;
    }
    let all = async {
        let mut left = DISCARD.1;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            left = left.saturating_sub(length);
            if left == 0 {
                return;
            }
        }
    };
    let _ = timeout(DISCARD.0, all).await;
}
