//! All companions and Namespaces of a cluster at one moment.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use kube::runtime::watcher::Event;
use tokio::time::Instant;

use super::buffer::ListBuffer;
use super::health::WatchedResource;
use super::namespace;
use super::namespace::NamespaceMeta;
use super::object::WatchedCompanion;
use super::raw::Raw;
use crate::inject::request::namespace::Namespace;
use crate::source::declarations::NamespacesByName;
use crate::source::key::CompanionKey;
use crate::source::limits::{MemoryLimits, exceeding};

/// The least time between two states, in which changes are collected: `kubectl apply` of a folder makes one or two.
const PAUSE: Duration = Duration::from_millis(50);

/// All companions and Namespaces of a cluster at one moment.
#[derive(Debug, Clone, Default)]
pub struct ClusterState {
    /// The companions.
    pub objects: BTreeMap<CompanionKey, Arc<WatchedCompanion>>,
    /// The Namespaces.
    pub namespaces: Arc<NamespacesByName>,
}

/// Makes states out of the events of the watches.
#[derive(Debug, Default)]
pub(super) struct StateBuilder {
    cluster_companions: ListBuffer<CompanionKey, Arc<WatchedCompanion>>,
    companions: ListBuffer<CompanionKey, Arc<WatchedCompanion>>,
    namespaces: ListBuffer<Box<str>, Arc<Namespace>>,
    /// The last state.
    published: Option<Published>,
    changed: bool,
    namespaces_changed: bool,
    limits: MemoryLimits,
    /// The weight, in bytes, of the companions that arrived since the limits were last applied.
    unchecked: usize,
    /// Whether some of the companions that exceeded the limits fit again.
    fits_again: bool,
}

#[derive(Debug)]
struct Published {
    at: Instant,
    namespaces: Arc<NamespacesByName>,
}

impl StateBuilder {
    /// Continues after a state that an earlier builder has published: its companions are earlier versions of those that
    /// are listed now.
    pub(super) fn after(last: Option<&ClusterState>, limits: MemoryLimits) -> Self {
        let Some(last) = last else { return StateBuilder { limits, ..StateBuilder::default() } };
        let objects = || last.objects.iter().map(|(key, object)| (key.clone(), Arc::clone(object)));
        let namespaces = last.namespaces.iter().map(|(name, namespace)| (name.clone(), Arc::clone(namespace)));
        StateBuilder {
            cluster_companions: ListBuffer::holding(objects().filter(|(key, _)| key.namespace.is_none())),
            companions: ListBuffer::holding(objects().filter(|(key, _)| key.namespace.is_some())),
            namespaces: ListBuffer::holding(namespaces),
            limits,
            ..StateBuilder::default()
        }
    }

    /// Applies an event of a watch of companions; `None` is a failure.
    pub(super) fn companion(&mut self, resource: WatchedResource, event: Option<Event<Raw>>) {
        let buffer =
            if resource == WatchedResource::Companions { &mut self.companions } else { &mut self.cluster_companions };
        match event {
            None | Some(Event::Init) => return buffer.discard(),
            Some(Event::InitApply(raw)) => {
                let key = WatchedCompanion::key(&raw);
                if let Some(object) = WatchedCompanion::new(raw, buffer.current().get(&key)) {
                    self.unchecked += object.weight.bytes;
                    buffer.stage(key, object);
                }
                return self.limit_if_needed();
            }
            Some(Event::InitDone) => buffer.commit(),
            Some(Event::Apply(raw)) => {
                let key = WatchedCompanion::key(&raw);
                match WatchedCompanion::new(raw, buffer.current().get(&key)) {
                    Some(object) => {
                        self.unchecked += object.weight.bytes;
                        buffer.put(key, object);
                    }
                    None => buffer.remove(&key),
                }
            }
            Some(Event::Delete(raw)) => buffer.remove(&WatchedCompanion::key(&raw)),
        }
        self.changed = true;
        self.limit_if_needed();
    }

    /// Applies the limits after a batch of companions: to do so for each one would compare it with all others.
    fn limit_if_needed(&mut self) {
        if self.unchecked > self.limits.namespace / 2 {
            self.limit();
        }
    }

    /// Reduces the companions that exceed the limits.
    fn limit(&mut self) {
        self.unchecked = 0;
        let companions = || self.cluster_companions.newest().iter().chain(self.companions.newest());
        let out = exceeding(companions().map(|(key, object)| (key, &object.weight)), self.limits);
        self.fits_again = companions().any(|(key, object)| object.exceeds_limits && !out.contains(key));
        let fresh: HashSet<_> = companions()
            .filter(|(key, object)| !object.exceeds_limits && out.contains(*key))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &fresh {
            tracing::warn!(companion = %key, "companion exceeds the memory limits and is not used; see its status");
        }
        let (namespaced, cluster_wide): (Vec<_>, Vec<_>) = fresh.into_iter().partition(|key| key.namespace.is_some());
        self.cluster_companions.replace(cluster_wide.into_iter(), |object| object.reduced());
        self.companions.replace(namespaced.into_iter(), |object| object.reduced());
    }

    /// Whether companions that exceeded the limits fit again, so that they have to be listed.
    pub(super) fn fits_again(&self) -> bool {
        self.fits_again
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
        (self.changed, self.namespaces_changed) = (true, true);
    }

    /// When the next state is due; `None` where nothing has changed, or not everything was listed once.
    pub(super) fn due(&self) -> Option<Instant> {
        let listed = self.cluster_companions.is_listed() && self.companions.is_listed() && self.namespaces.is_listed();
        let at = || self.published.as_ref().map_or_else(Instant::now, |published| published.at + PAUSE);
        (listed && self.changed).then(at)
    }

    /// The next state.
    pub(super) fn publish(&mut self) -> ClusterState {
        self.limit();
        let companions = self.cluster_companions.current().iter().chain(self.companions.current());
        let objects = companions.map(|(key, object)| (key.clone(), Arc::clone(object))).collect();
        let namespaces = match &self.published {
            Some(published) if !self.namespaces_changed => Arc::clone(&published.namespaces),
            _ => Arc::new(self.namespaces.current().clone()),
        };
        self.published = Some(Published { at: Instant::now(), namespaces: Arc::clone(&namespaces) });
        (self.changed, self.namespaces_changed) = (false, false);
        ClusterState { objects, namespaces }
    }
}
