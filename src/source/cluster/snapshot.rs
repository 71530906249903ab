//! All companions and Namespaces of a cluster at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kube::runtime::watcher::Event;
use tokio::time::Instant;

use super::NamespaceMeta;
use super::object::Object;
use super::pulse::Resource;
use super::raw::Raw;
use super::shelf::Shelf;
use crate::inject::namespace::Namespace;
use crate::source::key::Key;
use crate::source::known::ByName;

/// How long changes are collected after a snapshot: `kubectl apply` of a folder is one change, or two.
const PAUSE: Duration = Duration::from_millis(50);

/// All companions and Namespaces of a cluster at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The companions.
    pub objects: BTreeMap<Key, Arc<Object>>,
    /// The Namespaces.
    pub namespaces: Arc<ByName>,
}

/// What was gathered of the cluster so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    cluster_companions: Shelf<Key, Arc<Object>>,
    companions: Shelf<Key, Arc<Object>>,
    namespaces: Shelf<Box<str>, Arc<Namespace>>,
    /// Those of the last snapshot.
    published: Option<Published>,
    changed: bool,
    namespaces_changed: bool,
}

#[derive(Debug)]
struct Published {
    at: Instant,
    namespaces: Arc<ByName>,
}

impl Gathered {
    /// Takes news of a companion; `None` is a failure.
    pub(super) fn companion(&mut self, resource: Resource, event: Option<Event<Raw>>) {
        let shelf = if resource == Resource::Companions { &mut self.companions } else { &mut self.cluster_companions };
        match event {
            None | Some(Event::Init) => return shelf.abandon(),
            Some(Event::InitApply(raw)) => {
                let key = Object::key(&raw);
                if let Some(object) = Object::new(raw, shelf.stands().get(&key)) {
                    shelf.bring(key, object);
                }
                return;
            }
            Some(Event::InitDone) => shelf.settle(),
            Some(Event::Apply(raw)) => {
                let key = Object::key(&raw);
                match Object::new(raw, shelf.stands().get(&key)) {
                    Some(object) => shelf.put(key, object),
                    None => shelf.remove(&key),
                }
            }
            Some(Event::Delete(raw)) => shelf.remove(&Object::key(&raw)),
        }
        self.changed = true;
    }

    /// Takes news of a Namespace; `None` is a failure.
    pub(super) fn namespace(&mut self, event: Option<Event<NamespaceMeta>>) {
        let shelf = &mut self.namespaces;
        match event {
            None | Some(Event::Init) => return shelf.abandon(),
            Some(Event::InitApply(meta)) => {
                let (name, namespace) = read(&meta, shelf);
                return shelf.bring(name, namespace);
            }
            Some(Event::InitDone) => shelf.settle(),
            Some(Event::Apply(meta)) => {
                let (name, namespace) = read(&meta, shelf);
                if shelf.stands().get(&name).is_some_and(|before| Arc::ptr_eq(before, &namespace)) {
                    return;
                }
                shelf.put(name, namespace);
            }
            Some(Event::Delete(meta)) => shelf.remove(&name(&meta)),
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
    pub(super) fn publish(&mut self) -> Snapshot {
        let companions = self.cluster_companions.stands().iter().chain(self.companions.stands());
        let objects = companions.map(|(key, object)| (key.clone(), Arc::clone(object))).collect();
        let namespaces = match &self.published {
            Some(published) if !self.namespaces_changed => Arc::clone(&published.namespaces),
            _ => Arc::new(self.namespaces.stands().clone()),
        };
        self.published = Some(Published { at: Instant::now(), namespaces: Arc::clone(&namespaces) });
        (self.changed, self.namespaces_changed) = (false, false);
        Snapshot { objects, namespaces }
    }
}

fn name(meta: &NamespaceMeta) -> Box<str> {
    meta.metadata.name.as_deref().unwrap_or_default().into()
}

/// What concerns us of a Namespace; the same as before where nothing of that changed.
fn read(meta: &NamespaceMeta, shelf: &Shelf<Box<str>, Arc<Namespace>>) -> (Box<str>, Arc<Namespace>) {
    let name = name(meta);
    let labels = meta.metadata.labels.iter().flatten().map(|(k, v)| (&**k, &**v));
    let annotations = meta.metadata.annotations.iter().flatten().map(|(k, v)| (&**k, &**v));
    let namespace = Namespace::new(&name, labels, annotations);
    let same = shelf.stands().get(&name).filter(|before| ***before == namespace);
    let namespace = same.map_or_else(|| Arc::new(namespace), Arc::clone);
    (name, namespace)
}
