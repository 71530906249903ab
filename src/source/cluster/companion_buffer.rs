//! The companions of one kind, with what they take of the memory limits.

use std::sync::Arc;

use super::buffer::ListBuffer;
use super::object::WatchedCompanion;
use super::raw::Raw;
use crate::shared_map::SharedMap;
use crate::source::key::CompanionKey;
use crate::source::limits::MemoryLimits;
use crate::source::usage::Usage;

/// Companions of a cluster.
pub type WatchedCompanions = SharedMap<CompanionKey, Arc<WatchedCompanion>>;

/// The companions of one kind, and the list that will replace them.
#[derive(Debug)]
pub(super) struct CompanionBuffer {
    list: ListBuffer<CompanionKey, Arc<WatchedCompanion>>,
    limits: MemoryLimits,
    usage: Usage,
    /// Of the objects of an unfinished list.
    staged_usage: Usage,
    /// Whether a list has begun and not ended. A list that fails begins again, so that a failure does not end it.
    is_open: bool,
}

impl CompanionBuffer {
    /// A buffer that begins with companions that it has not listed itself.
    pub(super) fn holding(companions: WatchedCompanions, limits: MemoryLimits) -> Self {
        let mut usage = Usage::new(limits);
        companions.iter().for_each(|(key, object)| usage.add(key, &object.weight, object.exceeds_limits));
        let (list, staged_usage) = (ListBuffer::holding(companions), Usage::new(limits));
        CompanionBuffer { list, limits, usage, staged_usage, is_open: false }
    }

    /// The companions, without those of an unfinished list.
    pub(super) fn current(&self) -> &WatchedCompanions {
        self.list.current()
    }

    /// The companions of the unfinished list, if there is one; else the current ones.
    pub(super) fn newest(&self) -> &WatchedCompanions {
        self.list.newest()
    }

    /// The newest companions, and the current ones that an unfinished list does not have yet: most of them follow.
    pub(super) fn expected(&self) -> impl Iterator<Item = (&CompanionKey, &Arc<WatchedCompanion>)> {
        let follows = |key| self.list.is_listing() && !self.newest().contains_key(key);
        self.newest().iter().chain(self.current().iter().filter(move |(key, _)| follows(*key)))
    }

    /// Whether an unfinished list has a companion unchanged, so that it takes no further memory.
    pub(super) fn shares(&self, key: &CompanionKey, object: &Arc<WatchedCompanion>) -> bool {
        self.list.is_listing() && self.current().get(key).is_some_and(|current| Arc::ptr_eq(current, object))
    }

    /// What the newest companions take.
    pub(super) fn usage(&self) -> &Usage {
        if self.list.is_listing() { &self.staged_usage } else { &self.usage }
    }

    /// Records that the memory limits were applied to the newest companions.
    pub(super) fn set_checked(&mut self) {
        self.newest_usage().set_checked(true);
    }

    /// Whether a list was finished.
    pub(super) fn is_listed(&self) -> bool {
        self.list.is_listed()
    }

    /// Begins a list: an unfinished one is dropped.
    pub(super) fn begin(&mut self) {
        self.discard();
        self.is_open = true;
    }

    /// Whether a list has begun and not ended, even if nothing of it was received or it has failed.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Adds a companion to the unfinished list. Returns its weight, in bytes.
    pub(super) fn stage(&mut self, raw: Raw) -> usize {
        self.is_open = true;
        let key = WatchedCompanion::key(&raw);
        let Some(object) = WatchedCompanion::new(raw, self.current().get(&key)) else { return 0 };
        let bytes = object.weight.bytes;
        let before = Some(self.list.newest()).filter(|_| self.list.is_listing()).and_then(|list| list.get(&key));
        count(&mut self.staged_usage, &key, before, Some(&object));
        self.list.stage(key, object);
        bytes
    }

    /// Finishes the list.
    pub(super) fn commit(&mut self) {
        self.list.commit();
        self.is_open = false;
        self.usage = std::mem::replace(&mut self.staged_usage, Usage::new(self.limits));
        self.usage.set_checked(false);
    }

    /// Drops the unfinished list, and keeps the current companions.
    pub(super) fn discard(&mut self) {
        self.list.discard();
        self.staged_usage = Usage::new(self.limits);
        self.usage.set_checked(false);
    }

    /// Adds a companion outside of a list, or replaces it. Returns its weight, in bytes.
    pub(super) fn put(&mut self, raw: Raw) -> usize {
        let key = WatchedCompanion::key(&raw);
        let Some(object) = WatchedCompanion::new(raw, self.current().get(&key)) else {
            self.remove(&key);
            return 0;
        };
        let bytes = object.weight.bytes;
        count(&mut self.usage, &key, self.list.current().get(&key), Some(&object));
        self.list.put(key, object);
        bytes
    }

    /// Removes a companion.
    pub(super) fn remove(&mut self, key: &CompanionKey) {
        count(&mut self.usage, key, self.list.current().get(key), None);
        self.list.remove(key);
    }

    /// Reduces one of the newest companions, because it exceeds the memory limits.
    pub(super) fn reduce(&mut self, key: &CompanionKey) {
        let Some(before) = self.list.newest().get(key).cloned() else { return };
        let reduced = before.reduced();
        count(self.newest_usage(), key, Some(&before), Some(&reduced));
        self.list.replace_newest(key.clone(), reduced);
    }

    fn newest_usage(&mut self) -> &mut Usage {
        if self.list.is_listing() { &mut self.staged_usage } else { &mut self.usage }
    }
}

/// Counts a companion that replaces another one. A new status is no change.
fn count(
    usage: &mut Usage,
    key: &CompanionKey,
    before: Option<&Arc<WatchedCompanion>>,
    now: Option<&Arc<WatchedCompanion>>,
) {
    let weight = |object: &Arc<WatchedCompanion>| (object.weight.clone(), object.exceeds_limits);
    if before.map(weight) == now.map(weight) {
        return;
    }
    if let Some(before) = before {
        usage.remove(key, &before.weight, before.exceeds_limits);
    }
    if let Some(now) = now {
        usage.add(key, &now.weight, now.exceeds_limits);
    }
}
