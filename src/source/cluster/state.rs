//! All companions and Namespaces of a cluster at one moment.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use kube::runtime::watcher::Event;
use tokio::time::Instant;

use super::NamespaceMeta;
use super::buffer::ListBuffer;
use super::health::WatchedResource;
use super::object::WatchedCompanion;
use super::raw::Raw;
use crate::inject::request::namespace::Namespace;
use crate::source::effective::ByName;
use crate::source::key::CompanionKey;
use crate::source::limits::{MemoryLimits, beyond};

/// How long changes are collected after a snapshot: `kubectl apply` of a folder is one change, or two.
const PAUSE: Duration = Duration::from_millis(50);

/// All companions and Namespaces of a cluster at one moment.
#[derive(Debug, Clone, Default)]
pub struct ClusterState {
    /// The companions.
    pub objects: BTreeMap<CompanionKey, Arc<WatchedCompanion>>,
    /// The Namespaces.
    pub namespaces: Arc<ByName>,
}

/// What was gathered of the cluster so far.
#[derive(Debug, Default)]
pub(super) struct StateBuilder {
    cluster_companions: ListBuffer<CompanionKey, Arc<WatchedCompanion>>,
    companions: ListBuffer<CompanionKey, Arc<WatchedCompanion>>,
    namespaces: ListBuffer<Box<str>, Arc<Namespace>>,
    /// Those of the last snapshot.
    published: Option<Published>,
    changed: bool,
    namespaces_changed: bool,
    limits: MemoryLimits,
    /// Bytes of companions that came since the limits were last looked at.
    unlimited: usize,
    /// Whether some of those of which nothing was kept fit again.
    fits_again: bool,
}

#[derive(Debug)]
struct Published {
    at: Instant,
    namespaces: Arc<ByName>,
}

impl StateBuilder {
    /// Goes on after a snapshot that somebody else made: what it holds is the last good version of what is listed.
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

    /// Takes news of a companion; `None` is a failure.
    pub(super) fn companion(&mut self, resource: WatchedResource, event: Option<Event<Raw>>) {
        let those =
            if resource == WatchedResource::Companions { &mut self.companions } else { &mut self.cluster_companions };
        match event {
            None | Some(Event::Init) => return those.discard(),
            Some(Event::InitApply(raw)) => {
                let key = WatchedCompanion::key(&raw);
                if let Some(object) = WatchedCompanion::new(raw, those.current().get(&key)) {
                    self.unlimited += object.weight.bytes;
                    those.stage(key, object);
                }
                return self.limit_often();
            }
            Some(Event::InitDone) => those.commit(),
            Some(Event::Apply(raw)) => {
                let key = WatchedCompanion::key(&raw);
                match WatchedCompanion::new(raw, those.current().get(&key)) {
                    Some(object) => {
                        self.unlimited += object.weight.bytes;
                        those.put(key, object);
                    }
                    None => those.remove(&key),
                }
            }
            Some(Event::Delete(raw)) => those.remove(&WatchedCompanion::key(&raw)),
        }
        self.changed = true;
        self.limit_often();
    }

    /// Keeps what has come within the limits, but does not look at all companions for each of them.
    fn limit_often(&mut self) {
        if self.unlimited > self.limits.namespace / 2 {
            self.limit();
        }
    }

    /// Lets go of the companions that are beyond the limits.
    fn limit(&mut self) {
        self.unlimited = 0;
        let companions = || self.cluster_companions.newest().iter().chain(self.companions.newest());
        let out = beyond(companions().map(|(key, object)| (key, &object.weight)), self.limits);
        self.fits_again = companions().any(|(key, object)| object.is_beyond && !out.contains(key));
        let fresh: HashSet<_> = companions()
            .filter(|(key, object)| !object.is_beyond && out.contains(*key))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &fresh {
            tracing::warn!(companion = %key, "not used, for there are too many companions; its status says so");
        }
        let (namespaced, cluster_wide): (Vec<_>, Vec<_>) = fresh.into_iter().partition(|key| key.namespace.is_some());
        self.cluster_companions.replace(cluster_wide.into_iter(), |object| object.beyond());
        self.companions.replace(namespaced.into_iter(), |object| object.beyond());
    }

    /// Whether companions of which nothing was kept fit again, so that they are to be listed.
    pub(super) fn fits_again(&self) -> bool {
        self.fits_again
    }

    /// Takes news of a Namespace; `None` is a failure.
    pub(super) fn namespace(&mut self, event: Option<Event<NamespaceMeta>>) {
        let those = &mut self.namespaces;
        match event {
            None | Some(Event::Init) => return those.discard(),
            Some(Event::InitApply(meta)) => {
                let (name, namespace) = read(&meta, those);
                return those.stage(name, namespace);
            }
            Some(Event::InitDone) => those.commit(),
            Some(Event::Apply(meta)) => {
                let (name, namespace) = read(&meta, those);
                if those.current().get(&name).is_some_and(|before| Arc::ptr_eq(before, &namespace)) {
                    return;
                }
                those.put(name, namespace);
            }
            Some(Event::Delete(meta)) => those.remove(&name(&meta)),
        }
        (self.changed, self.namespaces_changed) = (true, true);
    }

    /// When the next snapshot is to be made; `None` where there is no news, or not all was listed once.
    pub(super) fn due(&self) -> Option<Instant> {
        let listed = self.cluster_companions.is_listed() && self.companions.is_listed() && self.namespaces.is_listed();
        let at = || self.published.as_ref().map_or_else(Instant::now, |published| published.at + PAUSE);
        (listed && self.changed).then(at)
    }

    /// The next snapshot.
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

fn name(meta: &NamespaceMeta) -> Box<str> {
    meta.metadata.name.as_deref().unwrap_or_default().into()
}

/// What concerns us of a Namespace; the same as before where nothing of that changed.
fn read(meta: &NamespaceMeta, buffer: &ListBuffer<Box<str>, Arc<Namespace>>) -> (Box<str>, Arc<Namespace>) {
    let name = name(meta);
    let labels = meta.metadata.labels.iter().flatten().map(|(k, v)| (&**k, &**v));
    let annotations = meta.metadata.annotations.iter().flatten().map(|(k, v)| (&**k, &**v));
    let namespace = Namespace::new(&name, labels, annotations);
    let same = buffer.current().get(&name).filter(|before| ***before == namespace);
    let namespace = same.map_or_else(|| Arc::new(namespace), Arc::clone);
    (name, namespace)
}
