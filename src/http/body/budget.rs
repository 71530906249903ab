//! A budget for the bytes of bodies and answers in flight, and who holds them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use crate::http::connections::slot::ConnectionSlot;
use crate::http::limits::HttpLimits;
use crate::http::metrics::{Eviction, HttpMetrics};
use crate::http::refusal::Refusal;

/// The bytes of each body and of each answer that are not charged. Most bodies and answers are not longer, and the number
/// of connections bounds how many there are.
pub(super) const FREE: usize = 16 << 10;
/// How often a waiting body looks for connections that have held bytes for too long.
const EVICTION_INTERVAL: Duration = Duration::from_millis(50);

/// The bytes that all bodies and answers of a port may have together.
#[derive(Debug)]
pub(super) struct ByteBudget {
    bytes: Arc<Semaphore>,
    /// For how long a connection may hold bytes that others wait for. A body or an answer whose peer sends or reads as fast
    /// as it can is through by then.
    settle: Duration,
    metrics: Arc<HttpMetrics>,
    holders: Mutex<Holders>,
}

#[derive(Debug, Default)]
struct Holders {
    serial: u64,
    /// When each connection began to hold bytes, oldest first.
    since: BTreeMap<u64, (Instant, Weak<ConnectionSlot>)>,
}

/// A share of the budget. Dropping it returns the bytes.
#[derive(Debug)]
pub(super) struct Charge {
    permit: OwnedSemaphorePermit,
    serial: u64,
    budget: Arc<ByteBudget>,
}

impl ByteBudget {
    pub(super) fn new(limits: &HttpLimits, metrics: Arc<HttpMetrics>) -> Arc<Self> {
        let bytes = limits.bytes_in_flight.min(Semaphore::MAX_PERMITS);
        let bytes = Arc::new(Semaphore::new(bytes));
        Arc::new(ByteBudget { bytes, settle: limits.settle, metrics, holders: Mutex::default() })
    }

    /// Charges the bytes of a body that are not charged yet. It waits for them as long as `patience` allows.
    ///
    /// # Errors
    /// There were not enough bytes in that time.
    pub(super) async fn charge_body(
        self: &Arc<Self>,
        charge: &mut Option<Charge>,
        length: usize,
        slot: Option<&Arc<ConnectionSlot>>,
        patience: Duration,
    ) -> Result<(), Refusal> {
        let due = u32::try_from(due(length, charge.as_ref())).map_err(|_| Refusal::Busy)?;
        if due == 0 {
            return Ok(());
        }
        let share = match Arc::clone(&self.bytes).try_acquire_many_owned(due) {
            Ok(share) => share,
            Err(_) => self.wait(due, patience).await.ok_or(Refusal::Busy)?,
        };
        self.add(charge, share, slot);
        Ok(())
    }

    /// Charges an answer in place of its body. It does not wait, because the memory of the answer is allocated already.
    ///
    /// # Errors
    /// There are not enough bytes.
    pub(super) fn charge_answer(
        self: &Arc<Self>,
        mut charge: Option<Charge>,
        length: usize,
        slot: Option<&Arc<ConnectionSlot>>,
    ) -> Result<Option<Charge>, Refusal> {
        if length <= FREE {
            return Ok(None);
        }
        if let Some(charge) = &mut charge {
            charge.shrink_to(length - FREE);
        }
        let due = u32::try_from(due(length, charge.as_ref())).map_err(|_| Refusal::Busy)?;
        if due > 0 {
            let Ok(share) = Arc::clone(&self.bytes).try_acquire_many_owned(due) else {
                self.evict_slowest();
                return Err(Refusal::Busy);
            };
            self.add(&mut charge, share, slot);
        }
        Ok(charge)
    }

    async fn wait(&self, due: u32, patience: Duration) -> Option<OwnedSemaphorePermit> {
        let deadline = Instant::now() + patience;
        let mut acquired = std::pin::pin!(Arc::clone(&self.bytes).acquire_many_owned(due));
        loop {
            self.evict_slowest();
            let remaining = deadline.saturating_duration_since(Instant::now());
            match timeout(remaining.min(EVICTION_INTERVAL), acquired.as_mut()).await {
                Ok(share) => return share.ok(),
                Err(_) if remaining <= EVICTION_INTERVAL => return None,
                Err(_) => {}
            }
        }
    }

    fn add(
        self: &Arc<Self>,
        charge: &mut Option<Charge>,
        share: OwnedSemaphorePermit,
        slot: Option<&Arc<ConnectionSlot>>,
    ) {
        if let Some(charge) = charge {
            charge.permit.merge(share);
            return;
        }
        let mut holders = self.holders();
        holders.serial += 1;
        let serial = holders.serial;
        if let Some(slot) = slot {
            holders.since.insert(serial, (Instant::now(), Arc::downgrade(slot)));
        }
        drop(holders);
        *charge = Some(Charge { permit: share, serial, budget: Arc::clone(self) });
    }

    /// Closes the connection that has held bytes for longest, if that is longer than `settle`.
    fn evict_slowest(&self) {
        let mut holders = self.holders();
        let now = Instant::now();
        let slow = holders.since.first_entry().filter(|first| now >= first.get().0 + self.settle);
        let Some(slot) = slow.and_then(|slow| slow.remove().1.upgrade()) else { return };
        drop(holders);
        slot.evict();
        self.metrics.record_eviction(Eviction::Slow);
    }

    fn holders(&self) -> MutexGuard<'_, Holders> {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Charge {
    fn shrink_to(&mut self, bytes: usize) {
        let surplus = self.permit.num_permits().saturating_sub(bytes);
        drop(self.permit.split(surplus));
    }

    /// Bytes that stay charged until the last of them is dropped, which is when they are written.
    pub(super) fn attach_to(self, answer: Vec<u8>) -> Bytes {
        Bytes::from_owner(ChargedAnswer { answer, _charge: self })
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.holders().since.remove(&self.serial);
    }
}

struct ChargedAnswer {
    answer: Vec<u8>,
    _charge: Charge,
}

impl AsRef<[u8]> for ChargedAnswer {
    fn as_ref(&self) -> &[u8] {
        &self.answer
    }
}

/// The bytes that are still to be charged for a length.
fn due(length: usize, charge: Option<&Charge>) -> usize {
    let charged = charge.map_or(0, |charge| charge.permit.num_permits());
    length.saturating_sub(FREE).saturating_sub(charged)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: usize = 100 << 10;

    fn budget() -> Arc<ByteBudget> {
        ByteBudget::new(&HttpLimits { bytes_in_flight: BYTES, ..HttpLimits::default() }, Arc::default())
    }

    async fn body(budget: &Arc<ByteBudget>, length: usize) -> Option<Charge> {
        let mut charge = None;
        budget.charge_body(&mut charge, length, None, Duration::ZERO).await.unwrap();
        charge
    }

    #[tokio::test]
    async fn m5_an_answer_counts_until_the_last_of_its_bytes_is_dropped() {
        let budget = budget();
        let charge = budget.charge_answer(None, BYTES + FREE, None).unwrap().unwrap();
        let mut bytes = charge.attach_to(vec![0; BYTES + FREE]);
        let rest = bytes.split_off(BYTES);
        drop(bytes);
        assert_eq!(budget.bytes.available_permits(), 0);
        assert!(budget.charge_answer(None, FREE + 1, None).is_err());
        drop(rest);
        assert_eq!(budget.bytes.available_permits(), BYTES);
    }

    #[tokio::test]
    async fn an_answer_takes_over_the_charge_of_its_body() {
        let budget = budget();
        let large = body(&budget, BYTES + FREE).await;
        let answer = budget.charge_answer(large, FREE + 10, None).unwrap().unwrap();
        assert_eq!(budget.bytes.available_permits(), BYTES - 10);
        let answer = budget.charge_answer(Some(answer), FREE + BYTES, None).unwrap();
        assert_eq!(budget.bytes.available_permits(), 0);
        // An answer that does not fit returns the charge of its body.
        assert!(budget.charge_answer(answer, FREE + BYTES + 1, None).is_err());
        assert_eq!(budget.bytes.available_permits(), BYTES);
        assert!(budget.charge_answer(body(&budget, BYTES).await, FREE, None).unwrap().is_none());
        assert_eq!(budget.bytes.available_permits(), BYTES);
    }

    #[tokio::test]
    async fn short_bodies_and_answers_are_free_even_if_the_budget_is_spent() {
        let budget = budget();
        let _all = body(&budget, BYTES + FREE).await.unwrap();
        assert!(budget.charge_answer(None, FREE, None).unwrap().is_none());
        let mut none = None;
        assert!(budget.charge_body(&mut none, FREE, None, Duration::ZERO).await.is_ok());
        assert!(none.is_none());
    }
}
