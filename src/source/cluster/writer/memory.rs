//! What the writer remembers of earlier writes, and when each status may be written next.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::source::cluster::status::DesiredStatus;
use crate::source::key::CompanionKey;
use crate::watch::{Backoff, ResetAfter};

/// The bounds of the delay before one status is written again, and before anything is written after failures.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(600);

/// The result of a write.
#[derive(Debug)]
pub(super) enum WriteResult {
    /// The status is written, or the object has changed or is gone: in each case the watch has, or will have, an event.
    Done,
    /// As `Done`, and only the time of the last injection was written.
    TimeWritten,
    /// The API server does not accept this status, whichever replica writes it.
    Denied,
    /// No status can be written at the moment, and why.
    Failed(String),
}

/// What came of earlier writes.
#[derive(Debug)]
pub(super) struct WriteMemory {
    writes: HashMap<CompanionKey, LastWrite>,
    /// The delay of all writes, after failures of different companions in a row.
    failures: Backoff,
    /// The companion whose write failed last.
    last_failed: Option<CompanionKey>,
}

/// The last write of one status.
#[derive(Debug)]
struct LastWrite {
    /// The resourceVersion that was patched. While the object still has it, the watch has not brought the result.
    patched: Option<Box<str>>,
    generation: i64,
    /// The delay of writes of one generation: replicas with different files, flags or versions would otherwise overwrite
    /// each other's statuses without end.
    delay: Backoff,
}

impl WriteResult {
    /// The result of a write that changes nothing but the time of the last injection, or of another one.
    pub(super) fn only_time(self, only_time: bool) -> Self {
        if only_time && matches!(self, WriteResult::Done) { WriteResult::TimeWritten } else { self }
    }
}

impl Default for WriteMemory {
    fn default() -> Self {
        WriteMemory { writes: HashMap::new(), failures: backoff(), last_failed: None }
    }
}

impl WriteMemory {
    /// When a status may be written; `None` while the watch has not brought the result of the last write.
    pub(super) fn due(&self, status: &DesiredStatus) -> Option<Instant> {
        let last = self.writes.get(&status.key).filter(|last| last.generation == status.object.generation);
        if last.is_some_and(|last| last.patched.as_ref() == Some(&status.object.resource_version)) {
            return None;
        }
        let delayed = last.and_then(|last| last.delay.until());
        self.failures.until().max(delayed).or_else(|| Some(Instant::now()))
    }

    /// Records the result of a write.
    pub(super) fn record(&mut self, status: &DesiredStatus, result: WriteResult, now: Instant) {
        match result {
            WriteResult::Failed(error) => self.record_failure(status, &error, now),
            WriteResult::Done => self.record_answer(status, Some(status.object.resource_version.clone()), now),
            WriteResult::Denied => self.record_answer(status, None, now),
            WriteResult::TimeWritten => self.record_time(status),
        }
    }

    /// The times that replicas write are no disagreement: they do not delay the next write.
    fn record_time(&mut self, status: &DesiredStatus) {
        self.failures.reset();
        self.last_failed = None;
        self.last_write(status).patched = Some(status.object.resource_version.clone());
    }

    fn record_failure(&mut self, status: &DesiredStatus, error: &str, now: Instant) {
        // One line when failures begin, and one each time the longest delay is over.
        if !self.failures.is_growing() {
            tracing::warn!(companion = %status.key, error, "cannot write statuses, retrying");
        }
        // A companion that fails again and again does not delay the others further.
        if self.last_failed.as_ref() != Some(&status.key) {
            self.last_failed = Some(status.key.clone());
            self.failures.fail(now);
        }
        let last = self.last_write(status);
        last.patched = None;
        last.delay.fail(now);
    }

    fn record_answer(&mut self, status: &DesiredStatus, patched: Option<Box<str>>, now: Instant) {
        self.failures.reset();
        self.last_failed = None;
        let is_first = self.writes.get(&status.key).is_none_or(|last| last.generation != status.object.generation);
        let last = self.last_write(status);
        // The first status of a generation is not delayed.
        if !is_first || patched.is_none() {
            last.delay.fail(now);
        }
        last.patched = patched;
    }

    /// The last write of this generation, or a new entry for it.
    fn last_write(&mut self, status: &DesiredStatus) -> &mut LastWrite {
        let generation = status.object.generation;
        let new = || LastWrite { patched: None, generation, delay: backoff() };
        let last = self.writes.entry(status.key.clone()).or_insert_with(new);
        if last.generation != generation {
            *last = new();
        }
        last
    }

    /// Forgets a companion that no longer exists.
    pub(super) fn forget(&mut self, key: &CompanionKey) {
        self.writes.remove(key);
    }
}

fn backoff() -> Backoff {
    Backoff::new(SHORTEST, LONGEST, ResetAfter::Quiet(LONGEST))
}
