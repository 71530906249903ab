//! All companions and Namespaces of a cluster at one moment.

#[cfg(test)]
mod cost;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use kube::runtime::watcher::Event;
use tokio::time::Instant;

use super::buffer::ListBuffer;
use super::companion_buffer::{CompanionBuffer, WatchedCompanions};
use super::health::WatchedResource;
use super::namespace;
use super::namespace::NamespaceMeta;
use super::object::WatchedCompanion;
use super::raw::Raw;
use crate::inject::request::namespace::{Namespace, NamespacesByName};
use crate::source::key::CompanionKey;
use crate::source::limits::{MemoryLimits, exceeding};
use crate::source::usage::Usage;

/// The least time between two states, in which changes are collected: `kubectl apply` of a folder makes one or two.
const PAUSE: Duration = Duration::from_millis(50);

/// All companions and Namespaces of a cluster at one moment. Two states share the memory of what has not changed.
#[derive(Debug, Clone, Default)]
pub struct ClusterState {
    /// The Namespaces.
    pub namespaces: NamespacesByName,
    cluster_companions: WatchedCompanions,
    companions: WatchedCompanions,
}

/// Makes states out of the events of the watches.
#[derive(Debug)]
pub(super) struct StateBuilder {
    cluster_companions: CompanionBuffer,
    companions: CompanionBuffer,
    namespaces: ListBuffer<Box<str>, Arc<Namespace>>,
    /// When the last state was published.
    published: Option<Instant>,
    changed: bool,
    limits: MemoryLimits,
    /// The weight, in bytes, of the companions that arrived since the limits were last applied.
    unchecked: usize,
    /// The resources of which some companions exceeded the limits and fit again.
    fitting: Vec<WatchedResource>,
}

impl ClusterState {
    /// A state with the given companions.
    #[cfg(test)]
    pub(in crate::source) fn new(
        objects: impl IntoIterator<Item = (CompanionKey, Arc<WatchedCompanion>)>,
        namespaces: NamespacesByName,
    ) -> Self {
        let (companions, cluster_companions): (Vec<_>, Vec<_>) =
            objects.into_iter().partition(|(key, _)| key.namespace.is_some());
        ClusterState {
            namespaces,
            cluster_companions: cluster_companions.into_iter().collect(),
            companions: companions.into_iter().collect(),
        }
    }

    /// Replaces or removes a companion.
    #[cfg(test)]
    pub(in crate::source) fn replace(&mut self, key: &CompanionKey, object: Option<Arc<WatchedCompanion>>) {
        let objects = if key.namespace.is_none() { &mut self.cluster_companions } else { &mut self.companions };
        match object {
            Some(object) => objects.insert(key.clone(), object),
            None => _ = objects.remove(key),
        }
    }

    /// A companion.
    #[must_use]
    pub fn get(&self, key: &CompanionKey) -> Option<&Arc<WatchedCompanion>> {
        if key.namespace.is_none() { self.cluster_companions.get(key) } else { self.companions.get(key) }
    }

    /// All companions, in no particular order.
    #[cfg(test)]
    pub(in crate::source) fn iter(&self) -> impl Iterator<Item = (&CompanionKey, &Arc<WatchedCompanion>)> {
        self.cluster_companions.iter().chain(&self.companions)
    }

    /// Visits the key of each companion that was added, replaced or removed since an older state.
    pub fn for_each_change_since(&self, older: &ClusterState, mut visit: impl FnMut(&CompanionKey)) {
        let mut visit = |key: &CompanionKey, before: Option<&Arc<WatchedCompanion>>, now: Option<&_>| {
            if before.zip(now).is_none_or(|(before, now)| !Arc::ptr_eq(before, now)) {
                visit(key);
            }
        };
        self.cluster_companions.for_each_change_since(&older.cluster_companions, &mut visit);
        self.companions.for_each_change_since(&older.companions, &mut visit);
    }
}

impl StateBuilder {
    /// Continues after a state that an earlier builder has published: its companions are earlier versions of those that
    /// are listed now.
    pub(super) fn after(last: Option<&ClusterState>, limits: MemoryLimits) -> Self {
        let last = last.cloned().unwrap_or_default();
        StateBuilder {
            cluster_companions: CompanionBuffer::holding(last.cluster_companions, limits),
            companions: CompanionBuffer::holding(last.companions, limits),
            namespaces: ListBuffer::holding(last.namespaces),
            published: None,
            changed: false,
            limits,
            unchecked: 0,
            fitting: Vec::new(),
        }
    }

    /// Applies an event of a watch of companions; `None` is a failure.
    pub(super) fn companion(&mut self, resource: WatchedResource, event: Option<Event<Raw>>) {
        let buffer = self.buffer(resource);
        match event {
            None => return buffer.discard(),
            Some(Event::Init) => {
                buffer.begin();
                return self.fitting.clear();
            }
            Some(Event::InitApply(raw)) => {
                self.unchecked += self.buffer(resource).stage(raw);
                return self.limit_if_needed();
            }
            Some(Event::InitDone) => buffer.commit(),
            Some(Event::Apply(raw)) => self.unchecked += self.buffer(resource).put(raw),
            Some(Event::Delete(raw)) => buffer.remove(&WatchedCompanion::key(&raw)),
        }
        self.changed = true;
        self.limit_if_needed();
    }

    fn buffer(&mut self, resource: WatchedResource) -> &mut CompanionBuffer {
        if resource == WatchedResource::Companions { &mut self.companions } else { &mut self.cluster_companions }
    }

    /// Applies the limits after a batch of companions: to do so for each one would compare it with all others where the
    /// limits are exceeded.
    fn limit_if_needed(&mut self) {
        if self.unchecked > self.limits.namespace / 2 {
            self.limit();
        }
    }

    /// Reduces the companions that exceed the limits. Only where the limits are exceeded, and something has changed that
    /// matters to them, all companions are visited.
    fn limit(&mut self) {
        self.unchecked = 0;
        let usages = [self.cluster_companions.usage(), self.companions.usage()];
        if usages.iter().all(|usage| usage.is_checked()) {
            return;
        }
        self.fitting.clear();
        if !Usage::fits(usages) {
            self.reduce_exceeding();
        }
        self.cluster_companions.set_checked();
        self.companions.set_checked();
    }

    /// While a list is unfinished, the decision counts the current companions that it does not have yet. The part that was
    /// received would not do: a companion can exceed the limits in a part of a list and be within them in all of it, and
    /// each further list would reduce it again.
    fn reduce_exceeding(&mut self) {
        let buffers = [&self.cluster_companions, &self.companions];
        let expected = buffers.into_iter().flat_map(CompanionBuffer::expected);
        let out = exceeding(expected.map(|(key, object)| (key, &object.weight)), self.limits);
        self.fitting = self.fitting_without(&out);
        let is_fresh = |buffer: &CompanionBuffer, key: &_, object: &Arc<WatchedCompanion>| {
            !object.exceeds_limits && out.contains(key) && !buffer.shares(key, object)
        };
        let fresh = buffers.into_iter().flat_map(|buffer| buffer.newest().iter().map(move |entry| (buffer, entry)));
        let fresh: Vec<_> =
            fresh.filter(|(b, (key, object))| is_fresh(b, key, object)).map(|(_, (key, _))| key.clone()).collect();
        for key in fresh {
            tracing::warn!(companion = %key, "companion exceeds the memory limits and is not used; see its status");
            let buffer = if key.namespace.is_some() { &mut self.companions } else { &mut self.cluster_companions };
            buffer.reduce(&key);
        }
    }

    /// The resources of which some companions are reduced and not among those that exceed the limits.
    fn fitting_without(&self, out: &HashSet<CompanionKey>) -> Vec<WatchedResource> {
        if self.is_listing() {
            return Vec::new();
        }
        let fits_again = |(key, object): (&_, &Arc<WatchedCompanion>)| object.exceeds_limits && !out.contains(key);
        let buffers = [
            (WatchedResource::ClusterCompanions, &self.cluster_companions),
            (WatchedResource::Companions, &self.companions),
        ];
        buffers.into_iter().filter(|(_, b)| b.newest().iter().any(fits_again)).map(|(resource, _)| resource).collect()
    }

    fn is_listing(&self) -> bool {
        self.cluster_companions.is_open() || self.companions.is_open()
    }

    /// Whether companions that exceeded the limits fit again, so that they have to be listed. Only complete lists show that.
    pub(super) fn fits_again(&self) -> bool {
        !self.fitting.is_empty() && !self.is_listing()
    }

    /// Begins lists of the companions that fit again; returns their resources. They are not listed again before these
    /// lists have ended, so that a watch that fails keeps its back-off.
    pub(super) fn begin_lists(&mut self) -> Vec<WatchedResource> {
        let resources = std::mem::take(&mut self.fitting);
        for resource in &resources {
            self.buffer(*resource).begin();
        }
        resources
    }

    /// Applies an event of the watch of Namespaces; `None` is a failure.
    pub(super) fn namespace(&mut self, event: Option<Event<NamespaceMeta>>) {
        let buffer = &mut self.namespaces;
        match event {
            None | Some(Event::Init) => return buffer.discard(),
            Some(Event::InitApply(meta)) => {
                let (name, namespace) = namespace::read(&meta, buffer);
                return buffer.stage(name, namespace);
            }
            Some(Event::InitDone) => buffer.commit(),
            Some(Event::Apply(meta)) => {
                let (name, namespace) = namespace::read(&meta, buffer);
                if buffer.current().get(&name).is_some_and(|before| Arc::ptr_eq(before, &namespace)) {
                    return;
                }
                buffer.put(name, namespace);
            }
            Some(Event::Delete(meta)) => buffer.remove(&namespace::name(&meta)),
        }
        self.changed = true;
    }

    /// When the next state is due; `None` where nothing has changed, or not everything was listed once.
    pub(super) fn due(&self) -> Option<Instant> {
        let listed = self.cluster_companions.is_listed() && self.companions.is_listed() && self.namespaces.is_listed();
        let at = || self.published.map_or_else(Instant::now, |published| published + PAUSE);
        (listed && self.changed).then(at)
    }

    /// The next state.
    pub(super) fn publish(&mut self) -> ClusterState {
        self.limit();
        self.published = Some(Instant::now());
        self.changed = false;
        ClusterState {
            namespaces: self.namespaces.current().clone(),
            cluster_companions: self.cluster_companions.current().clone(),
            companions: self.companions.current().clone(),
        }
    }
}
